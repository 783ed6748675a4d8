#include "pg/session/user_argument.hpp"

namespace jwt_auth::pg {

UserRef user_ref(std::string_view issuer, std::string_view user_id) {
  const session::UserKey key =
      value_or_raise([&]() -> Result<session::UserKey> { return session::UserKeyOf(issuer, user_id); });
  return {key, issuer, user_id};
}

UserRef user_argument(FunctionCallInfo fcinfo, int index) {
  const std::string_view user_id = required_bytes(fcinfo, index, "user_id");
  if (user_id.empty() || user_id.size() > kMaxUserId)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("user_id must have 1 to %zu bytes", kMaxUserId)));
  return user_ref({}, user_id);
}

void check_object(Jsonb *value, const char *name) {
  if (!JB_ROOT_IS_OBJECT(value))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be a JSON object", name)));
}

}  // namespace jwt_auth::pg
