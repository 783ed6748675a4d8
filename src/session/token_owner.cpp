#include "session/token_owner.hpp"

#include "jose/jwt/jwt.hpp"
#include "session/api_key.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::session {

namespace {

std::optional<UserKey> OwnerOfClaims(const jose::JsonValue &claims) {
  const auto sub = claims.FindText("sub");
  if (!sub) return std::nullopt;
  const std::string_view user_id = WithoutPadding(*sub);
  if (user_id.empty()) return std::nullopt;
  // Version 1 kept the sessions of an id with trailing blanks apart, by a key of its own. Elsewhere sid says nothing that sub
  // does not, and another issuer may mean something else by it.
  const auto sid = claims.FindText("sid");
  SessionId id;
  if (user_id.size() < sub->size() && sid && ParseSessionId(*sid, id)) return UserKeyIn(id);
  return UserKeyOf({}, user_id);
}

}  // namespace

std::optional<UserKey> ClaimedOwner(std::string_view token) {
  if (token.substr(0, kRefreshTokenPrefix.size()) == kRefreshTokenPrefix) {
    const auto refresh_token = RefreshToken::Decode(token);
    return refresh_token ? std::optional(UserKeyIn(refresh_token->session_id())) : std::nullopt;
  }
  if (LooksLikeApiKey(token)) {
    const auto api_key = ApiKey::Decode(token);
    return api_key ? std::optional(UserKeyIn(api_key->id())) : std::nullopt;
  }
  auto parsed = jose::UnverifiedJwt::Parse(token);
  if (!parsed) return std::nullopt;
  const auto claims = parsed->UnverifiedClaims();
  return claims ? OwnerOfClaims(*claims) : std::nullopt;
}

}  // namespace jwt_auth::session
