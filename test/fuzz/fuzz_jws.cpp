// Signed tokens: nothing verifies but what was signed.
#include <vector>

#include "fuzz.hpp"
#include "jose/jwt/jwt.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

struct Signed {
  jose::KeySet keys;
  std::string token;
};

// The examples of the RFCs, each with its key.
const std::vector<Signed> &Examples() {
  static const std::vector<Signed> examples = [] {
    std::vector<Signed> all;
    const auto vectors = jose::LoadVectors("jws.json");
    jose::ForEach(vectors.root(), [&](const jose::JsonValue &vector) {
      all.push_back(
          {fuzz::KeysOf(jose::Text(*vector.Find("key")), jose::KeyPurpose::kSignature), jose::Member(vector, "token")});
    });
    return all;
  }();
  return examples;
}

Result<std::string> Verified(std::string_view token, const jose::KeySet &keys) {
  auto parsed = jose::UnverifiedJws::Parse(token);
  if (!parsed) {
    Require(fuzz::IsOneOf(parsed, {ErrorCode::kMalformed, ErrorCode::kTooLarge}), "refusals of a form are those documented");
    return parsed.error();
  }
  auto verified = jose::VerifyJws(std::move(*parsed), keys, jose::AlgorithmSet::All());
  if (verified) return verified->payload();
  Require(fuzz::IsOneOf(verified, {ErrorCode::kNoSuchKey, ErrorCode::kAlgorithmNotAllowed, ErrorCode::kUnusableKey,
                                   ErrorCode::kBadSignature}),
          "refusals of a token are those documented");
  return verified.error();
}

void AnyToken(fuzz::Input input) {
  const Signed &example = Examples()[input.Choice(Examples().size())];
  const std::string_view token = input.Rest();
  if (!Verified(token, example.keys)) return;
  bool known = false;
  for (const Signed &one : Examples()) known = known || one.token == token;
  Require(known, "no token verifies that its key has not signed");
}

// Any header under a signature that is right: what counts is then the header.
void AnyHeader(fuzz::Input input) {
  static const jose::KeySet keys = fuzz::KeysOf(fuzz::OctJwk(32, R"(,"alg":"HS256","kid":"k")"), jose::KeyPurpose::kSignature);
  const std::string_view header = input.Text();
  const std::string_view payload = input.Rest();
  std::string token = jose::EncodeBase64Url(header) + "." + jose::EncodeBase64Url(payload);
  token += "." + jose::EncodeBase64Url(*keys.keys.front().Sign(jose::Algorithm::kHS256, token));
  const auto verified = Verified(token, keys);
  if (!verified) {
    Require(verified.error().code != ErrorCode::kBadSignature, "a right signature is right");
    return;
  }
  Require(*verified == payload, "the payload is what was signed");
  const auto document = jose::ParseJsonObject(header);
  Require(static_cast<bool>(document), "a header is an object");
  const jose::JsonValue root = document->root();
  Require(jose::Member(root, "alg") == "HS256" && root.Find("alg")->is(jose::JsonType::kString), "the key fixes the algorithm");
  Require(!root.Find("crit") && !root.Find("enc"), "crit and enc are refused");
  Require(!root.Find("b64") || root.Find("b64")->is(jose::JsonType::kTrue), "b64 is not false");
  Require(!root.Find("kid") || jose::Member(root, "kid") == "k", "another kid is refused");
}

void AnySigning(fuzz::Input input) {
  const Signed &example = Examples()[input.Choice(Examples().size())];
  constexpr std::string_view kAlgorithms[] = {"",      "HS256", "HS512", "RS256", "PS384", "ES256",
                                              "ES512", "EdDSA", "none",  "None",  "HS1"};
  const std::string_view algorithm = kAlgorithms[input.Choice(std::size(kAlgorithms))];
  const std::size_t where = input.Number();
  const unsigned char what = input.Byte();
  const std::string_view header = input.Text();
  const std::string_view payload = input.Rest();
  const auto extra = jose::ParseJson(header);
  if (!header.empty() && !extra) return;
  jose::SignOptions options;
  options.alg_name = algorithm;
  options.typ = "JWT";
  if (extra) options.extra_header = &*extra;
  const auto token = jose::SignJws(payload, example.keys, options);
  if (!token) {
    Require(fuzz::IsOneOf(token, {ErrorCode::kInvalidArgument, ErrorCode::kAlgorithmNotAllowed, ErrorCode::kUnusableKey}),
            "refusals to sign are those documented");
    return;
  }
  const auto verified = Verified(*token, example.keys);
  Require(verified && *verified == payload, "what is signed verifies");
  const std::string altered = fuzz::Altered(*token, where, what);
  Require(altered == *token || !Verified(altered, example.keys), "an altered token does not verify");
}

// A JWT under a right signature of one of several keys: what is accepted then is what was asked for.
void AnyJwt(fuzz::Input input) {
  static const jose::KeySet keys = fuzz::KeysOf(R"({"keys":[)" + fuzz::OctJwk(48, R"(,"kid":"a","alg":"HS384")") + "," +
                                                    fuzz::OctJwk(33) + "," + fuzz::OctJwk(32, R"(,"kid":"b")") + "]}",
                                                jose::KeyPurpose::kSignature);
  jose::JwtExpectations expected;
  expected.type.rule = static_cast<jose::ExpectedType::Rule>(input.Choice(5));
  expected.is_foreign = input.Choice(2) == 1;
  expected.claims.now = static_cast<jose::Micros>(input.Byte()) * jose::kMicrosPerSecond;
  expected.claims.needs_exp = true;
  const std::string_view header = input.Text();
  const std::string_view issuer = input.Text();
  const std::string_view payload = input.Rest();
  expected.type.name = issuer;
  if (!issuer.empty()) expected.claims.issuer = issuer;
  std::string text = jose::EncodeBase64Url(header) + "." + jose::EncodeBase64Url(payload);
  text += "." + jose::EncodeBase64Url(*keys.keys[2].Sign(jose::Algorithm::kHS256, text));
  auto token = jose::UnverifiedJwt::Parse(text);
  if (!token) return;
  const auto before = token->UnverifiedClaims();
  const auto verified = jose::VerifyJwt(*token, keys, expected);
  if (!verified) return;
  Require(before && jose::ParseJsonObject(payload), "claims are an object, whoever looks first");
  Require(jose::IsExpectedType(verified->token().typ(), expected.type), "its type is the one that is asked for");
  Require(verified->key().kid() == "b", "the key that signed it is told");
  Require(!verified->token().kid() || *verified->token().kid() == "b", "a key that the token names is that one");
  Require(jose::CheckClaims(verified->claims(), expected.claims) && verified->claims().exp, "its claims hold");
}

}  // namespace

FUZZ_TARGET(input) {
  switch (input.Choice(4)) {
    case 0:
      return AnyToken(input);
    case 1:
      return AnyHeader(input);
    case 2:
      return AnySigning(input);
    default:
      return AnyJwt(input);
  }
}
