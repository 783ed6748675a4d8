// Inside the library only: key agreement (RFC 7518 section 4.6, RFC 8037 section 3.2).
#pragma once

#include <openssl/evp.h>

#include <optional>
#include <string>
#include <string_view>

#include "jose/crypto/openssl.hpp"
#include "jose/crypto/secret.hpp"
#include "jose/json/json.hpp"
#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {

// A fresh key pair of the curve.
OpenSslPtr<EVP_PKEY> GenerateEphemeralKey(Curve curve);

// The public key that an `epk` holds. None unless it is a public key of this curve with a point that lies on it, in full
// length and of large order: anything else would tell its sender about our private key.
std::optional<OpenSslPtr<EVP_PKEY>> ReadEphemeralKey(Curve curve, const JsonValue &epk);

// The shared secret; none if it is zero.
std::optional<SecretBytes> AgreeOnSecret(EVP_PKEY *own, EVP_PKEY *peer);

// Concat KDF of NIST SP 800-56A with SHA-256, as RFC 7518 section 4.6.2 fills in its blanks. `size` bytes.
SecretBytes DeriveAgreedKey(std::string_view shared_secret, std::string_view algorithm_id, std::string_view apu,
                            std::string_view apv, std::size_t size);

}  // namespace jwt_auth::jose
