#include "pg/session/user_argument.hpp"

#include "pg/store/own_users.hpp"

extern "C" {
#include <catalog/pg_collation.h>
#include <catalog/pg_proc.h>
#include <parser/parse_coerce.h>
}

namespace jwt_auth::pg {

namespace {

// Calls a cast function: of the value, and where it takes them the type modifier and that the cast is explicit.
OptionalText call_cast(Oid function, Datum value) {
  FmgrInfo info;
  fmgr_info(function, &info);
  LOCAL_FCINFO(fcinfo, 3);
  InitFunctionCallInfoData(*fcinfo, &info, info.fn_nargs, DEFAULT_COLLATION_OID, nullptr, nullptr);
  fcinfo->args[0] = {value, false};
  fcinfo->args[1] = {Int32GetDatum(-1), false};
  fcinfo->args[2] = {BoolGetDatum(true), false};
  const Datum result = FunctionCallInvoke(fcinfo);
  if (fcinfo->isnull) return {false, {}};
  return {true, view_of(PG_DETOAST_DATUM_PACKED(result))};
}

// The type that the function declares for an argument: its overloads for text, uuid and bigint are one C function.
Oid declared_type(FunctionCallInfo fcinfo, int index) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
  const Oid type = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proargtypes.values[index];
  ReleaseSysCache(tuple);
  return type;
}

// An id that is not text, as its text; null for one that is text.
const char *printed_id(FunctionCallInfo fcinfo, int index) {
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

std::string_view user_id_argument(FunctionCallInfo fcinfo, int index) {
  const char *printed = printed_id(fcinfo, index);
  if (printed != nullptr) return {printed, std::strlen(printed)};
  const std::string_view user_id = required_bytes(fcinfo, index, "user_id");
  if (user_id.empty() || user_id.size() > kMaxUserId)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("user_id must have 1 to %zu bytes", kMaxUserId)));
  return user_id;
}

UserRef user_ref(std::string_view issuer, std::string_view user_id) {
  const session::UserKey key =
      value_or_raise([&]() -> Result<session::UserKey> { return session::UserKeyOf(issuer, user_id); });
  return {key, issuer, user_id};
}

UserRef acting_user_argument(FunctionCallInfo fcinfo, int index) {
  const std::string_view user_id = user_id_argument(fcinfo, index);
  if (session::WithoutPadding(user_id).size() != user_id.size())
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("user_id must not end with a blank"),
                    errhint("The value of a char(n) column is padded with blanks: pass the column itself, its cast to text, or "
                            "rtrim() of it.")));
  return user_ref({}, user_id);
}

UserRef any_user_argument(FunctionCallInfo fcinfo, int index) {
  const std::string_view given = user_id_argument(fcinfo, index);
  const std::string_view user_id = session::WithoutPadding(given);
  return user_ref({}, user_id.empty() ? given : user_id);
}

UserRef user_argument(FunctionCallInfo fcinfo, int index) {
  const UserRef user = acting_user_argument(fcinfo, index);
  require_own_user_key(user.user_key);
  return user;
}

Spellings spellings_argument(FunctionCallInfo fcinfo, int index) {
  const std::string_view given = user_id_argument(fcinfo, index);
  const std::string_view user_id = session::WithoutPadding(given);
  const bool is_padded = !user_id.empty() && user_id.size() < given.size();
  const Spellings spellings =
      is_padded ? Spellings{user_ref({}, user_id), true, user_ref({}, given)} : Spellings{user_ref({}, given), false, {}};
  require_own_or_acting_user(spellings.user);
  return spellings;
}

OptionalText id_column_as_text(HeapTuple row, TupleDesc columns, int number) {
  bool is_null;
  const Datum value = SPI_getbinval(row, columns, number, &is_null);
  if (is_null) return {false, {}};
  Oid function = InvalidOid;
  const CoercionPathType path = find_coercion_pathway(TEXTOID, SPI_gettypeid(columns, number), COERCION_EXPLICIT, &function);
  if (path == COERCION_PATH_FUNC) return call_cast(function, value);
  const char *text = SPI_getvalue(row, columns, number);
  return {true, {text, std::strlen(text)}};
}

}  // namespace jwt_auth::pg
