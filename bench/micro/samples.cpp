#include "samples.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>

#include "jose/jwt/jwt.hpp"

namespace jwt_auth::bench {

const std::string_view kPayload =
    R"({"iss":"https://auth.example.com","sub":"6f1d3c0e-6f0a-4b5e-9d2a-0d5a4a9b7c11","aud":"api.example.com",)"
    R"("exp":4102444800,"nbf":1700000000,"iat":1700000000,"jti":"9c2f9a3e-5b7d-4c1e-8f0a-2d6b4e8a1c35",)"
    R"("sid":"1234567","role":"authenticated"})";

void Give(const char *what, const char *why) {
  std::fprintf(stderr, "%s: %s\n", what, why == nullptr ? "refused" : why);
  std::exit(1);
}

const jose::KeySet &SampleKeys(std::string_view algorithm) {
  static std::map<std::string, jose::KeySet, std::less<>> made;
  const auto known = made.find(algorithm);
  if (known != made.end()) return known->second;
  if (algorithm.substr(0, 2) == "HS") {
    return made.emplace(algorithm, Expect(jose::ParseKeys(kSecret), "secret")).first->second;
  }
  jose::GenerateOptions options;
  options.algorithm = algorithm;
  if (algorithm == "EdDSA") options.curve = "Ed25519";
  const jose::SecretBytes jwk = Expect(jose::GenerateJwk(options), "key");
  return made.emplace(algorithm, Expect(jose::ParseKeys(jose::AsText(jwk)), "key")).first->second;
}

const std::string &SampleToken(std::string_view algorithm) {
  static std::map<std::string, std::string, std::less<>> made;
  const auto known = made.find(algorithm);
  if (known != made.end()) return known->second;
  jose::SignOptions options;
  options.alg_name = algorithm;
  options.typ = "JWT";
  return made.emplace(algorithm, Expect(jose::SignJws(kPayload, SampleKeys(algorithm), options), "token")).first->second;
}

bool VerifyToken(std::string_view token, const jose::KeySet &keys) {
  auto parsed = jose::UnverifiedJwt::Parse(token);
  if (!parsed) return false;
  jose::JwtExpectations expected;
  expected.claims.audience = "api.example.com";
  expected.claims.now = jose::Micros{1800000000} * jose::kMicrosPerSecond;
  return static_cast<bool>(jose::VerifyJwt(*parsed, keys, expected));
}

}  // namespace jwt_auth::bench
