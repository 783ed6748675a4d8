// JWE algorithms (RFC 7518 sections 4 and 5, RFC 8037 section 3.2) and sets of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "jose/jws/algorithm.hpp"

namespace jwt_auth::jose {

// How the content encryption key travels (`alg`). RSA1_5 does not exist.
enum class JweAlgorithm : std::uint8_t {
  kDir,
  kA128KW,
  kA192KW,
  kA256KW,
  kA128GCMKW,
  kA192GCMKW,
  kA256GCMKW,
  kRsaOaep,
  kRsaOaep256,
  kEcdhEs,
  kEcdhEsA128KW,
  kEcdhEsA192KW,
  kEcdhEsA256KW,
  kPbes2Hs256A128KW,
  kPbes2Hs384A192KW,
  kPbes2Hs512A256KW,
};
constexpr int kJweAlgorithmCount = 16;

// How the content is encrypted (`enc`).
enum class JweEncryption : std::uint8_t { kA128CbcHs256, kA192CbcHs384, kA256CbcHs512, kA128Gcm, kA192Gcm, kA256Gcm };
constexpr int kJweEncryptionCount = 6;

enum class JweFamily : std::uint8_t { kDirect, kAesKeyWrap, kAesGcmKeyWrap, kRsaOaep, kEcdhEs, kPbes2 };

struct JweAlgorithmInfo {
  std::string_view name;
  JweFamily family;
  std::size_t wrapping_key_size;  // bytes of the AES key that wraps; 0 if none does
  Digest digest;                  // RSA-OAEP's and MGF1's, PBKDF2's
};
const JweAlgorithmInfo &InfoOf(JweAlgorithm algorithm);

struct JweEncryptionInfo {
  std::string_view name;
  std::size_t key_size;  // of the content encryption key; the two halves of CBC with HMAC together
  std::size_t iv_size;
  std::size_t tag_size;
  const char *cipher;  // OpenSSL's name
  Digest mac;          // kNone for GCM
};
const JweEncryptionInfo &InfoOf(JweEncryption encryption);

// A set of the members of an enumeration: plain data.
template <class Enum, int count>
class EnumSet {
 public:
  constexpr EnumSet() = default;
  constexpr explicit EnumSet(Enum one) : bits_(1U << static_cast<unsigned>(one)) {}
  static constexpr EnumSet All() noexcept {
    EnumSet set;
    set.bits_ = (1U << count) - 1;
    return set;
  }

  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool contains(Enum one) const { return (bits_ >> static_cast<unsigned>(one) & 1U) != 0; }
  constexpr EnumSet operator&(EnumSet other) const { return Of(bits_ & other.bits_); }
  constexpr EnumSet operator|(EnumSet other) const { return Of(bits_ | other.bits_); }
  constexpr bool operator==(EnumSet other) const { return bits_ == other.bits_; }

 private:
  static constexpr EnumSet Of(std::uint32_t bits) {
    EnumSet set;
    set.bits_ = bits;
    return set;
  }
  std::uint32_t bits_ = 0;
};
using JweAlgorithmSet = EnumSet<JweAlgorithm, kJweAlgorithmCount>;
using JweEncryptionSet = EnumSet<JweEncryption, kJweEncryptionCount>;

// What a name stands for; none for an unknown one. Case matters.
std::optional<JweAlgorithm> JweAlgorithmNamed(std::string_view name);
std::optional<JweEncryption> JweEncryptionNamed(std::string_view name);

// For hints: all of them.
constexpr const char *kKeyManagementNames =
    "Key management algorithms are dir, A128KW, A192KW, A256KW, A128GCMKW, A192GCMKW, A256GCMKW, RSA-OAEP, RSA-OAEP-256, "
    "ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW, PBES2-HS256+A128KW, PBES2-HS384+A192KW and PBES2-HS512+A256KW.";
constexpr const char *kContentEncryptionNames =
    "Content encryptions are A128CBC-HS256, A192CBC-HS384, A256CBC-HS512, A128GCM, A192GCM and A256GCM.";

// All algorithms of a family.
JweAlgorithmSet JweAlgorithmsOf(JweFamily family);

}  // namespace jwt_auth::jose
