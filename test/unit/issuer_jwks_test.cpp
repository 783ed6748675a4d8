#include "jose/keys/issuer_jwks.hpp"

#include "jose/json/base64url.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/keys/signing_jwk.hpp"
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

std::string Public(std::string_view algorithm, std::string_view kid) {
  GenerateOptions options;
  options.algorithm = algorithm;
  options.kid = kid;
  const auto jwk = ReadSigningKey(AsText(*GenerateJwk(options)));
  return *jwk->public_jwk;
}

std::string Oct(std::string_view kid, std::size_t size = 32) {
  return R"({"kty":"oct","kid":")" + std::string(kid) + R"(","k":")" + EncodeBase64Url(std::string(size, 's')) + "\"}";
}

std::string SetOf(std::initializer_list<std::string> members) {
  std::string set = R"({"keys":[)";
  for (const std::string &member : members) set += (set.back() == '[' ? "" : ",") + member;
  return set + "]}";
}

TEST(IssuerJwks, KeepsPublicKeysAsTheyWereGiven) {
  const std::string key = Public("ES256", "a");
  const auto keys = ReadIssuerJwks(SetOf({key}));
  ASSERT_ACCEPTED(keys);
  EXPECT_EQ(keys->public_jwks, SetOf({key}));
  EXPECT_TRUE(keys->secret_jwks.empty());
  EXPECT_TRUE(keys->public_verifies && keys->verifies() && keys->skipped.empty());
}

TEST(IssuerJwks, TakesASingleJwkForASetOfOne) {
  const std::string key = Public("EdDSA", "a");
  const auto keys = ReadIssuerJwks(key);
  ASSERT_ACCEPTED(keys);
  EXPECT_EQ(keys->public_jwks, SetOf({key}));
}

TEST(IssuerJwks, PartsSecretsFromPublicKeys) {
  const std::string key = Public("ES256", "a");
  const auto keys = ReadIssuerJwks(SetOf({Oct("h"), key}));
  ASSERT_ACCEPTED(keys);
  EXPECT_EQ(keys->public_jwks, SetOf({key}));
  EXPECT_EQ(AsText(keys->secret_jwks),
            SetOf({R"({"kty":"oct","kid":"h","k":")" + EncodeBase64Url(std::string(32, 's')) + "\"}"}));
  const auto alone = ReadIssuerJwks(Oct("h"));
  ASSERT_ACCEPTED(alone);
  EXPECT_EQ(alone->public_jwks, R"({"keys":[]})");
  EXPECT_TRUE(alone->verifies() && !alone->public_verifies);
}

TEST(IssuerJwks, SaysWhatItSkippedAndWhy) {
  const std::string key = Public("ES256", "a");
  const auto keys = ReadIssuerJwks(SetOf({R"({"kty":"AKP","kid":"pq","alg":"ML-DSA-44"})", "7", key, Oct("short", 8),
                                          R"({"kty":"oct","kid":"empty"})", R"({"kty":"EC","kid":"line\nbreak"})"}));
  ASSERT_ACCEPTED(keys);
  ASSERT_EQ(keys->skipped.size(), 5U);
  EXPECT_EQ(keys->skipped[0].name, "pq");
  EXPECT_EQ(keys->skipped[1].name, "");
  EXPECT_STREQ(keys->skipped[1].reason, "not a JSON object");
  EXPECT_EQ(keys->skipped[2].name, "short");
  EXPECT_EQ(keys->skipped[3].name, "empty");
  EXPECT_EQ(keys->skipped[4].name, "line?break");
  for (const SkippedKey &skipped : keys->skipped) EXPECT_NE(skipped.reason, nullptr);
  // A secret that can't be used is nowhere.
  EXPECT_EQ(keys->public_jwks.find("oct"), std::string::npos);
  EXPECT_TRUE(keys->secret_jwks.empty());
}

TEST(IssuerJwks, CutsLongNamesBetweenCharacters) {
  std::string kid(63, 'k');
  kid += "\xC3\xA4";
  const auto keys = ReadIssuerJwks(SetOf({R"({"kty":"new","kid":")" + kid + "\"}"}));
  ASSERT_ACCEPTED(keys);
  EXPECT_EQ(keys->skipped[0].name, std::string(63, 'k'));
  EXPECT_FALSE(keys->verifies());
}

