// Proofs of possession and the URLs that they name.
#include <vector>

#include "fuzz.hpp"
#include "jose/proof/dbsc.hpp"
#include "jose/proof/dpop.hpp"
#include "jose/proof/http_url.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

// A P-256 key of the test vectors, and its public half.
struct Device {
  jose::KeySet keys;
  std::string public_jwk;
};
const Device &TheDevice() {
  static const Device device = [] {
    const auto vectors = jose::LoadVectors("jws.json");
    Device found;
    jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
      if (jose::Member(vector, "algorithm") != "ES256" || !found.public_jwk.empty()) return;
      const std::string jwk = jose::Text(*vector.Find("key"));
      found.keys = fuzz::KeysOf(jwk, jose::KeyPurpose::kSignature);
      found.public_jwk = *jose::PublicJwk(jose::ParseJson(jwk)->root());
    });
    Require(!found.public_jwk.empty(), "the test vectors have an ES256 key");
    return found;
  }();
  return device;
}

std::string Signed(std::string_view header, std::string_view payload) {
  std::string proof = jose::EncodeBase64Url(header) + "." + jose::EncodeBase64Url(payload);
  return proof + "." + jose::EncodeBase64Url(*TheDevice().keys.keys.front().Sign(jose::Algorithm::kES256, proof));
}

void AnyUrl(fuzz::Input input) {
  const std::string_view url = input.Rest();
  if (const auto normalized = jose::NormalizedHttpUrl(url)) {
    Require(jose::NormalizedHttpUrl(*normalized) == normalized, "a normalised URL stays as it is");
    Require(normalized->find_first_of("?# \"<>\\") == std::string::npos, "query, fragment and blanks are gone");
    Require(normalized->rfind("http", 0) == 0, "a URL is one of HTTP");
  }
  const auto origin = jose::NormalizedOrigin(url);
  Require(!origin || jose::NormalizedHttpUrl(*origin) == *origin + "/", "an origin is a URL with an empty path");
}

void AnyProof(fuzz::Input input) {
  static const std::vector<std::string> figures = [] {
    std::vector<std::string> all;
    const auto vectors = jose::LoadVectors("dpop.json");
    jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) { all.push_back(jose::Member(vector, "proof")); });
    return all;
  }();
  const std::string_view proof = input.Rest();
  (void)jose::ReadDbscRegistration(proof);
  if (!jose::ReadDpopProof(proof)) return;
  bool known = false;
  for (const std::string &figure : figures) known = known || figure == proof;
  Require(known, "no proof is good that no key has signed");
}

// Any header and claims under a signature that is right: what counts is then what they say.
void AnyDpop(fuzz::Input input) {
  const std::string_view method = input.Text();
  const std::string_view url = input.Text();
  const std::string_view more = input.Text();
  const std::string_view payload = input.Rest();
  const std::string header = R"({"jwk":)" + TheDevice().public_jwk + R"(,"alg":"ES256",)" + std::string(more) + "}";
  const auto proof = jose::ReadDpopProof(Signed(header, payload));
  if (!proof) {
    Require(proof.refusal() != jose::ProofRefusal::kBadSignature, "a right signature is right");
    return;
  }
  const auto claims = jose::ParseJsonObject(payload);
  Require(static_cast<bool>(claims), "claims are an object");
  Require(jose::Member(claims->root(), "jti") == proof->jti() && !proof->jti().empty(), "jti is what was signed");
  jose::DpopExpectations expected;
  expected.method = method;
  expected.url = url;
  expected.now = proof->iat();
  if (!jose::CheckDpopProof(*proof, expected)) {
    Require(jose::Member(claims->root(), "htm") == method, "the method is the one that was signed");
    Require(jose::NormalizedHttpUrl(url).has_value(), "what is no URL matches nothing");
  }
  const jose::Micros latest = jose::DpopGoodUntil(*proof, expected);
  Require(latest >= proof->iat(), "a proof is good when it was made");
  Require(jose::FormatThumbprint(proof->thumbprint()).size() == 43, "a thumbprint is a SHA-256");
  expected.nonce = jose::NonceCheck::kWrong;
  Require(jose::CheckDpopProof(*proof, expected).has_value(), "a wrong nonce is refused");
  expected.nonce = jose::NonceCheck::kNotAsked;
  expected.now = proof->iat() > 0 ? proof->iat() - 6 * jose::kMicrosPerSecond : 0;
  Require(proof->iat() < expected.now + 6 * jose::kMicrosPerSecond || jose::CheckDpopProof(*proof, expected).has_value(),
          "a proof of the future is refused");
  expected.now = proof->iat();
  expected.access_token = "token";
  Require(jose::Member(claims->root(), "ath") == jose::AccessTokenHash("token") || jose::CheckDpopProof(*proof, expected),
          "a proof without the token's hash is not for it");
}

void AnyDbsc(fuzz::Input input) {
  const bool with_key = input.Choice(2) == 0;
  const std::string_view more = input.Text();
  const std::string_view payload = input.Rest();
  const std::string key = with_key ? R"("jwk":)" + TheDevice().public_jwk + "," : "";
  const std::string proof = Signed("{" + key + R"("alg":"ES256",)" + std::string(more) + "}", payload);
  const auto registration = jose::ReadDbscRegistration(proof);
  const auto challenge = jose::DbscChallengeOf(proof, TheDevice().public_jwk);
  if (!registration) return;
  Require(static_cast<bool>(challenge) && *challenge == registration->challenge, "who registers a key can answer with it");
  Require(static_cast<bool>(jose::DbscChallengeOf(proof, registration->public_jwk)), "a registered key is read again");
}

}  // namespace

FUZZ_TARGET(input) {
  switch (input.Choice(4)) {
    case 0:
      return AnyUrl(input);
    case 1:
      return AnyProof(input);
    case 2:
      return AnyDpop(input);
    default:
      return AnyDbsc(input);
  }
}
