#include "jose/proof/dpop.hpp"

#include <algorithm>
#include <utility>

#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"
#include "jose/jwt/saturating_add.hpp"
#include "jose/proof/http_url.hpp"

namespace jwt_auth::jose {
namespace {

// A claim that must be a string if it is there. False: it is something else.
bool ReadText(const JsonValue &payload, std::string_view name, std::optional<std::string> &out) {
  const auto claim = payload.Find(name);
  if (!claim) return true;
  if (!claim->is(JsonType::kString)) return false;
  out.emplace(claim->text());
  return true;
}

}  // namespace

ProofResult<DpopProof> ReadDpopProof(std::string_view proof) {
  auto jws = ParseProof(proof, "dpop+jwt", AsymmetricAlgorithms());
  if (!jws) return jws.refusal();
  const auto jwk = jws->header().root().Find("jwk");
  if (!jwk) return ProofRefusal::kKeyMissing;
  auto key = ReadProofKey(*jwk);
  if (!key) return key.refusal();
  const auto payload = VerifyProof(std::move(*jws), std::move(key->key), AsymmetricAlgorithms());
  if (!payload) return payload.refusal();

  DpopProof out;
  out.thumbprint_ = key->thumbprint;
  auto jti = ProofId(*payload);
  if (!jti) return jti.refusal();
  out.jti_ = std::move(*jti);
  const JsonValue root = payload->root();
  const auto claims = ReadClaims(root);
  if (!claims || !claims->iat) return ProofRefusal::kMalformed;
  out.iat_ = *claims->iat;
  out.exp_ = claims->exp;
  out.nbf_ = claims->nbf;
  std::optional<std::string> method;
  std::optional<std::string> url;
  if (!ReadText(root, "htm", method) || !ReadText(root, "htu", url) || !ReadText(root, "ath", out.access_token_hash_) ||
      !ReadText(root, "nonce", out.nonce_) || !method || !url) {
    return ProofRefusal::kMalformed;
  }
  out.method_ = std::move(*method);
  out.url_ = std::move(*url);
  return out;
}

std::optional<ProofRefusal> CheckDpopProof(const DpopProof &proof, const DpopExpectations &expected) {
  if (proof.method_ != expected.method) return ProofRefusal::kOtherMethod;
  const auto url = NormalizedHttpUrl(expected.url);
  if (!url || NormalizedHttpUrl(proof.url_) != url) return ProofRefusal::kOtherUrl;
  if (expected.nonce == NonceCheck::kWrong) return ProofRefusal::kOtherNonce;

  const Micros earliest = SaturatingAdd(expected.now, -SaturatingAdd(expected.max_age, expected.leeway));
  const Micros latest = SaturatingAdd(expected.now, SaturatingAdd(expected.leeway, kProofAheadTolerance));
  if (expected.nonce != NonceCheck::kFresh) {
    if (proof.iat_ < earliest || (proof.exp_ && SaturatingAdd(*proof.exp_, expected.leeway) <= expected.now)) {
      return ProofRefusal::kTooOld;
    }
    if (proof.iat_ > latest || (proof.nbf_ && *proof.nbf_ > latest)) return ProofRefusal::kAhead;
  } else if (proof.iat_ > SaturatingAdd(expected.now, kProofAheadByNonce)) {
    return ProofRefusal::kAhead;
  }

  if (expected.access_token && proof.access_token_hash_ != AccessTokenHash(*expected.access_token)) {
    return ProofRefusal::kOtherAccessToken;
  }
  return std::nullopt;
}

Micros DpopGoodUntil(const DpopProof &proof, const DpopExpectations &expected) {
  const Micros age = SaturatingAdd(expected.max_age, expected.leeway);
  const Micros by_iat = SaturatingAdd(proof.iat_, age);
  if (expected.nonce != NonceCheck::kFresh) return by_iat;
  return std::max(by_iat, SaturatingAdd(expected.now, SaturatingAdd(age, expected.leeway + kMicrosPerSecond)));
}

std::string AccessTokenHash(std::string_view access_token) { return EncodeBase64Url(Sha256(access_token)); }

std::string FormatThumbprint(const Thumbprint &thumbprint) {
  return EncodeBase64Url({reinterpret_cast<const char *>(thumbprint.data()), thumbprint.size()});
}

}  // namespace jwt_auth::jose
