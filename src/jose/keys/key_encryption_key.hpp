// The key that seals private signing keys at rest, as an administrator writes it into a file.
#pragma once

#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/keys/sealed_jwk.hpp"

namespace jwt_auth::jose {

// Reads 32 bytes written as hex, base64, base64url (padded or not) or an oct JWK (RFC 7518 section 6.4), white space around it
// ignored. kKeySealed otherwise.
Result<SecretBytes> ParseKeyEncryptionKey(std::string_view text);

// A secret for another use than sealing, derived from the key-encryption key: HMAC-SHA256 of the label.
SecretBytes DeriveFromKeyEncryptionKey(const SecretBytes &key, std::string_view label);

}  // namespace jwt_auth::jose
