// JWS algorithms (RFC 7518 section 3, RFC 8037, RFC 8812, RFC 9864, RFC 9964) and sets of them.
#pragma once

#include <cstdint>
#include <string_view>

#include "jose/result.hpp"

namespace jwt_auth::jose {

// `none` does not exist. "EdDSA" is not an algorithm but a name for two; a key tells which.
enum class Algorithm : std::uint8_t {
  kHS256,
  kHS384,
  kHS512,
  kRS256,
  kRS384,
  kRS512,
  kPS256,
  kPS384,
  kPS512,
  kES256,
  kES384,
  kES512,
  kES256K,
  kEd25519,
  kEd448,
  kMlDsa44,
  kMlDsa65,
  kMlDsa87,
};
constexpr int kAlgorithmCount = 18;

enum class AlgorithmFamily : std::uint8_t { kHmac, kRsaPkcs1, kRsaPss, kEcdsa, kEdDsa, kMlDsa };
enum class Digest : std::uint8_t { kNone, kSha1, kSha256, kSha384, kSha512 };

struct AlgorithmInfo {
  std::string_view name;  // as in `alg`; "EdDSA" for both Edwards curves
  AlgorithmFamily family;
  Digest digest;
};
const AlgorithmInfo &InfoOf(Algorithm algorithm);

// A set of algorithms: plain data.
class AlgorithmSet {
 public:
  constexpr AlgorithmSet() = default;
  constexpr explicit AlgorithmSet(Algorithm one) : bits_(1U << static_cast<unsigned>(one)) {}
  static constexpr AlgorithmSet All() noexcept {
    AlgorithmSet s;
    s.bits_ = (1U << kAlgorithmCount) - 1;
    return s;
  }

  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool contains(Algorithm one) const { return (bits_ >> static_cast<unsigned>(one)) & 1U; }
  constexpr AlgorithmSet operator&(AlgorithmSet other) const {
    AlgorithmSet s;
    s.bits_ = bits_ & other.bits_;
    return s;
  }
  constexpr AlgorithmSet operator|(AlgorithmSet other) const {
    AlgorithmSet s;
    s.bits_ = bits_ | other.bits_;
    return s;
  }
  constexpr bool operator==(AlgorithmSet other) const { return bits_ == other.bits_; }
  // Any member; the set must not be empty.
  Algorithm first() const;

 private:
  std::uint32_t bits_ = 0;
};

// What an `alg` name may stand for: one algorithm, both Edwards ones for "EdDSA", the empty set for an unknown name
// ("none" in any case among them). Case matters (RFC 7515 section 4.1.1).
AlgorithmSet AlgorithmsNamed(std::string_view name) noexcept;

// For hints: all of them.
constexpr const char *kSignatureAlgorithmNames =
    "Signature algorithms are HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, "
    "EdDSA, Ed25519, Ed448, ML-DSA-44, ML-DSA-65 and ML-DSA-87.";

}  // namespace jwt_auth::jose
