// The Authorization header (RFC 9110 section 11.6.2, RFC 6750 section 2.1).
#pragma once

#include <optional>
#include <string_view>

#include "jose/result.hpp"

namespace jwt_auth::session {

// The token of "Bearer <token>" (the scheme in any case), as a view into the header. None for an empty header and for other
// schemes, which other software handles. kMalformed for a Bearer without exactly one token of its alphabet.
Result<std::optional<std::string_view>> BearerToken(std::string_view authorization);

}  // namespace jwt_auth::session
