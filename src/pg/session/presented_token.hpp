// A refresh token that a client presents: one of ours, or one of another system that was imported.
#pragma once

#include <optional>

#include "pg/support/postgres.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::pg {

// Plain data.
struct PresentedToken {
  std::string_view text;
  bool is_imported;  // the text is another system's, and stands for the first token of its session
  session::RefreshTokenHashes hashes;
};

// None if the text is neither. Reads jwt_auth.imported_token, with the latest snapshot, where the text has not the form of
// ours.
std::optional<PresentedToken> presented_token(std::string_view text);
// For C++ phases.
Result<session::RefreshToken> TokenOf(const PresentedToken &presented);

}  // namespace jwt_auth::pg
