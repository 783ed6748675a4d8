// The set of keys that another issuer's tokens are verified with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jose/crypto/secret.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// The set in two halves: what may be shown, and what is to be sealed.
struct IssuerJwks {
  std::string public_jwks;  // a JWK set: the members as they were given, but for the symmetric ones
  SecretBytes secret_jwks;  // a JWK set of the symmetric keys that can be used; empty: there are none
  std::vector<SkippedKey> skipped;
  bool public_verifies = false;

  bool verifies() const { return public_verifies || !secret_jwks.empty(); }
};

// Splits a JWK set (RFC 7517 section 5), or a single JWK, which counts as a set of one. Members that can't be used are skipped.
// kUnusableKey if it is neither; for a private key, however malformed, in any member: whoever hands that over has published a
// secret; for two keys that could verify the same token under one kid.
Result<IssuerJwks> ReadIssuerJwks(std::string_view text);

// The public keys of a set that verify signatures, as comma-separated JWKs of their registered members and kid, alg and use:
// for software that refuses a whole set for one member that it does not know. RSA, EC and OKP alone, with no `alg` but of RFC
// 7518, 8037 and 8812, which secp256k1 always has.
Result<std::string> VerifyingJwks(std::string_view jwks);

}  // namespace jwt_auth::jose
