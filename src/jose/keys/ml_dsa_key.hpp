// Inside the library only: ML-DSA keys (FIPS 204), as JWKs of kty AKP (RFC 9964).
#pragma once

#include <optional>
#include <string_view>

#include "jose/crypto/openssl.hpp"
#include "jose/jws/algorithm.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// For where OpenSSL has no ML-DSA: it came with 3.5.
constexpr Error kNoMlDsa{ErrorCode::kUnusableKey, "ML-DSA keys need OpenSSL 3.5 or newer"};

bool IsMlDsaSupported();

// The algorithm's name, in OpenSSL as in JOSE; null unless it is one of ML-DSA.
const char *MlDsaName(Algorithm algorithm);

// The key of its public bytes and, for a private key, of the 32 bytes from which it was generated. kUnusableKey unless they
// have the algorithm's length and belong together, or if it is not supported.
Result<OpenSslPtr<EVP_PKEY>> MakeMlDsaKey(Algorithm algorithm, std::string_view pub, const std::optional<SecretBytes> &seed);

// The bytes from which a private key was generated; none if the key does not hold them.
std::optional<SecretBytes> MlDsaSeed(EVP_PKEY *key);

// Whether the content of an OBJECT IDENTIFIER in DER names ML-DSA (RFC 9881 section 2), whatever OpenSSL knows of it.
bool IsMlDsaIdentifier(std::string_view identifier) noexcept;

}  // namespace jwt_auth::jose
