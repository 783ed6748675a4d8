// Inside the library only: OpenSSL keys from their numbers, checked, and back.
#pragma once

#include <optional>
#include <string_view>

#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {

// For hints: all algorithms that a key may be for.
constexpr const char *kKeyAlgorithmNames =
    "Signature algorithms are HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, "
    "EdDSA, Ed25519, Ed448, ML-DSA-44, ML-DSA-65 and ML-DSA-87. "
    "Key management algorithms are dir, A128KW, A192KW, A256KW, A128GCMKW, A192GCMKW, A256GCMKW, RSA-OAEP, RSA-OAEP-256, "
    "ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW, PBES2-HS256+A128KW, PBES2-HS384+A192KW and PBES2-HS512+A256KW. "
    "Content encryptions are A128CBC-HS256, A192CBC-HS384, A256CBC-HS512, A128GCM, A192GCM and A256GCM.";

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 16384;

// Big-endian numbers. The private ones are there together or not at all; q and the rest mean something only with d.
struct RsaNumbers {
  SecretBytes n, e;
  bool is_private = false;
  SecretBytes d, p, q, dp, dq, qi;
};

// kUnusableKey unless the size and the exponent are allowed and the private numbers belong to the public ones.
Result<OpenSslPtr<EVP_PKEY>> MakeRsaKey(const RsaNumbers &numbers);

// kUnusableKey unless the coordinates (full length) are a point of the curve and `d`, if given, its private key.
Result<OpenSslPtr<EVP_PKEY>> MakeEcKey(Curve curve, std::string_view x, std::string_view y,
                                       const std::optional<SecretBytes> &d);

// kUnusableKey unless `x` is a point of large order and `d`, if given, its private key.
Result<OpenSslPtr<EVP_PKEY>> MakeOkpKey(Curve curve, std::string_view x, const std::optional<SecretBytes> &d);

// The bytes of a public OKP or AKP key, or of the public half of a private one.
SecretBytes RawPublicKey(EVP_PKEY *key);

// Appends `"kty":...` and the other members that describe the key (for kty AKP also `alg`), without braces; the private ones
// only if asked for. kUnusableKey for a kind of key that has no JWK form here.
Result<void> AppendKeyMembers(EVP_PKEY *key, bool with_private, SecretBytes &out);

// Whether it has a member that only a private key or a secret has, whatever its `kty` (RFC 7518 section 6, RFC 8037, RFC 9964).
bool HasPrivateMember(const JsonValue &jwk) noexcept;

}  // namespace jwt_auth::jose
