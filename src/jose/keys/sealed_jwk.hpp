// A private JWK at rest: an encrypted JWK (RFC 7517 section 7) under a key-encryption key of 32 bytes.
#pragma once

#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

constexpr std::size_t kKeyEncryptionKeySize = 32;

// A compact JWE, `dir` with A256GCM, that says `"cty":"jwk+json"` and names the `kid` of what it holds.
// kKeySealed for a key-encryption key of another length.
Result<std::string> SealJwk(std::string_view jwk, const SecretBytes &key_encryption_key, std::string_view kid);

// The text of the JWK that was sealed under this key and this kid. kKeySealed for anything else: another key, another kid,
// changed or cut text, another algorithm. Whether the JWK belongs to its public key is for the caller to see.
Result<SecretBytes> OpenJwk(std::string_view sealed, const SecretBytes &key_encryption_key, std::string_view kid);

}  // namespace jwt_auth::jose
