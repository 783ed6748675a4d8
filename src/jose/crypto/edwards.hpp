// Inside the library only: what OpenSSL does not check about an Edwards public key.
#pragma once

#include <string_view>

#include "jose/keys/jwk.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// Whether `encoded` (RFC 8032 sections 5.1.2 and 5.2.2) is the canonical encoding of a point of the curve (kEd25519 or
// kEd448) whose order is not a divisor of the cofactor. With a point of small order one signature fits many messages.
Result<void> CheckEdwardsPoint(Curve curve, std::string_view encoded);

}  // namespace jwt_auth::jose
