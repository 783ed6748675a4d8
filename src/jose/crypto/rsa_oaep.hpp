// Inside the library only: RSAES-OAEP (RFC 8017 section 7.1, RFC 7518 section 4.3).
#pragma once

#include <openssl/evp.h>

#include <string>
#include <string_view>

#include "jose/crypto/openssl.hpp"
#include "jose/crypto/secret.hpp"
#include "jose/jws/algorithm.hpp"

namespace jwt_auth::jose {

// `digest` is OAEP's and MGF1's; the label is empty.
std::string EncryptWithOaep(EVP_PKEY *key, Digest digest, std::string_view plaintext);

// `plaintext` is filled if it is right; OpenSSL checks the padding in constant time. Unclear: it may be for want of memory, and
// what OpenSSL keeps with the key may be wrong now.
Verification DecryptWithOaep(EVP_PKEY *key, Digest digest, std::string_view ciphertext, SecretBytes &plaintext);

}  // namespace jwt_auth::jose
