// Tokens signed and verified with the keyring: jwt_sign(claims), jwt_verify(token).
#include "jose/json/json_writer.hpp"
#include "jose/jwt/token_id.hpp"
#include "pg/identity/token_cache.hpp"
#include "pg/identity/token_check.hpp"
#include "pg/identity/verified_claims.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/prepare_to_sign.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

// When the token will run out. The claims have been checked: an exp that is there is a number in range.
jose::Micros end_of(Jsonb *claims, jose::Micros now) {
  const JsonbValue *exp = find_member(claims, "exp");
  if (exp == nullptr) return now + settings::access_token_ttl * jose::kMicrosPerSecond;
  const char *literal = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(exp->val.numeric)));
  return jose::ParseNumericDate(literal).value_or(now);
}

// Which of the claims that jwt_sign(claims) fills in are there already.
struct Present {
  bool iat, iat_us, exp, iss, aud, jti;
};

std::string CompletedClaims(std::string_view claims, const Present &present, jose::Micros now) {
  const std::int64_t iat = now / jose::kMicrosPerSecond;
  std::string text;
  text.reserve(claims.size() + 256);
  text.append(claims.substr(0, claims.size() - 1));
  jose::JsonWriter writer(text);
  if (!present.iss && *settings::issuer != '\0') writer.Add("iss", settings::issuer);
  if (!present.aud && *settings::audience != '\0') writer.Add("aud", settings::audience);
  if (!present.iat) writer.Add("iat", iat);
  if (!present.iat && !present.iat_us) writer.Add("iat_us", now % jose::kMicrosPerSecond);
  if (!present.exp) writer.Add("exp", iat + settings::access_token_ttl);
  if (!present.jti) writer.Add("jti", jose::FreshTokenId());
  writer.EndObject();
  return text;
}

Datum sign_ring(FunctionCallInfo fcinfo) {
  Jsonb *claims = required_jsonb(fcinfo, 0, "claims");
  const Bytes text = claims_text_of(claims);
  const Present present{has_member(claims, "iat"), has_member(claims, "iat_us"), has_member(claims, "exp"),
                        has_member(claims, "iss"), has_member(claims, "aud"),    has_member(claims, "jti")};
  jose::Micros now = now_micros();
  while (records_before_signing(end_of(claims, now), now)) now = now_micros();
  return value_or_raise([&]() -> Result<Datum> {
    auto token = SignWithRing(CompletedClaims(text.view(), present, now), jose::kAnyTokenType);
    if (!token) return token.error();
    if (token->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
    return CopyOutVarlena(*token);
  });
}

Datum verify_ring(FunctionCallInfo fcinfo) {
  const auto outcome = check_token(required_token(fcinfo, 0), AccessTokenExpected());
  if (!outcome.ok) raise_error(outcome.error);
  return claims_datum(outcome.value);
}

// jwt_verify(token) that answers a row. What is not the token's fault is raised: no key, no table.
Datum try_verify_ring(FunctionCallInfo fcinfo) {
  if (token_is_too_large(fcinfo, 0)) return refusal_row(fcinfo, kTokenTooLarge);
  const auto outcome = check_token(required_token(fcinfo, 0), AccessTokenExpected());
  if (outcome.ok) return acceptance_row(fcinfo, claims_datum(outcome.value));
  if (!IsTokenRefusal(outcome.error.code)) raise_error(outcome.error);
  return refusal_row(fcinfo, outcome.error);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_sign_ring) { return jwt_auth::pg::sign_ring(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_verify_ring) { return jwt_auth::pg::verify_ring(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_try_verify_ring) { return jwt_auth::pg::try_verify_ring(fcinfo); }
