// Signing keys on their way into the keyring: made, or imported. For C++ phases.
#pragma once

#include "pg/support/arguments.hpp"

namespace jwt_auth::pg {

// A row of signing_key to be, in the current memory context. private_jwk may be secret: cleanse() it.
struct NewKey {
  Bytes kid;
  Bytes algorithm;
  bool has_public;  // not for HMAC keys
  Bytes public_jwk;
  Bytes private_jwk;  // as StoredPrivateJwk() made it
};

// A fresh key. Where `like` is given, the curve or the RSA size is that key's: the public JWK of the one it succeeds.
Result<NewKey> MakeKey(std::string_view algorithm, const OptionalText &like);
// A private key that somebody brings along: a JWK, or PEM.
Result<NewKey> ImportKey(std::string_view text);

}  // namespace jwt_auth::pg
