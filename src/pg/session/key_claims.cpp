#include "pg/session/key_claims.hpp"

#include "jose/json/json.hpp"
#include "jose/jwt/token_id.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

void AddText(const char *name, std::string_view value, std::string &json) {
  json += json.size() > 1 ? ",\"" : "\"";
  json.append(name).append("\":");
  jose::AppendJsonString(value, json);
}

void AddNumber(const char *name, std::int64_t value, std::string &json) {
  json += json.size() > 1 ? ",\"" : "\"";
  json.append(name).append("\":").append(std::to_string(value));
}

// Without the closing brace, for a token says more.
std::string CommonClaims(const KeyClaims &claims) {
  std::string json = "{";
  json.reserve(384 + claims.members.size());
  if (*settings::issuer != '\0') AddText("iss", settings::issuer, json);
  AddText("sub", claims.user_id, json);
  if (*settings::audience != '\0') AddText("aud", settings::audience, json);
  AddText("key_id", session::FormatSessionId(SessionIdOf(claims.key_id)), json);
  if (claims.scope.present) AddText("scope", claims.scope.text, json);
  return json;
}

std::string Finished(std::string json, std::string_view members) {
  if (!members.empty()) json.append(",").append(members);
  json += '}';
  return json;
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
    std::string json = CommonClaims(claims);
    if (claims.expires_at != session::kNever) AddNumber("exp", session::WholeSeconds(claims.expires_at), json);
    AddNumber("iat", session::WholeSeconds(claims.issued_at), json);
    return CopyOut(Finished(std::move(json), claims.members));
  });
  return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
}

Result<AccessToken> MintKeyToken(const KeyClaims &claims, session::Micros now) {
  const std::int64_t expires_at = session::AccessExpiry(now, claims.expires_at, settings::Lifetimes());
  std::string json = CommonClaims(claims);
  AddNumber("exp", expires_at, json);
  AddNumber("iat", session::WholeSeconds(now), json);
  AddText("jti", jose::FreshTokenId(), json);
  auto token = SignWithRing(Finished(std::move(json), claims.members), AccessTokenType());
  if (!token) return token.error();
  if (token->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
  auto copy = CopyOutVarlena(*token);
  if (!copy) return copy.error();
  return AccessToken{*copy, expires_at};
}

}  // namespace jwt_auth::pg
