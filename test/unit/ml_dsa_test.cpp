// ML-DSA (FIPS 204) in JOSE (RFC 9964): where OpenSSL has it, and where it has not.
#include "jose/keys/ml_dsa_key.hpp"

#include "jose/keys/signing_jwk.hpp"
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

constexpr const char *kAlgorithms[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};

template <class Check>
void ForEachVector(Check check) {
  const JsonDocument vectors = LoadVectors("ml_dsa.json");
  ForEach(vectors.root(), [&check](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    check(vector, Text(*vector.Find("key")));
  });
}

TEST(MlDsa, IsThereFromOpenSsl35On) { EXPECT_EQ(IsMlDsaSupported(), OpenSSL_version_num() >= 0x30500000UL); }

TEST(MlDsa, ThumbprintsOfTheRfc) {
  ForEachVector([](const JsonValue &vector, const std::string &key) {
    const auto thumbprint = JwkThumbprint(ParseJson(key)->root());
    ASSERT_ACCEPTED(thumbprint);
    EXPECT_EQ(*thumbprint, Member(vector, "thumbprint"));
  });
}

TEST(MlDsa, WithoutItKeysAreRefusedAndSkippedInSets) {
  if (IsMlDsaSupported()) GTEST_SKIP();
  GenerateOptions options;
  options.algorithm = "ML-DSA-65";
  const auto generated = GenerateJwk(options);
  EXPECT_REFUSED(generated, kUnusableKey);
  EXPECT_STREQ(generated.error().detail, "ML-DSA keys need OpenSSL 3.5 or newer");
  const std::string rsa = With(PublicOf(Generate("RS256")), {{"kid", "\"a\""}});
  ForEachVector([&rsa](const JsonValue &, const std::string &key) {
    const auto parsed = ParseKeys(key);
    EXPECT_REFUSED(parsed, kUnusableKey);
    EXPECT_STREQ(parsed.error().detail, "ML-DSA keys need OpenSSL 3.5 or newer");
    const auto set = ParseKeys("{\"keys\":[" + With(key, {{"kid", "\"a\""}}) + "," + rsa + "]}");
    ASSERT_ACCEPTED(set);
    EXPECT_EQ(set->keys.size(), 1U);
    EXPECT_EQ(DescribeSkipped(set->skipped), "key \"a\": ML-DSA keys need OpenSSL 3.5 or newer");
  });
}

TEST(MlDsa, SignaturesOfTheRfc) {
  if (!IsMlDsaSupported()) GTEST_SKIP();
  ForEachVector([](const JsonValue &vector, const std::string &key) {
    const std::string token = Member(vector, "token");
    EXPECT_ACCEPTED(VerifiedPayload(token, Keys(key)));
    EXPECT_ACCEPTED(VerifiedPayload(token, Keys(PublicOf(key))));
    std::string wrong = token;
    wrong[wrong.size() - 100] = wrong[wrong.size() - 100] == 'A' ? 'B' : 'A';
    EXPECT_REFUSED(VerifiedPayload(wrong, Keys(key)), kBadSignature);
    const std::size_t signature_at = token.rfind('.') + 1;
    const std::string signature = *DecodeBase64Url(token.substr(signature_at));
    EXPECT_REFUSED(VerifiedPayload(token.substr(0, signature_at) + EncodeBase64Url(signature.substr(1)), Keys(key)),
                   kBadSignature);
  });
}

TEST(MlDsa, WhatIsSignedVerifies) {
  if (!IsMlDsaSupported()) GTEST_SKIP();
  for (const char *algorithm : kAlgorithms) {
    SCOPED_TRACE(algorithm);
    const std::string jwk = GenerateAfresh(algorithm);
    const auto document = ParseJson(jwk);
    EXPECT_EQ(Member(document->root(), "kty"), "AKP");
    EXPECT_EQ(Member(document->root(), "alg"), algorithm);
    EXPECT_EQ(Member(document->root(), "kid"), *JwkThumbprint(document->root()));
    const KeySet keys = Keys(jwk);
    const std::string token = Sign("payload", keys);
    EXPECT_ACCEPTED(VerifiedPayload(token, Keys(PublicOf(jwk))));
    EXPECT_REFUSED(VerifiedPayload(token, Keys(PublicOf(With(GenerateAfresh(algorithm), {{"kid", ""}})))), kBadSignature);
    EXPECT_REFUSED(SignJws("x", Keys(PublicOf(jwk)), {}), kUnusableKey);
    EXPECT_EQ(PublicOf(jwk).find("priv"), std::string::npos);
  }
}

TEST(MlDsa, PemAndBack) {
  if (!IsMlDsaSupported()) GTEST_SKIP();
  for (const char *algorithm : kAlgorithms) {
    SCOPED_TRACE(algorithm);
    const std::string jwk = With(GenerateAfresh(algorithm), {{"use", ""}});
    for (const std::string &one : {jwk, PublicOf(jwk)}) {
      const auto pem = JwkToPem(ParseJson(one)->root());
      ASSERT_ACCEPTED(pem);
      EXPECT_ACCEPTED(ParseKeys(AsText(*pem)));
      const auto back = JwkFromPem(AsText(*pem), std::nullopt, std::nullopt);
      ASSERT_ACCEPTED(back);
      EXPECT_EQ(AsText(*back), one);
      EXPECT_ACCEPTED(JwkFromPem(AsText(*pem), std::nullopt, algorithm));
      EXPECT_REFUSED(JwkFromPem(AsText(*pem), std::nullopt, "ES256"), kUnusableKey);
    }
  }
}

TEST(MlDsa, ASigningKeyForTheKeyring) {
  if (!IsMlDsaSupported()) GTEST_SKIP();
  const std::string jwk = GenerateAfresh("ML-DSA-65");
  const auto key = ReadSigningKey(jwk);
  ASSERT_ACCEPTED(key);
  EXPECT_EQ(key->alg, "ML-DSA-65");
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(AsText(key->private_jwk))), Keys(*key->public_jwk)));
}

TEST(MlDsa, WrongKeysAreRefused) {
  if (!IsMlDsaSupported()) GTEST_SKIP();
  const std::string jwk = GenerateAfresh("ML-DSA-44");
  const std::string other = GenerateAfresh("ML-DSA-44");
  const std::string short_seed = EncodeBase64Url(std::string(31, 'x'));
  for (const std::string &bad :
       {With(jwk, {{"alg", ""}}), With(jwk, {{"alg", "\"ML-DSA-65\""}}), With(jwk, {{"alg", "\"ES256\""}}),
        With(jwk, {{"pub", ""}}), With(jwk, {{"pub", "\"AAAA\""}}), With(jwk, {{"priv", Quoted(short_seed)}}),
        With(jwk, {{"priv", Quoted(Member(ParseJson(other)->root(), "priv"))}}),
        With(jwk, {{"use", "\"enc\""}, {"alg", "\"A\""}})})
    EXPECT_REFUSED(ParseKeys(bad), kUnusableKey) << bad.substr(0, 60);
}

TEST(MlDsa, OneKidForTheClassicalAndTheNewKey) {
  if (!IsMlDsaSupported()) GTEST_SKIP();
  const std::string pq = With(GenerateAfresh("ML-DSA-65"), {{"kid", "\"a\""}});
  const std::string rsa = With(Generate("RS256"), {{"kid", "\"a\""}});
  const KeySet keys = Keys("{\"keys\":[" + PublicOf(pq) + "," + PublicOf(rsa) + "]}");
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(pq)), keys));
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(rsa)), keys));
}

}  // namespace
}  // namespace jwt_auth::jose
