#include "jose/jws/algorithm.hpp"

#include <array>

namespace jwt_auth::jose {
namespace {

constexpr std::array<AlgorithmInfo, kAlgorithmCount> kAlgorithms{{
    {"HS256", AlgorithmFamily::kHmac, Digest::kSha256},
    {"HS384", AlgorithmFamily::kHmac, Digest::kSha384},
    {"HS512", AlgorithmFamily::kHmac, Digest::kSha512},
    {"RS256", AlgorithmFamily::kRsaPkcs1, Digest::kSha256},
    {"RS384", AlgorithmFamily::kRsaPkcs1, Digest::kSha384},
    {"RS512", AlgorithmFamily::kRsaPkcs1, Digest::kSha512},
    {"PS256", AlgorithmFamily::kRsaPss, Digest::kSha256},
    {"PS384", AlgorithmFamily::kRsaPss, Digest::kSha384},
    {"PS512", AlgorithmFamily::kRsaPss, Digest::kSha512},
    {"ES256", AlgorithmFamily::kEcdsa, Digest::kSha256},
    {"ES384", AlgorithmFamily::kEcdsa, Digest::kSha384},
    {"ES512", AlgorithmFamily::kEcdsa, Digest::kSha512},
    {"ES256K", AlgorithmFamily::kEcdsa, Digest::kSha256},
    {"EdDSA", AlgorithmFamily::kEdDsa, Digest::kNone},
    {"EdDSA", AlgorithmFamily::kEdDsa, Digest::kNone},
    {"ML-DSA-44", AlgorithmFamily::kMlDsa, Digest::kNone},
    {"ML-DSA-65", AlgorithmFamily::kMlDsa, Digest::kNone},
    {"ML-DSA-87", AlgorithmFamily::kMlDsa, Digest::kNone},
}};

}  // namespace

const AlgorithmInfo &InfoOf(Algorithm algorithm) { return kAlgorithms[static_cast<std::size_t>(algorithm)]; }

Algorithm AlgorithmSet::first() const {
  int index = 0;
  while (index < kAlgorithmCount - 1 && !contains(static_cast<Algorithm>(index))) ++index;
  return static_cast<Algorithm>(index);
}

AlgorithmSet AlgorithmsNamed(std::string_view name) noexcept {
  // RFC 9864 gives each Edwards curve a name of its own.
  if (name == "Ed25519") return AlgorithmSet(Algorithm::kEd25519);
  if (name == "Ed448") return AlgorithmSet(Algorithm::kEd448);
  AlgorithmSet named;
  for (int i = 0; i < kAlgorithmCount; ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    if (InfoOf(algorithm).name == name) named = named | AlgorithmSet(algorithm);
  }
  return named;
}

}  // namespace jwt_auth::jose
