// Inside the library only: keys in PEM and DER.
#pragma once

#include <optional>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/jws/algorithm.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// Whether the bytes begin as the DER form of a key or certificate does: a sequence that begins with a sequence or an integer,
// each with a length that fits. A secret hardly ever does, and trying each form on it costs milliseconds.
bool MayBeDerKey(std::string_view bytes) noexcept;
// Whether `bytes` are, to the last one, the DER form of a key or certificate.
bool IsDerKey(std::string_view bytes);

// The key of a PEM text as a JWK with no members but those that describe it. Its rules have not been checked yet.
struct BareJwk {
  SecretBytes jwk;
  std::optional<AlgorithmSet> signature_only;  // for an RSASSA-PSS key: what it is for; never empty
};
Result<BareJwk> BareJwkFromPem(std::string_view pem);

}  // namespace jwt_auth::jose
