#include "jose/jwe/jwe_keys.hpp"

namespace jwt_auth::jose {
namespace {

constexpr unsigned kSender = kOpEncrypt | kOpWrap | kOpDerive;
constexpr unsigned kReceiver = kOpDecrypt | kOpUnwrap | kOpDerive;

// RFC 7517 section 4.3. Encrypting a key is encrypting, so either name will do; agreeing on one is deriving.
unsigned OperationsFor(JweAlgorithm algorithm) {
  switch (InfoOf(algorithm).family) {
    case JweFamily::kDirect:
      return kOpEncrypt | kOpDecrypt;
    case JweFamily::kEcdhEs:
      return kOpDerive;
    case JweFamily::kPbes2:
      return kOpWrap | kOpUnwrap | kOpEncrypt | kOpDecrypt | kOpDerive;
    case JweFamily::kAesKeyWrap:
    case JweFamily::kAesGcmKeyWrap:
    case JweFamily::kRsaOaep:
      return kOpWrap | kOpUnwrap | kOpEncrypt | kOpDecrypt;
  }
  return 0;
}

}  // namespace

bool KeyAllows(const Key &key, JweAlgorithm algorithm, JweEncryption encryption, bool may_be_password) {
  if (InfoOf(algorithm).family == JweFamily::kPbes2) {
    if (key.type() != KeyType::kOct) return false;
    return key.alg() ? key.jwe_algorithms().contains(algorithm) : may_be_password;
  }
  if (!key.jwe_algorithms().contains(algorithm)) return false;
  return algorithm != JweAlgorithm::kDir || key.direct_encryptions().contains(encryption);
}

bool MayEncrypt(const Key &key) { return (key.operations() & kSender) != 0; }
bool MayDecrypt(const Key &key) { return key.is_private() && (key.operations() & kReceiver) != 0; }

bool MayEncryptWith(const Key &key, JweAlgorithm algorithm) {
  return (key.operations() & kSender & OperationsFor(algorithm)) != 0;
}

bool MayDecryptWith(const Key &key, JweAlgorithm algorithm) {
  return key.is_private() && (key.operations() & kReceiver & OperationsFor(algorithm)) != 0;
}

std::optional<JweAlgorithm> DefaultJweAlgorithm(const Key &key) {
  if (key.alg()) {
    if (const auto named = JweAlgorithmNamed(*key.alg())) return named;
  }
  // Passwords aside: nobody has said that it is one.
  for (const JweAlgorithm algorithm : {JweAlgorithm::kRsaOaep256, JweAlgorithm::kEcdhEsA256KW, JweAlgorithm::kA128KW,
                                       JweAlgorithm::kA192KW, JweAlgorithm::kA256KW, JweAlgorithm::kDir}) {
    if (key.jwe_algorithms().contains(algorithm)) return algorithm;
  }
  return std::nullopt;
}

JweEncryption DefaultJweEncryption(const Key &key, JweAlgorithm algorithm) {
  if (algorithm != JweAlgorithm::kDir || key.direct_encryptions().contains(JweEncryption::kA256Gcm)) {
    return JweEncryption::kA256Gcm;
  }
  for (const JweEncryption encryption : {JweEncryption::kA128Gcm, JweEncryption::kA192Gcm, JweEncryption::kA128CbcHs256,
                                         JweEncryption::kA192CbcHs384, JweEncryption::kA256CbcHs512}) {
    if (key.direct_encryptions().contains(encryption)) return encryption;
  }
  return JweEncryption::kA256Gcm;
}

}  // namespace jwt_auth::jose
