#include "pg/session/typed_user_id.hpp"

extern "C" {
#include <catalog/pg_proc.h>
}

namespace jwt_auth::pg {

namespace {

Oid declared_type(FunctionCallInfo fcinfo, int index) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
  const Oid type = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proargtypes.values[index];
  ReleaseSysCache(tuple);
  return type;
}

}  // namespace

UserRef typed_user_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) raise_null_argument("user_id");
  const char *text;
  switch (declared_type(fcinfo, index)) {
    case UUIDOID:
      text = DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(index)));
      break;
    case INT8OID:
      text = DatumGetCString(DirectFunctionCall1(int8out, PG_GETARG_DATUM(index)));
      break;
    default:
      return user_argument(fcinfo, index);
  }
  return user_ref({}, {text, std::strlen(text)});
}

}  // namespace jwt_auth::pg
