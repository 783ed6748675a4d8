#include "jose/proof/dbsc.hpp"

#include <utility>

namespace jwt_auth::jose {
namespace {

constexpr std::string_view kType = "dbsc+jwt";

AlgorithmSet DbscAlgorithms() { return AlgorithmSet(Algorithm::kES256) | AlgorithmSet(Algorithm::kRS256); }

ProofResult<ProofKey> KeyOfRegistration(const UnverifiedJws &jws) {
  if (const auto jwk = jws.header().root().Find("jwk")) return ReadProofKey(*jwk);
  const auto payload = ParseJsonObject(jws.unverified_payload());
  if (!payload) return ProofRefusal::kMalformed;
  const auto key = payload->root().Find("key");
  if (!key) return ProofRefusal::kKeyMissing;
  return ReadProofKey(*key);
}

}  // namespace

ProofResult<DbscRegistration> ReadDbscRegistration(std::string_view proof) {
  auto jws = ParseProof(proof, kType, DbscAlgorithms());
  if (!jws) return jws.refusal();
  auto key = KeyOfRegistration(*jws);
  if (!key) return key.refusal();
  auto public_jwk = BarePublicJwk(key->key);
  if (!public_jwk) return ProofRefusal::kKeyUnusable;
  const auto payload = VerifyProof(std::move(*jws), std::move(key->key), DbscAlgorithms());
  if (!payload) return payload.refusal();
  auto challenge = ProofId(*payload);
  if (!challenge) return challenge.refusal();
  return DbscRegistration{key->thumbprint, std::move(*public_jwk), std::move(*challenge)};
}

ProofResult<std::string> DbscChallengeOf(std::string_view proof, std::string_view public_jwk) {
  auto jws = ParseProof(proof, kType, DbscAlgorithms());
  if (!jws) return jws.refusal();
  const auto jwk = ParseJsonObject(public_jwk);
  if (!jwk) return ProofRefusal::kKeyUnusable;
  auto key = ReadProofKey(jwk->root());
  if (!key) return key.refusal();
  const auto payload = VerifyProof(std::move(*jws), std::move(key->key), DbscAlgorithms());
  if (!payload) return payload.refusal();
  return ProofId(*payload);
}

}  // namespace jwt_auth::jose
