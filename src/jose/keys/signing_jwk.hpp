// A private key in the form in which a keyring keeps it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

constexpr std::size_t kMaxKidSize = 512;

// The key's own members, then kid, use ("sig") and alg, and nothing else.
struct SigningJwk {
  std::string kid;
  std::string alg;
  SecretBytes private_jwk;
  std::optional<std::string> public_jwk;  // none for HMAC keys
};

// Reads one private key that may sign, as a JWK or as PEM. Where it has no kid it gets its RFC 7638 thumbprint, or a random one
// if it is a secret: a thumbprint would let anybody who sees it test guesses. Where it has no alg it gets the one it signs with
// by default. kUnusableKey otherwise.
Result<SigningJwk> ReadSigningKey(std::string_view text);

}  // namespace jwt_auth::jose
