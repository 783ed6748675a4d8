// Names for tokens: the `jti` claim (RFC 7519 section 4.1.7).
#pragma once

#include <string>

namespace jwt_auth::jose {

// 128 random bits in base64url, 22 characters. They name and are no secret, so they are drawn many at a time: asking the
// generator for each costs as much as signing. A process must not fork between two calls.
std::string FreshTokenId();

}  // namespace jwt_auth::jose
