// Inside the library only: encrypting content with its key (RFC 7518 section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jose/crypto/aes_gcm.hpp"
#include "jose/crypto/secret.hpp"
#include "jose/jwe/jwe_algorithm.hpp"

namespace jwt_auth::jose {

// `key` and `iv` have the lengths that the encryption asks for.
SealedContent EncryptContent(JweEncryption encryption, std::string_view key, std::string_view iv, std::string_view additional,
                             std::string_view plaintext);

// None whatever the reason. With CBC the tag is compared, in constant time, before anything is decrypted (RFC 7518 5.2.2.2).
std::optional<SecretBytes> DecryptContent(JweEncryption encryption, std::string_view key, std::string_view iv,
                                          std::string_view additional, std::string_view ciphertext, std::string_view tag);

}  // namespace jwt_auth::jose
