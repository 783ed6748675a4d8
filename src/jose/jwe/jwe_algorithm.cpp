#include "jose/jwe/jwe_algorithm.hpp"

#include <array>

namespace jwt_auth::jose {
namespace {

constexpr std::array<JweAlgorithmInfo, kJweAlgorithmCount> kAlgorithms{{
    {"dir", JweFamily::kDirect, 0, Digest::kNone},
    {"A128KW", JweFamily::kAesKeyWrap, 16, Digest::kNone},
    {"A192KW", JweFamily::kAesKeyWrap, 24, Digest::kNone},
    {"A256KW", JweFamily::kAesKeyWrap, 32, Digest::kNone},
    {"A128GCMKW", JweFamily::kAesGcmKeyWrap, 16, Digest::kNone},
    {"A192GCMKW", JweFamily::kAesGcmKeyWrap, 24, Digest::kNone},
    {"A256GCMKW", JweFamily::kAesGcmKeyWrap, 32, Digest::kNone},
    {"RSA-OAEP", JweFamily::kRsaOaep, 0, Digest::kSha1},
    {"RSA-OAEP-256", JweFamily::kRsaOaep, 0, Digest::kSha256},
    {"ECDH-ES", JweFamily::kEcdhEs, 0, Digest::kNone},
    {"ECDH-ES+A128KW", JweFamily::kEcdhEs, 16, Digest::kNone},
    {"ECDH-ES+A192KW", JweFamily::kEcdhEs, 24, Digest::kNone},
    {"ECDH-ES+A256KW", JweFamily::kEcdhEs, 32, Digest::kNone},
    {"PBES2-HS256+A128KW", JweFamily::kPbes2, 16, Digest::kSha256},
    {"PBES2-HS384+A192KW", JweFamily::kPbes2, 24, Digest::kSha384},
    {"PBES2-HS512+A256KW", JweFamily::kPbes2, 32, Digest::kSha512},
}};

constexpr std::array<JweEncryptionInfo, kJweEncryptionCount> kEncryptions{{
    {"A128CBC-HS256", 32, 16, 16, "AES-128-CBC", Digest::kSha256},
    {"A192CBC-HS384", 48, 16, 24, "AES-192-CBC", Digest::kSha384},
    {"A256CBC-HS512", 64, 16, 32, "AES-256-CBC", Digest::kSha512},
    {"A128GCM", 16, 12, 16, "AES-128-GCM", Digest::kNone},
    {"A192GCM", 24, 12, 16, "AES-192-GCM", Digest::kNone},
    {"A256GCM", 32, 12, 16, "AES-256-GCM", Digest::kNone},
}};

}  // namespace

const JweAlgorithmInfo &InfoOf(JweAlgorithm algorithm) { return kAlgorithms[static_cast<std::size_t>(algorithm)]; }
const JweEncryptionInfo &InfoOf(JweEncryption encryption) { return kEncryptions[static_cast<std::size_t>(encryption)]; }

std::optional<JweAlgorithm> JweAlgorithmNamed(std::string_view name) {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    if (kAlgorithms[i].name == name) return static_cast<JweAlgorithm>(i);
  }
  return std::nullopt;
}

std::optional<JweEncryption> JweEncryptionNamed(std::string_view name) {
  for (std::size_t i = 0; i < kEncryptions.size(); ++i) {
    if (kEncryptions[i].name == name) return static_cast<JweEncryption>(i);
  }
  return std::nullopt;
}

JweAlgorithmSet JweAlgorithmsOf(JweFamily family) {
  JweAlgorithmSet set;
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    if (kAlgorithms[i].family == family) set = set | JweAlgorithmSet(static_cast<JweAlgorithm>(i));
  }
  return set;
}

}  // namespace jwt_auth::jose
