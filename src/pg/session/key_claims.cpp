#include "pg/session/key_claims.hpp"

#include "jose/json/json.hpp"
#include "jose/jwt/token_id.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

void AddCommonClaims(const KeyClaims &claims, ClaimsWriter &writer) {
  if (*settings::issuer != '\0') writer.Add("iss", settings::issuer);
  writer.Add("sub", claims.user_id);
  if (*settings::audience != '\0') writer.Add("aud", settings::audience);
  writer.Add("key_id", session::FormatSessionId(SessionIdOf(claims.key_id)));
  if (claims.scope.present) writer.Add("scope", claims.scope.text);
}

}  // namespace

KeyClaims key_claims(const ApiKeyRow &row) {
  KeyClaims claims{};
  claims.user_id = row.user_id;
  claims.key_id = row.id;
  claims.scope = row.scope;
  if (row.has_claims) claims.members = claim_members(DatumGetJsonbP(row.claims)).view();
  claims.issued_at = row.state.created_at;
  claims.expires_at = row.state.expires_at;
  return claims;
}

Datum claims_of_key(const ApiKeyRow &row) {
  const KeyClaims claims = key_claims(row);
  const Bytes text = value_or_raise([&]() -> Result<Bytes> {
    const auto names = settings::CheckNames();
    if (!names) return names.error();
    ClaimsWriter writer;
    AddCommonClaims(claims, writer);
    if (claims.expires_at != session::kNever) writer.Add("exp", session::WholeSeconds(claims.expires_at));
    writer.Add("iat", session::WholeSeconds(claims.issued_at));
    return CopyOut(writer.Finish(claims.members));
  });
  return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
}

Result<AccessToken> MintKeyToken(const KeyClaims &claims, session::Micros now) {
  const std::int64_t expires_at = session::AccessExpiry(now, claims.expires_at, settings::Lifetimes());
  ClaimsWriter writer;
  AddCommonClaims(claims, writer);
  writer.Add("exp", expires_at);
  writer.Add("iat", session::WholeSeconds(now));
  writer.Add("iat_us", now % jose::kMicrosPerSecond);
  writer.Add("jti", jose::FreshTokenId());
  auto token = SignWithRing(writer.Finish(claims.members), AccessTokenType());
  if (!token) return token.error();
  if (token->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
  auto copy = CopyOutVarlena(*token);
  if (!copy) return copy.error();
  return AccessToken{*copy, expires_at};
}

}  // namespace jwt_auth::pg
