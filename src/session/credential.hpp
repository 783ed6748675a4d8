// The credentials of this extension that are not tokens, told apart by their prefixes.
#pragma once

#include <string_view>

#include "jose/result.hpp"

namespace jwt_auth::session {

// `refusal`, why a text is not a token; or what the text is instead, where it is a refresh token or an API key.
Error NameCredential(std::string_view text, const Error &refusal) noexcept;

}  // namespace jwt_auth::session
