// What a key may be used for: fixed by the key, never by a token (RFC 8725 section 3.1).
#include "jose/keys/curve.hpp"
#include "jose/keys/key_builder.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

AlgorithmSet SetOf(Algorithm a, Algorithm b, Algorithm c) { return AlgorithmSet(a) | AlgorithmSet(b) | AlgorithmSet(c); }

// RFC 7518 section 3.2: at least as long as the hash.
AlgorithmSet HmacAlgorithms(std::size_t size) {
  AlgorithmSet set;
  if (size >= 32) set = set | AlgorithmSet(Algorithm::kHS256);
  if (size >= 48) set = set | AlgorithmSet(Algorithm::kHS384);
  if (size >= 64) set = set | AlgorithmSet(Algorithm::kHS512);
  return set;
}

void AllowSecret(KeyParts &parts) {
  const std::size_t size = parts.secret.size();
  parts.algorithms = HmacAlgorithms(size);
  for (int i = 0; i < kJweAlgorithmCount; ++i) {
    const auto algorithm = static_cast<JweAlgorithm>(i);
    const JweAlgorithmInfo &info = InfoOf(algorithm);
    const bool wraps = info.family == JweFamily::kAesKeyWrap || info.family == JweFamily::kAesGcmKeyWrap;
    if (wraps && info.wrapping_key_size == size) parts.jwe_algorithms = parts.jwe_algorithms | JweAlgorithmSet(algorithm);
  }
  for (int i = 0; i < kJweEncryptionCount; ++i) {
    const auto encryption = static_cast<JweEncryption>(i);
    if (InfoOf(encryption).key_size == size) parts.direct_encryptions = parts.direct_encryptions | JweEncryptionSet(encryption);
  }
  if (!parts.direct_encryptions.empty()) parts.jwe_algorithms = parts.jwe_algorithms | JweAlgorithmSet(JweAlgorithm::kDir);
}

void AllowCurve(KeyParts &parts) {
  const CurveInfo &info = InfoOf(parts.curve);
  if (info.signs) parts.algorithms = AlgorithmSet(*info.signs);
  const bool agrees = parts.curve != Curve::kSecp256k1 && parts.curve != Curve::kEd25519 && parts.curve != Curve::kEd448;
  if (agrees) parts.jwe_algorithms = JweAlgorithmsOf(JweFamily::kEcdhEs);
}

}  // namespace

void AllowNaturalAlgorithms(KeyParts &parts) {
  switch (parts.type) {
    case KeyType::kOct:
      return AllowSecret(parts);
    case KeyType::kRsa:
      parts.algorithms = SetOf(Algorithm::kRS256, Algorithm::kRS384, Algorithm::kRS512) |
                         SetOf(Algorithm::kPS256, Algorithm::kPS384, Algorithm::kPS512);
      parts.jwe_algorithms = JweAlgorithmsOf(JweFamily::kRsaOaep);
      return;
    case KeyType::kEc:
    case KeyType::kOkp:
      return AllowCurve(parts);
    case KeyType::kAkp:
      return;  // only what its `alg` says, which describes the key
  }
}

Result<void> NarrowToAlg(KeyParts &parts, std::string_view alg) {
  constexpr Error kDoesNotFit{ErrorCode::kUnusableKey, "alg of the JWK does not fit its type, size or curve"};
  if (const AlgorithmSet named = AlgorithmsNamed(alg); !named.empty()) {
    parts.algorithms = parts.algorithms & named;
    parts.jwe_algorithms = {};
    parts.direct_encryptions = {};
    if (!parts.algorithms.empty()) return {};
    if (parts.type == KeyType::kOct) return Error{ErrorCode::kUnusableKey, "HMAC secret shorter than the hash of its alg"};
    return kDoesNotFit;
  }
  parts.algorithms = {};
  if (const auto named = JweAlgorithmNamed(alg)) {
    if (*named != JweAlgorithm::kDir) parts.direct_encryptions = {};
    // Any secret will do as a password, but only if the JWK says that it is one.
    const bool password = parts.type == KeyType::kOct && InfoOf(*named).family == JweFamily::kPbes2;
    parts.jwe_algorithms = password ? JweAlgorithmSet(*named) : parts.jwe_algorithms & JweAlgorithmSet(*named);
    if (parts.jwe_algorithms.empty()) return kDoesNotFit;
    return {};
  }
  if (const auto named = JweEncryptionNamed(alg)) {
    parts.direct_encryptions = parts.direct_encryptions & JweEncryptionSet(*named);
    parts.jwe_algorithms = parts.jwe_algorithms & JweAlgorithmSet(JweAlgorithm::kDir);
    if (parts.direct_encryptions.empty()) return kDoesNotFit;
    return {};
  }
  return Error{ErrorCode::kUnusableKey, "alg of the JWK is unknown", kKeyAlgorithmNames};
}

}  // namespace jwt_auth::jose
