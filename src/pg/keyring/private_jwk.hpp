// How private JWKs lie in the tables: sealed where jwt_auth.key_encryption_key_file is set, else in the clear. For C++ phases.
#pragma once

#include "jose/crypto/secret.hpp"
#include "jose/keys/jwk.hpp"
#include "pg/support/arguments.hpp"

namespace jwt_auth::pg {

// What is to be stored of a private JWK, in the current memory context. It may be secret: cleanse() it. `name` is what the seal
// is for: the kid, or the name of a secret that is no signing key.
Result<Bytes> StoredPrivateJwk(std::string_view jwk, std::string_view name);

// The private key of a row of signing_key. kKeySealed if no key-encryption key opens it, kUnusableKey if it is not the row's
// own.
Result<jose::Key> OpenStoredKey(std::string_view kid, const OptionalText &public_jwk, const OptionalText &private_jwk);
// The JWK of a secret that is no signing key.
Result<jose::SecretBytes> OpenStoredSecret(std::string_view stored, std::string_view name);

// Whether that is said of a seal that none of the key-encryption keys opens, each of which could be read: what is sealed is
// lost, unless another file is found.
bool IsLost(const Error &error) noexcept;

// What is to be stored instead to have it sealed with the key-encryption key; nothing if it is so already.
struct Resealed {
  bool changed;
  Bytes private_jwk;
};
Result<Resealed> ResealStoredKey(std::string_view kid, const OptionalText &public_jwk, const OptionalText &private_jwk);
Result<Resealed> ResealStoredSecret(std::string_view stored, std::string_view name);

}  // namespace jwt_auth::pg
