// Inside the library only: how checked parts become a Key.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {

struct KeyParts {
  KeyType type = KeyType::kOct;
  Curve curve = Curve::kNone;
  bool is_private = false;
  unsigned operations = kOpAll;
  AlgorithmSet algorithms;
  JweAlgorithmSet jwe_algorithms;
  JweEncryptionSet direct_encryptions;
  std::optional<std::string> kid;
  std::optional<std::string> alg;
  OpenSslPtr<EVP_PKEY> pkey;
  SecretBytes secret;
};

class KeyBuilder {
 public:
  static Key Build(KeyParts parts) {
    Key key;
    key.type_ = parts.type;
    key.curve_ = parts.curve;
    key.is_private_ = parts.is_private;
    key.operations_ = parts.operations;
    key.algorithms_ = parts.algorithms;
    key.jwe_algorithms_ = parts.jwe_algorithms;
    key.direct_encryptions_ = parts.direct_encryptions;
    key.kid_ = std::move(parts.kid);
    key.alg_ = std::move(parts.alg);
    key.pkey_ = std::move(parts.pkey);
    key.secret_ = std::move(parts.secret);
    return key;
  }
};

// How a JWK is to be read where that is not all of it.
struct JwkReading {
  KeyPurpose purpose = KeyPurpose::kSignature;
  bool public_part_only = false;               // as if a key pair's private members were not there
  std::optional<AlgorithmSet> signature_only;  // for nothing but these
};
Result<Key> ReadJwk(const JsonValue &jwk, const JwkReading &reading);

// Sets parts.algorithms, jwe_algorithms and direct_encryptions to what the type, curve and size allow.
void AllowNaturalAlgorithms(KeyParts &parts);

// Narrows them to what `alg` names; kUnusableKey if that leaves nothing.
Result<void> NarrowToAlg(KeyParts &parts, std::string_view alg);

}  // namespace jwt_auth::jose
