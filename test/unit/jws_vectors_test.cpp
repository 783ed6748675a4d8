// The examples of RFC 7515, 7517, 7520, 7638 and 8037.
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

TEST(Vectors, EverySignatureVerifies) {
  const JsonDocument vectors = LoadVectors("jws.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    const std::string token = Member(vector, "token");
    const std::string encoded = token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1);
    const std::string key = Text(*vector.Find("key"));
    const auto payload = VerifiedPayload(token, Keys(key), AlgorithmsNamed(Member(vector, "algorithm")));
    ASSERT_ACCEPTED(payload);
    EXPECT_EQ(EncodeBase64Url(*payload), encoded);
    ++count;
  });
  EXPECT_EQ(count, 10);
}

TEST(Vectors, PublicKeysVerifyAsWell) {
  const JsonDocument vectors = LoadVectors("jws.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    const std::string key = Text(*vector.Find("key"));
    if (Member(*vector.Find("key"), "kty") == "oct") return;
    SCOPED_TRACE(Member(vector, "source"));
    EXPECT_ACCEPTED(VerifiedPayload(Member(vector, "token"), Keys(PublicOf(key))));
    ++count;
  });
  EXPECT_EQ(count, 8);
}

TEST(Vectors, DeterministicSignaturesAreReproduced) {
  const JsonDocument vectors = LoadVectors("jws.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    const std::string token = Member(vector, "token");
    const std::size_t last = token.rfind('.');
    const KeySet keys = Keys(Text(*vector.Find("key")));
    const Key &key = keys.keys.front();
    const Algorithm algorithm = (AlgorithmsNamed(Member(vector, "algorithm")) & key.algorithms()).first();
    const auto signature = key.Sign(algorithm, token.substr(0, last));
    ASSERT_ACCEPTED(signature);
    const bool same = EncodeBase64Url(*signature) == token.substr(last + 1);
    EXPECT_EQ(same, vector.Find("deterministic")->is(JsonType::kTrue));
    EXPECT_ACCEPTED(key.Verify(algorithm, token.substr(0, last), *signature));
    ++count;
  });
  EXPECT_EQ(count, 10);
}

TEST(Vectors, TheUnsecuredExampleOfRfc7515IsRefused) {
  const std::string token =
      "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
  EXPECT_REFUSED(VerifiedPayload(token, Keys(kSecret)), kAlgorithmNotAllowed);
}

TEST(Vectors, KeysAreReadAndHaveTheirThumbprints) {
  const JsonDocument vectors = LoadVectors("keys.json");
  int thumbprints = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    const JsonValue jwk = *vector.Find("key");
    const auto key = ParseJwk(jwk);
    ASSERT_ACCEPTED(key);
    EXPECT_EQ(key->is_private(), vector.Find("private")->is(JsonType::kTrue));
    const auto thumbprint = JwkThumbprint(jwk);
    ASSERT_ACCEPTED(thumbprint);
    if (const auto expected = vector.Find("thumbprint")) {
      EXPECT_EQ(*thumbprint, expected->text());
      ++thumbprints;
    }
  });
  EXPECT_EQ(vectors.root().size(), 14U);
  EXPECT_EQ(thumbprints, 4);
}

TEST(Vectors, ThePublicPartOfAKeyIsThePublicKey) {
  const JsonDocument vectors = LoadVectors("keys.json");
  std::string previous;
  int compared = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    const JsonValue jwk = *vector.Find("key");
    if (Member(jwk, "kty") == "oct") {
      EXPECT_REFUSED(PublicJwk(jwk), kUnusableKey);
      return;
    }
    SCOPED_TRACE(Member(vector, "source"));
    const auto text = PublicJwk(jwk);
    ASSERT_ACCEPTED(text);
    const auto document = ParseJson(*text);
    for (const char *name : {"d", "p", "q", "dp", "dq", "qi", "k"}) EXPECT_FALSE(document->root().Find(name)) << name;
    for (const char *name : {"kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"}) {
      EXPECT_EQ(Member(document->root(), name), Member(jwk, name)) << name;
    }
    EXPECT_EQ(*JwkThumbprint(document->root()), *JwkThumbprint(jwk));
    ++compared;
  });
  EXPECT_EQ(compared, 10);
}

}  // namespace
}  // namespace jwt_auth::jose
