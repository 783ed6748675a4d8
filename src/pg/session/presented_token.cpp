#include "pg/session/presented_token.hpp"

#include "pg/store/imported_token.hpp"
#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

std::optional<PresentedToken> presented_token(std::string_view text) {
  const auto ours = value_or_raise([&]() -> Result<std::optional<session::RefreshTokenHashes>> {
    const auto token = session::RefreshToken::Decode(text);
    if (!token) return std::optional<session::RefreshTokenHashes>();
    return std::optional(token->Hashes());
  });
  if (ours) return PresentedToken{text, false, *ours};
  const std::optional<session::SessionId> imported = find_imported_session(text);
  if (!imported) return std::nullopt;
  const session::SessionId id = *imported;
  const auto hashes = value_or_raise(
      [&]() -> Result<session::RefreshTokenHashes> { return session::RefreshToken::Imported(id, text).Hashes(); });
  return PresentedToken{text, true, hashes};
}

Result<session::RefreshToken> TokenOf(const PresentedToken &presented) {
  if (presented.is_imported) return session::RefreshToken::Imported(presented.hashes.session_id, presented.text);
  return session::RefreshToken::Decode(presented.text);
}

}  // namespace jwt_auth::pg
