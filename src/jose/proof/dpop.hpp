// DPoP proofs (RFC 9449).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jose/jwt/claims.hpp"
#include "jose/proof/proof.hpp"

namespace jwt_auth::jose {

// A proof whose signature is right, by the key that it carries. Only ReadDpopProof makes one; what it says about the request
// is still to be checked.
class DpopProof {
 public:
  const Thumbprint &thumbprint() const { return thumbprint_; }  // of the key: `jkt`
  const std::string &jti() const { return jti_; }
  Micros iat() const { return iat_; }
  const std::optional<std::string> &nonce() const { return nonce_; }

 private:
  friend ProofResult<DpopProof> ReadDpopProof(std::string_view proof);
  friend std::optional<ProofRefusal> CheckDpopProof(const DpopProof &proof, const struct DpopExpectations &expected);
  friend Micros DpopGoodUntil(const DpopProof &proof, const struct DpopExpectations &expected);
  DpopProof() = default;

  Thumbprint thumbprint_{};
  std::string jti_;
  std::string method_;
  std::string url_;
  Micros iat_ = 0;
  std::optional<Micros> exp_, nbf_;
  std::optional<std::string> access_token_hash_;
  std::optional<std::string> nonce_;
};

// Reads a proof and verifies its signature with its own `jwk` (RFC 9449 section 4.3, items 1 to 7 and what 11 needs):
// `typ` dpop+jwt, an asymmetric algorithm, a public key, and the claims jti, htm, htu and iat.
ProofResult<DpopProof> ReadDpopProof(std::string_view proof);

// How far ahead `iat` may lie beside the leeway: clients round, and their clocks run a little fast.
constexpr Micros kProofAheadTolerance = 5 * kMicrosPerSecond;
// The same where a fresh nonce stands for the client's clock. Once the nonce is stale such a proof may be good by its `iat`, so
// whoever remembers proofs remembers it until then.
constexpr Micros kProofAheadByNonce = 86400 * kMicrosPerSecond;

// What is known of the proof's nonce; whoever makes nonces finds it out.
enum class NonceCheck : std::uint8_t {
  kNotAsked,  // and the proof may have any, or none
  kFresh,     // one of the server's, made within proof_max_age: the clock of the client does not matter then
  kWrong,     // one was asked for, and the proof has none or another
};

struct DpopExpectations {
  std::string_view method;                       // compared with case (RFC 9110 section 9.1)
  std::string_view url;                          // compared after NormalizedHttpUrl; one that is no URL matches nothing
  std::optional<std::string_view> access_token;  // then `ath` is its SHA-256
  NonceCheck nonce = NonceCheck::kNotAsked;
  Micros max_age = 0;
  Micros leeway = 0;
  Micros now = 0;
};

// Items 8 to 12 of RFC 9449 section 4.3: none if the proof is one for this request. First match wins: kOtherMethod, kOtherUrl,
// kOtherNonce, kTooOld (iat + max_age + leeway < now, unless the nonce says when), kAhead (iat > now + leeway +
// kProofAheadTolerance, or now + kProofAheadByNonce), kOtherAccessToken.
std::optional<ProofRefusal> CheckDpopProof(const DpopProof &proof, const DpopExpectations &expected);
// Of a proof that passed: when it could pass for the last time under the same max_age and leeway, by its `iat` or by its nonce,
// which may have been made `leeway` ahead.
Micros DpopGoodUntil(const DpopProof &proof, const DpopExpectations &expected);

// `ath`: base64url of the SHA-256 of an access token.
std::string AccessTokenHash(std::string_view access_token);
// `jkt`: base64url of a thumbprint.
std::string FormatThumbprint(const Thumbprint &thumbprint);

}  // namespace jwt_auth::jose
