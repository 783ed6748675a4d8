#include "jose/proof/proof.hpp"

#include <algorithm>
#include <utility>

#include "jose/json/base64url.hpp"
#include "jose/json/json_writer.hpp"
#include "jose/jwt/token_type.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
const char *NameOf(ProofRefusal refusal) noexcept {
  switch (refusal) {
    case ProofRefusal::kMissing:
      return "missing";
    case ProofRefusal::kTooLarge:
      return "too_large";
    case ProofRefusal::kMalformed:
      return "malformed";
    case ProofRefusal::kWrongType:
      return "wrong_type";
    case ProofRefusal::kAlgorithmNotAllowed:
      return "algorithm_not_allowed";
    case ProofRefusal::kKeyMissing:
      return "key_missing";
    case ProofRefusal::kKeyNotPublic:
      return "key_not_public";
    case ProofRefusal::kKeyUnusable:
      return "key_unusable";
    case ProofRefusal::kBadSignature:
      return "bad_signature";
    case ProofRefusal::kTokenIdMissing:
      return "jti_missing";
    case ProofRefusal::kOtherMethod:
      return "other_method";
    case ProofRefusal::kOtherUrl:
      return "other_url";
    case ProofRefusal::kTooOld:
      return "too_old";
    case ProofRefusal::kAhead:
      return "ahead";
    case ProofRefusal::kOtherAccessToken:
      return "other_access_token";
    case ProofRefusal::kOtherNonce:
      return "other_nonce";
    case ProofRefusal::kOtherChallenge:
      return "other_challenge";
    case ProofRefusal::kOtherKey:
      return "other_key";
    case ProofRefusal::kRepeated:
      return "repeated";
  }
  return "";
}

const char *DescriptionOf(ProofRefusal refusal) noexcept {
  switch (refusal) {
    case ProofRefusal::kMissing:
      return "there is no proof";
    case ProofRefusal::kTooLarge:
      return "the proof is longer than 16384 bytes";
    case ProofRefusal::kMalformed:
      return "the proof is not a signed JWT, or a claim of it has the wrong type";
    case ProofRefusal::kWrongType:
      return "typ of the proof is not the expected one";
    case ProofRefusal::kAlgorithmNotAllowed:
      return "alg of the proof is not an asymmetric algorithm of its key";
    case ProofRefusal::kKeyMissing:
      return "the proof has no jwk";
    case ProofRefusal::kKeyNotPublic:
      return "jwk of the proof is not a public key";
    case ProofRefusal::kKeyUnusable:
      return "jwk of the proof is of an unknown kind or size, or not for signatures";
    case ProofRefusal::kBadSignature:
      return "signature of the proof is wrong";
    case ProofRefusal::kTokenIdMissing:
      return "jti of the proof is missing, empty or longer than 256 bytes";
    case ProofRefusal::kOtherMethod:
      return "htm of the proof is not the method of the request";
    case ProofRefusal::kOtherUrl:
      return "htu of the proof is not the URL of the request";
    case ProofRefusal::kTooOld:
      return "the proof is older than jwt_auth.proof_max_age";
    case ProofRefusal::kAhead:
      return "iat of the proof lies ahead";
    case ProofRefusal::kOtherAccessToken:
      return "ath of the proof is missing or not of this access token";
    case ProofRefusal::kOtherNonce:
      return "nonce of the proof is missing or not the one asked for";
    case ProofRefusal::kOtherChallenge:
      return "jti of the proof is not a challenge that is good for this session";
    case ProofRefusal::kOtherKey:
      return "the proof is by another key";
    case ProofRefusal::kRepeated:
      return "a proof with this jti was there before";
  }
  return "";
}

ProofResult<ProofKey> ReadProofKey(const JsonValue &jwk) {
  if (!jwk.is(JsonType::kObject)) return ProofRefusal::kKeyUnusable;
  if (HasPrivateMember(jwk)) return ProofRefusal::kKeyNotPublic;
  auto key = ParseJwk(jwk);
  if (!key) return ProofRefusal::kKeyUnusable;
  if (key->is_private()) return ProofRefusal::kKeyNotPublic;
  if (key->algorithms().empty() || (key->operations() & kOpVerify) == 0) return ProofRefusal::kKeyUnusable;
  if (key->type() == KeyType::kRsa && EVP_PKEY_get_bits(key->pkey()) > kMaxProofRsaBits) return ProofRefusal::kKeyUnusable;
  const auto thumbprint = JwkThumbprint(jwk);
  if (!thumbprint) return ProofRefusal::kKeyUnusable;
  const auto digest = DecodeBase64Url(*thumbprint);
  ProofKey out{std::move(*key), {}};
  if (!digest || digest->size() != out.thumbprint.size()) return ProofRefusal::kKeyUnusable;
  std::copy(digest->begin(), digest->end(), out.thumbprint.begin());
  return out;
}

Result<std::string> BarePublicJwk(const Key &key) {
  if (key.pkey() == nullptr) return Error{ErrorCode::kUnusableKey, "a secret has no public part"};
  SecretBytes members;
  if (auto appended = AppendKeyMembers(key.pkey(), false, members); !appended) return appended.error();
  std::string jwk;
  JsonWriter writer(jwk);
  writer.BeginObject();
  writer.AddJson(AsText(members));
  writer.EndObject();
  return jwk;
}

AlgorithmSet AsymmetricAlgorithms() {
  AlgorithmSet set;
  for (int i = 0; i < kAlgorithmCount; ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    if (InfoOf(algorithm).family != AlgorithmFamily::kHmac) set = set | AlgorithmSet(algorithm);
  }
  return set;
}

ProofResult<UnverifiedJws> ParseProof(std::string_view proof, std::string_view type, AlgorithmSet allowed) {
  if (proof.empty()) return ProofRefusal::kMissing;
  if (proof.size() > kMaxProofSize) return ProofRefusal::kTooLarge;
  auto jws = UnverifiedJws::Parse(proof);
  if (!jws) return ProofRefusal::kMalformed;
  if (!jws->typ() || !IsSameType(*jws->typ(), type)) return ProofRefusal::kWrongType;
  if ((AlgorithmsNamed(jws->alg()) & allowed).empty()) return ProofRefusal::kAlgorithmNotAllowed;
  return std::move(*jws);
}

ProofResult<JsonDocument> VerifyProof(UnverifiedJws proof, Key key, AlgorithmSet allowed) {
  KeySet keys;
  keys.keys.push_back(std::move(key));
  const auto verified = VerifyJws(std::move(proof), keys, allowed);
  if (!verified) {
    switch (verified.error().code) {
      case ErrorCode::kBadSignature:
        return ProofRefusal::kBadSignature;
      case ErrorCode::kAlgorithmNotAllowed:
        return ProofRefusal::kAlgorithmNotAllowed;
      default:
        return ProofRefusal::kKeyUnusable;
    }
  }
  auto payload = ParseJsonObject(verified->payload());
  if (!payload) return ProofRefusal::kMalformed;
  return std::move(*payload);
}

ProofResult<std::string> ProofId(const JsonDocument &payload) {
  const auto jti = payload.root().Find("jti");
  if (!jti) return ProofRefusal::kTokenIdMissing;
  if (!jti->is(JsonType::kString)) return ProofRefusal::kMalformed;
  if (jti->text().empty() || jti->text().size() > kMaxProofIdSize) return ProofRefusal::kTokenIdMissing;
  return std::string(jti->text());
}

}  // namespace jwt_auth::jose
