// A set of somebody else's public keys.
#pragma once

#include <string_view>

#include "jose/result.hpp"

namespace jwt_auth::jose {

// Checks a JWK set (RFC 7517 section 5) that was given to verify signatures with: kUnusableKey unless it is one, holds at least
// one key that can, and no private or symmetric key, however malformed: whoever hands that over has published a secret.
Result<void> CheckPublicJwks(std::string_view text);

}  // namespace jwt_auth::jose
