// Inside the library only: RSAES-OAEP (RFC 8017 section 7.1, RFC 7518 section 4.3).
#pragma once

#include <openssl/evp.h>

#include <optional>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/jws/algorithm.hpp"

namespace jwt_auth::jose {

// `digest` is OAEP's and MGF1's; the label is empty.
std::string EncryptWithOaep(EVP_PKEY *key, Digest digest, std::string_view plaintext);

// None whatever the reason; OpenSSL checks the padding in constant time.
std::optional<SecretBytes> DecryptWithOaep(EVP_PKEY *key, Digest digest, std::string_view ciphertext);

}  // namespace jwt_auth::jose
