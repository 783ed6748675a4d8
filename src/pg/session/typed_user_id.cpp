#include "pg/session/typed_user_id.hpp"

#include "pg/store/own_users.hpp"

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

// The id of a value that is not text; null for one that is.
const char *id_of_other_type(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) raise_null_argument("user_id");
  switch (declared_type(fcinfo, index)) {
    case UUIDOID:
      return DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(index)));
    case INT8OID:
      return DatumGetCString(DirectFunctionCall1(int8out, PG_GETARG_DATUM(index)));
    default:
      return nullptr;
  }
}

}  // namespace

UserRef typed_user_argument(FunctionCallInfo fcinfo, int index) {
  const char *text = id_of_other_type(fcinfo, index);
  if (text == nullptr) return user_argument(fcinfo, index);
  const UserRef user = user_ref({}, {text, std::strlen(text)});
  require_own_user_key(user.user_key);
  return user;
}

UserRef any_user_argument(FunctionCallInfo fcinfo, int index) {
  const char *text = id_of_other_type(fcinfo, index);
  if (text != nullptr) return user_ref({}, {text, std::strlen(text)});
  const std::string_view given = user_id_argument(fcinfo, index);
  const std::string_view user_id = session::WithoutPadding(given);
  return user_ref({}, user_id.empty() ? given : user_id);
}

}  // namespace jwt_auth::pg
