// Where a user's rows are, for whoever spreads users over servers: user_key, token_user_key.
#include "pg/session/user_argument.hpp"
#include "pg/support/settings.hpp"
#include "session/token_owner.hpp"

namespace jwt_auth::pg {

namespace {

Datum token_user_key(FunctionCallInfo fcinfo) {
  if (token_is_too_large(fcinfo, 0)) PG_RETURN_NULL();
  const std::string_view token = required_token(fcinfo, 0);
  const auto owner = value_or_raise([&]() -> Result<std::optional<session::UserKey>> { return session::ClaimedOwner(token); });
  if (!owner) PG_RETURN_NULL();
  return Int32GetDatum(*owner);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_user_key) { return Int32GetDatum(jwt_auth::pg::any_user_argument(fcinfo, 0).user_key); }
JWT_AUTH_FUNCTION(jwt_auth_token_user_key) { return jwt_auth::pg::token_user_key(fcinfo); }
