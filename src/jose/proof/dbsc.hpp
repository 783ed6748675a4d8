// Proofs of Device Bound Session Credentials (W3C draft), as browsers make them. What the draft or a browser adds is ignored.
#pragma once

#include <string>
#include <string_view>

#include "jose/proof/proof.hpp"

namespace jwt_auth::jose {

// What registers a key: the signature is right, by the key that the proof carries.
struct DbscRegistration {
  Thumbprint thumbprint;
  std::string public_jwk;  // what DbscChallengeOf takes later
  std::string challenge;   // the claim `jti`, still to be checked
};

// `typ` dbsc+jwt, `alg` ES256 or RS256, the key as `jwk` of the header (as browsers do), or as the claim `key` (as the draft
// says).
ProofResult<DbscRegistration> ReadDbscRegistration(std::string_view proof);

// The challenge that a proof by the registered key answers. A key that the proof carries itself means nothing.
// kBadSignature if another key signed.
ProofResult<std::string> DbscChallengeOf(std::string_view proof, std::string_view public_jwk);

}  // namespace jwt_auth::jose
