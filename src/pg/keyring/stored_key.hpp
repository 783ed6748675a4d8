// Signing keys on their way into the table and out of it: made, imported, sealed, opened, checked. For C++ phases.
#pragma once

#include <optional>

#include "jose/keys/jwk.hpp"
#include "pg/support/arguments.hpp"

namespace jwt_auth::pg {

// A row of signing_key to be, in the current memory context. private_jwk may be secret: cleanse() it.
struct NewKey {
  Bytes kid;
  Bytes algorithm;
  bool has_public;  // not for HMAC keys
  Bytes public_jwk;
  Bytes private_jwk;  // sealed where jwt_auth.key_encryption_key_file is set
};

// A fresh key. Where `like` is given, the curve or the RSA size is that key's: the public JWK of the one it succeeds.
Result<NewKey> MakeKey(std::string_view algorithm, const OptionalText &like);
// A private key that somebody brings along: a JWK, or PEM.
Result<NewKey> ImportKey(std::string_view text);

// The private key of a row. kKeySealed if no key-encryption key opens it, kUnusableKey if it is not the row's own.
Result<jose::Key> OpenStoredKey(std::string_view kid, const OptionalText &public_jwk, const OptionalText &private_jwk);

// What is to be stored instead to have the row sealed with the key-encryption key; nothing if it is so already.
struct Resealed {
  bool changed;
  Bytes private_jwk;
};
Result<Resealed> ResealStoredKey(std::string_view kid, const OptionalText &public_jwk, const OptionalText &private_jwk);

// The same for a secret that is no signing key: a JWK under a name of its own. What is to be stored; the JWK of a row.
Result<Bytes> StoredSecret(std::string_view jwk, std::string_view name);
Result<jose::SecretBytes> OpenStoredSecret(std::string_view stored, std::string_view name);
Result<Resealed> ResealStoredSecret(std::string_view stored, std::string_view name);

}  // namespace jwt_auth::pg
