// issue_token and verify_token: tokens that are good for one purpose only. consume_token is beside deny_token.
#include "jose/json/json.hpp"
#include "jose/jwt/token_id.hpp"
#include "pg/identity/purpose.hpp"
#include "pg/identity/token_check.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/prepare_to_sign.hpp"
#include "pg/session/access_token.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

struct PurposeToken {
  std::string_view purpose;
  std::string_view user_id;
  std::string_view claim_members;
  jose::Micros now, lifetime;
};

std::string ClaimsOf(const PurposeToken &token) {
  const std::int64_t iat = token.now / jose::kMicrosPerSecond;
  ClaimsWriter claims;
  if (*settings::issuer != '\0') claims.Add("iss", settings::issuer);
  claims.Add("sub", token.user_id);
  if (*settings::audience != '\0') claims.Add("aud", settings::audience);
  claims.Add("exp", iat + token.lifetime / jose::kMicrosPerSecond);
  claims.Add("iat", iat);
  claims.Add("iat_us", token.now % jose::kMicrosPerSecond);
  claims.Add("jti", jose::FreshTokenId());
  return claims.Finish(token.claim_members);
}

Datum issue_token(FunctionCallInfo fcinfo) {
  refuse_restricted_operation();
  const jose::ExpectedType purpose = purpose_argument(fcinfo, 0);
  const UserRef user = user_argument(fcinfo, 1);
  if (PG_ARGISNULL(2)) raise_null_argument("lifetime");
  const jose::Micros lifetime = micros_argument(fcinfo, 2, "lifetime");
  if (lifetime < jose::kMicrosPerSecond)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("lifetime must be at least one second")));
  std::string_view members;
  if (!PG_ARGISNULL(3)) {
    check_session_claims(PG_GETARG_JSONB_P(3));
    members = claim_members(PG_GETARG_JSONB_P(3)).view();
  }
  jose::Micros now = now_micros();
  while (records_before_signing(now + lifetime, now)) now = now_micros();
  const PurposeToken token{purpose.name, user.user_id, members, now, lifetime};
  return value_or_raise([&]() -> Result<Datum> {
    auto text = SignWithRing(ClaimsOf(token), jose::TypeOfPurpose(token.purpose));
    if (!text) return text.error();
    if (text->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
    return CopyOutVarlena(*text);
  });
}

Datum verify_token(FunctionCallInfo fcinfo) {
  const jose::ExpectedType purpose = purpose_argument(fcinfo, 1);
  const auto outcome = check_token(required_token(fcinfo, 0), purpose);
  if (!outcome.ok) raise_error(outcome.error);
  return jsonb_from(outcome.value.claims);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_issue_token) { return jwt_auth::pg::issue_token(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_verify_token) { return jwt_auth::pg::verify_token(fcinfo); }
