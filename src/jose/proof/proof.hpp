// Proofs of possession: a JWS that a client signs with its own key, as DPoP (RFC 9449) and DBSC (Device Bound Session
// Credentials, W3C) have them. What the two share.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "jose/jws/jws.hpp"
#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {

// Why a proof is refused: a closed list.
enum class ProofRefusal : std::uint8_t {
  kMissing,              // no proof came
  kTooLarge,             // longer than kMaxProofSize
  kMalformed,            // no JWS, no JSON object in it, or a claim of the wrong type
  kWrongType,            // `typ` is another
  kAlgorithmNotAllowed,  // symmetric, unknown, none, or not one of the key's
  kKeyMissing,           // no `jwk`
  kKeyNotPublic,         // `jwk` has a private part or is a secret
  kKeyUnusable,          // `jwk` is of an unknown kind or size, not on its curve, or not for signatures
  kBadSignature,
  kTokenIdMissing,    // no `jti`, or an empty one, or one longer than kMaxProofIdSize
  kOtherMethod,       // `htm`
  kOtherUrl,          // `htu`
  kTooOld,            // `iat` (or `exp`)
  kAhead,             // `iat` (or `nbf`)
  kOtherAccessToken,  // `ath` is missing or of another token
  kOtherNonce,        // `nonce` is missing or not the one asked for
  kOtherChallenge,    // `jti` is not a challenge for this session that is still good
  kOtherKey,          // the key is not the session's or the token's
  kRepeated,          // a proof with this `jti` was there before
};
// As an event's detail has it: "bad_signature".
const char *NameOf(ProofRefusal refusal) noexcept;
// For an error's detail: "signature of the proof is wrong".
const char *DescriptionOf(ProofRefusal refusal) noexcept;

// What a proof says, or why it is refused.
template <class T>
class [[nodiscard]] ProofResult {
 public:
  // Implicit on purpose, as in Result.
  ProofResult(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  ProofResult(ProofRefusal refusal) : state_(std::in_place_index<1>, refusal) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return state_.index() == 0; }
  const T &operator*() const { return *std::get_if<0>(&state_); }
  const T *operator->() const { return std::get_if<0>(&state_); }
  T &operator*() { return *std::get_if<0>(&state_); }
  T *operator->() { return std::get_if<0>(&state_); }
  ProofRefusal refusal() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, ProofRefusal> state_;
};

constexpr std::size_t kMaxProofSize = 16384;
constexpr std::size_t kMaxProofIdSize = 256;
// A stranger chooses the key, so the time that its signature takes is bounded.
constexpr int kMaxProofRsaBits = 4096;

// RFC 7638, SHA-256.
using Thumbprint = std::array<unsigned char, 32>;

// A key of a proof's header: public, asymmetric, for signatures.
struct ProofKey {
  Key key;
  Thumbprint thumbprint;
};
// kKeyNotPublic or kKeyUnusable.
ProofResult<ProofKey> ReadProofKey(const JsonValue &jwk);
// The shortest public JWK of a key: the members that its thumbprint is made of.
Result<std::string> BarePublicJwk(const Key &key);

// Every asymmetric algorithm.
AlgorithmSet AsymmetricAlgorithms();

// A proof cut into its parts, with the right `typ` (compared without case and with or without "application/") and an
// algorithm of `allowed`. Nothing of it is believed yet.
ProofResult<UnverifiedJws> ParseProof(std::string_view proof, std::string_view type, AlgorithmSet allowed);
// Its payload, an object, once `key` has verified the signature. `allowed` as above.
ProofResult<JsonDocument> VerifyProof(UnverifiedJws proof, Key key, AlgorithmSet allowed);
// The `jti` of a verified payload; kTokenIdMissing.
ProofResult<std::string> ProofId(const JsonDocument &payload);

}  // namespace jwt_auth::jose
