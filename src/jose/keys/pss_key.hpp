// Inside the library only: RSA keys that are for RSASSA-PSS alone (id-RSASSA-PSS, RFC 4055 section 1.2).
#pragma once

#include <optional>

#include "jose/crypto/openssl.hpp"
#include "jose/jws/algorithm.hpp"

namespace jwt_auth::jose {

// What such a key is for: PS256, PS384 and PS512, or the one of the hash that it is restricted to (none if JWS has no such
// algorithm). Nothing for every other kind of key.
std::optional<AlgorithmSet> PssAlgorithms(EVP_PKEY *key);

}  // namespace jwt_auth::jose
