// Whose token a text is, for whoever routes it: nothing is verified.
#pragma once

#include <optional>
#include <string_view>

#include "session/session_id.hpp"

namespace jwt_auth::session {

// The user key in a refresh token, an API key, or a signed token: of the session that its `sid` names, else of its `sub` as a
// user of ours. None for any other text and for a token that names nobody.
std::optional<UserKey> ClaimedOwner(std::string_view token);

}  // namespace jwt_auth::session
