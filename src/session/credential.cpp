#include "session/credential.hpp"

#include "session/api_key.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::session {

Error NameCredential(std::string_view text, const Error &refusal) noexcept {
  if (refusal.code != ErrorCode::kMalformed) return refusal;
  if (text.substr(0, kRefreshTokenPrefix.size()) == kRefreshTokenPrefix) {
    return {ErrorCode::kMalformed, "a refresh token where an access token is expected",
            "Give it to jwt_auth.refresh_session(), which answers an access token."};
  }
  if (LooksLikeApiKey(text)) {
    return {ErrorCode::kMalformed, "an API key where an access token is expected",
            "Give it to jwt_auth.authenticate(), or to jwt_auth.exchange_api_key(), which answers an access token."};
  }
  return refusal;
}

}  // namespace jwt_auth::session
