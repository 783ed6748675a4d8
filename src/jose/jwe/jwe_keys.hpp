// Inside the library only: what a key may do with encrypted tokens. The key decides, never the token (RFC 8725 section 3.1).
#pragma once

#include <optional>

#include "jose/jwe/jwe_algorithm.hpp"
#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {

// Whether type, size, curve and `alg` of the key allow the algorithm, and with dir the encryption. `may_be_password`: the
// caller named the algorithm, so a secret without an `alg` may serve as a password.
bool KeyAllows(const Key &key, JweAlgorithm algorithm, JweEncryption encryption, bool may_be_password);

// Whether `use` and `key_ops` of the key allow it to encrypt at all, or to decrypt, which takes a private key; and whether
// they do so in the way of the algorithm.
bool MayEncrypt(const Key &key);
bool MayDecrypt(const Key &key);
bool MayEncryptWith(const Key &key, JweAlgorithm algorithm);
bool MayDecryptWith(const Key &key, JweAlgorithm algorithm);

// What to encrypt with where nobody says: the JWK's `alg`, else RSA-OAEP-256, ECDH-ES+A256KW, AxxxKW or dir. None for a key
// that has no such algorithm: whether it is a password must be said.
std::optional<JweAlgorithm> DefaultJweAlgorithm(const Key &key);
// The encryption that a `dir` key is for, A256GCM where it is free to choose.
JweEncryption DefaultJweEncryption(const Key &key, JweAlgorithm algorithm);

}  // namespace jwt_auth::jose