TEST(IssuerJwks, LeavesOutWhatStandsBesideTheKeys) {
  const std::string key = Public("ES256", "a");
  // Members of that name are private in a key, and nothing but names elsewhere.
  const auto keys = ReadIssuerJwks(R"({"keys":[)" + key + R"(],"d":1,"about":{"k":"public"},"next":null})");
  ASSERT_ACCEPTED(keys);
  EXPECT_EQ(keys->public_jwks, SetOf({key}));
}

TEST(IssuerJwks, RefusesPrivateKeysHoweverMalformed) {
  const std::string good = Public("ES256", "a");
  for (const char *secret :
       {R"({"kty":"EC","d":"x"})", R"({"d":null})", R"({"kty":"RSA","qi":1})", R"({"k":""})", R"({"kty":"AKP","priv":"x"})",
        R"({"kty":"new","before":[{"kty":"EC","d":"x"}]})", R"({"kty":"new","before":{"kty":"oct","k":"x"}})",
        R"("-----BEGIN PRIVATE KEY-----\nMIG")", R"({"kty":"new","pem":"-----BEGIN RSA PRIVATE KEY-----"})"}) {
    const auto refused = ReadIssuerJwks(SetOf({good, secret}));
    EXPECT_REFUSED(refused, kUnusableKey);
    EXPECT_STREQ(refused.error().detail, "a private key where only public ones belong");
  }
  EXPECT_REFUSED(ReadIssuerJwks(R"({"keys":[)" + good + R"(],"next":{"kty":"oct","k":"x"}})"), kUnusableKey);
}

TEST(IssuerJwks, RefusesWhatIsNoSet) {
  for (const char *text : {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[)", "\"keys\""})
    EXPECT_REFUSED(ReadIssuerJwks(text), kUnusableKey);
  std::string many = R"({"keys":[7)";
  for (std::size_t i = 0; i < kMaxKeysInSet; i++) many += ",7";
  EXPECT_REFUSED(ReadIssuerJwks(many + "]}"), kTooLarge);
  for (const char *text : {R"({"keys":[]})", R"({"keys":[7]})", R"({"keys":[{"kty":"new"}]})"}) {
    const auto keys = ReadIssuerJwks(text);
    ASSERT_ACCEPTED(keys);
    EXPECT_FALSE(keys->verifies());
  }
}

TEST(IssuerJwks, HandsOnTheKeysThatVerify) {
  GenerateOptions options;
  options.algorithm = "RSA-OAEP";
  const auto encrypting = PublicJwk(ParseJsonObject(AsText(*GenerateJwk(options)))->root());
  ASSERT_ACCEPTED(encrypting);
  const auto keys =
      VerifyingJwks(SetOf({R"({"kty":"new"})", *encrypting, Public("ES256", "a"), Public("RS256", "b"), Oct("h")}));
  ASSERT_ACCEPTED(keys);
  const auto set = ParseKeys("{\"keys\":[" + *keys + "]}");
  ASSERT_ACCEPTED(set);
  ASSERT_EQ(set->keys.size(), 2U);
  EXPECT_EQ(set->keys[0].kid(), "a");
  EXPECT_EQ(set->keys[1].alg(), "RS256");
  // By names that software from before RFC 9864 knows, and a curve that it may not know with its `alg`, by which it is set
  // aside.
  const auto renamed = VerifyingJwks(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","alg":"Ed25519",)"
      R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"EC","crv":"secp256k1",)"
      R"("x":"eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g","y":"SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg"}]})");
  ASSERT_ACCEPTED(renamed);
  EXPECT_NE(renamed->find(R"("alg":"EdDSA")"), std::string::npos);
  EXPECT_NE(renamed->find(R"("alg":"ES256K")"), std::string::npos);
  EXPECT_EQ(*VerifyingJwks("{}"), "");
  EXPECT_REFUSED(VerifyingJwks("7"), kUnusableKey);
}

}  // namespace
}  // namespace jwt_auth::jose
