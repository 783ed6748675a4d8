// Sets of keys as issuers publish them: several keys under one kid, members that can't be used, tokens that name the wrong key.
#include "jose/interruption.hpp"
#include "jwe_support.hpp"

namespace jwt_auth::jose {
namespace {

std::string SetOf(std::initializer_list<std::string> keys) {
  std::string set;
  for (const std::string &key : keys) set += (set.empty() ? "{\"keys\":[" : ",") + key;
  return set + "]}";
}

std::string As(std::string_view jwk, std::string_view alg, std::string_view use = "sig") {
  return With(jwk, {{"kid", "\"k\""}, {"alg", alg.empty() ? "" : Quoted(alg)}, {"use", use.empty() ? "" : Quoted(use)}});
}

std::string SignedUnder(std::string_view kid, std::string_view jwk, std::string_view alg) {
  const KeySet keys = Keys(With(jwk, {{"kid", Quoted(kid)}, {"alg", Quoted(alg)}}));
  return Sign("{}", keys);
}

TEST(SharedKid, KeysOfOtherTypesAreAlternatives) {
  const std::string rsa = Generate("RS256");
  const std::string ec = Generate("ES256");
  const std::string okp = Generate("EdDSA");
  const KeySet keys = Keys(SetOf({As(PublicOf(rsa), ""), As(PublicOf(ec), ""), As(PublicOf(okp), "")}));
  EXPECT_EQ(keys.keys.size(), 3U);
  for (const auto &[jwk, alg] : {std::pair(rsa, "RS256"), std::pair(ec, "ES256"), std::pair(okp, "EdDSA")})
    EXPECT_ACCEPTED(VerifiedPayload(SignedUnder("k", jwk, alg), keys));
}

TEST(SharedKid, OneKeyForThreeAlgorithms) {
  const std::string rsa = Generate("RS256");
  const std::string jwk = PublicOf(rsa);
  const KeySet keys = Keys(SetOf({As(jwk, "RS256"), As(jwk, "RS512"), As(jwk, "RS384")}));
  for (const char *alg : {"RS256", "RS384", "RS512"}) EXPECT_ACCEPTED(VerifiedPayload(SignedUnder("k", rsa, alg), keys));
  EXPECT_REFUSED(VerifiedPayload(SignedUnder("k", rsa, "PS256"), keys), kAlgorithmNotAllowed);
}

TEST(SharedKid, ASigningAndAnEncryptionKey) {
  const std::string signing = Generate("RS256");
  const std::string encryption = Another("RS256");
  const KeySet keys = Keys(SetOf({As(PublicOf(encryption), "RSA-OAEP", "enc"), As(PublicOf(signing), "RS256")}));
  EXPECT_ACCEPTED(VerifiedPayload(SignedUnder("k", signing, "RS256"), keys));
  EXPECT_REFUSED(VerifiedPayload(SignedUnder("k", encryption, "RS256"), keys), kBadSignature);
}

TEST(SharedKid, TwoDifferentKeysForTheSameTokenMakeTheSetInvalid) {
  const std::string a = Generate("ES256");
  const std::string b = GenerateAfresh("ES256");
  const std::string rsa = PublicOf(Generate("RS256"));
  const std::string other_rsa = PublicOf(Another("RS256"));
  EXPECT_REFUSED(ParseKeys(SetOf({As(a, "ES256"), As(b, "ES256")})), kUnusableKey);
  EXPECT_REFUSED(ParseKeys(SetOf({As(PublicOf(a), ""), As(PublicOf(b), "ES256")})), kUnusableKey);
  EXPECT_REFUSED(ParseKeys(SetOf({As(rsa, ""), As(other_rsa, "RS512")})), kUnusableKey);
  EXPECT_REFUSED(ParseKeys(SetOf({As(rsa, ""), As(other_rsa, "", "")})), kUnusableKey);
  EXPECT_ACCEPTED(ParseKeys(SetOf({As(rsa, "RS256"), As(other_rsa, "RS512")})));
  EXPECT_ACCEPTED(ParseKeys(SetOf({As(rsa, "RS256"), As(other_rsa, "RSA-OAEP", "enc")})));
  // Case matters, and keys without a kid have none in common.
  EXPECT_ACCEPTED(ParseKeys(SetOf({As(a, "ES256"), With(b, {{"kid", "\"K\""}})})));
  EXPECT_ACCEPTED(ParseKeys(SetOf({With(a, {{"kid", ""}}), With(b, {{"kid", ""}})})));
}

TEST(SharedKid, TwoDifferentDecryptionKeysMakeTheSetInvalid) {
  const std::string a = Generate("ECDH-ES");
  const std::string b = GenerateAfresh("ECDH-ES");
  EXPECT_REFUSED(ParseKeys(SetOf({As(a, "", "enc"), As(b, "", "enc")}), KeyPurpose::kEncryption), kUnusableKey);
  EXPECT_ACCEPTED(ParseKeys(SetOf({As(a, "ECDH-ES", "enc"), As(b, "ECDH-ES+A256KW", "enc")}), KeyPurpose::kEncryption));
}

TEST(SharedKid, TheSameKeyTwiceDoesNotCount) {
  const std::string secret = With(Generate("HS256"), {{"kid", "\"k\""}});
  for (const std::string &jwk : {As(Generate("ES256"), "ES256"), As(PublicOf(Generate("RS256")), "RS256"), secret})
    EXPECT_ACCEPTED(ParseKeys(SetOf({jwk, jwk, jwk})));
  const std::string ec = Generate("ES256");
  EXPECT_ACCEPTED(ParseKeys(SetOf({As(ec, "ES256"), As(PublicOf(ec), "")})));
}

TEST(SharedKid, AnUnknownTypeDoesNotCount) {
  const std::string rsa = Generate("RS256");
  const std::string future = R"({"kty":"FUTURE","alg":"FUTURE-65","kid":"k","use":"sig","pub":"AAAA"})";
  const auto keys = ParseKeys(SetOf({future, As(PublicOf(rsa), "RS256"), R"({"kid":"k"})"}));
  ASSERT_ACCEPTED(keys);
  EXPECT_ACCEPTED(VerifiedPayload(SignedUnder("k", rsa, "RS256"), *keys));
  EXPECT_EQ(DescribeSkipped(keys->skipped), "key \"k\": kty of the JWK is unknown; key \"k\": JWK without kty");
}

TEST(TokenThatNamesAnUnsuitableKey, IsRefusedAsAToken) {
  const std::string rsa = Generate("RS256");
  const KeySet keys =
      Keys(SetOf({With(As(PublicOf(rsa), "RSA-OAEP", "enc"), {{"kid", "\"e\""}}), As(PublicOf(Another("RS256")), "RS256")}));
  EXPECT_REFUSED(VerifiedPayload(SignedUnder("e", rsa, "RS256"), keys), kNoSuchKey);
  EXPECT_REFUSED(VerifiedPayload(SignedUnder("x", rsa, "RS256"), keys), kNoSuchKey);
  // Given alone, the key is the caller's mistake.
  EXPECT_REFUSED(VerifiedPayload(SignedUnder("e", rsa, "RS256"), Keys(As(PublicOf(rsa), "RSA-OAEP", "enc"))), kNoSuchKey);
  EXPECT_REFUSED(VerifiedPayload(SignedUnder("k", rsa, "RS256"), Keys(As(PublicOf(rsa), "RSA-OAEP", "enc"))), kUnusableKey);
}

TEST(TokenOfASet, TheKeyThatCameClosestIsWhyItIsRefused) {
  const std::string rsa = Generate("RS256");
  const auto under = [](std::string_view kid, const std::string &jwk) { return With(jwk, {{"kid", Quoted(kid)}}); };
  const std::string encrypting = As(PublicOf(rsa), "RSA-OAEP", "enc");
  const std::string other_algorithm = As(PublicOf(rsa), "RS512");
  const std::string another = As(PublicOf(Another("RS256")), "RS256");
  const auto refusal = [](const std::string &token, std::initializer_list<std::string> jwks) -> std::string {
    const auto verified = VerifiedPayload(token, Keys(SetOf(jwks)));
    if (verified) return "verified";
    return verified.error().detail == nullptr ? "bad signature" : verified.error().detail;
  };
  const std::string not_that_algorithm = "the token names one that the key is not for";

  const std::string named = SignedUnder("k", rsa, "RS256");
  const std::string not_for_it = "the key with the kid of the token is not for verifying signatures";
  EXPECT_EQ(refusal(named, {encrypting}), not_for_it);
  EXPECT_EQ(refusal(named, {encrypting, other_algorithm}), not_that_algorithm);
  EXPECT_EQ(refusal(named, {other_algorithm, encrypting}), not_that_algorithm);
  EXPECT_EQ(refusal(named, {under("x", another), encrypting}), not_for_it);
  EXPECT_EQ(refusal(named, {under("x", another)}), "no key has the kid of the token");
  EXPECT_EQ(refusal(named, {another, encrypting}), "bad signature");

  // A token without a kid means all of them.
  const std::string unnamed = Sign("{}", Keys(With(rsa, {{"kid", ""}, {"alg", "\"RS256\""}})));
  EXPECT_EQ(refusal(unnamed, {encrypting}), "no key of the set is for verifying signatures");
  EXPECT_EQ(refusal(unnamed, {under("a", other_algorithm), encrypting}), not_that_algorithm);
  EXPECT_EQ(refusal(unnamed, {under("a", other_algorithm), under("b", another), encrypting}), "bad signature");
  EXPECT_EQ(refusal(unnamed, {under("b", another), under("a", other_algorithm), encrypting}), "bad signature");
  EXPECT_EQ(refusal(unnamed, {under("b", another), under("c", As(PublicOf(rsa), "RS256"))}), "verified");
}

TEST(TokenThatNamesAnUnsuitableKey, IsRefusedAsATokenWhenEncrypted) {
  const std::string recipient = As(Generate("RSA-OAEP"), "RSA-OAEP", "enc");
  JweOptions options;
  const auto token = EncryptJwe("text", Keys(recipient, KeyPurpose::kEncryption), options);
  ASSERT_ACCEPTED(token);
  const auto decrypt = [&token](const std::string &set) { return Decrypted(*token, EncryptionKeys(set)); };
  const std::string signing = As(Another("RS256"), "RS256");
  EXPECT_REFUSED(decrypt(SetOf({signing})), kNoSuchKey);
  EXPECT_EQ(std::string(decrypt(SetOf({signing})).error().detail), "the key with the kid of the token is not for decrypting");
  EXPECT_EQ(std::string(decrypt(SetOf({With(recipient, {{"kid", "\"x\""}})})).error().detail),
            "no key has the kid of the token");
  EXPECT_REFUSED(decrypt(SetOf({As(PublicOf(recipient), "RSA-OAEP", "enc")})), kNoSuchKey);
  EXPECT_ACCEPTED(decrypt(SetOf({signing, recipient})));
}

TEST(SkippedKeys, TheirDescriptionIsShort) {
  std::vector<SkippedKey> skipped;
  EXPECT_EQ(DescribeSkipped(skipped), "");
  const auto jwk = ParseJson("{\"kid\":\"a\\n" + std::string(100, 'x') + "\"}");
  skipped.push_back(Skipped(jwk->root(), "why"));
  EXPECT_EQ(DescribeSkipped(skipped), "key \"a?" + std::string(62, 'x') + "\": why");
  skipped.assign(20, {"", "why"});
  const std::string text = DescribeSkipped(skipped);
  EXPECT_EQ(text.substr(0, 22), "key without a kid: why");
  EXPECT_EQ(text.substr(text.rfind(';')), "; and 12 more");
}

TEST(SetForVerifying, PrivatePartsAreNotLookedAt) {
  const std::string rsa = Generate("RS256");
  const std::string spoilt = With(rsa, {{"kid", "\"k\""}, {"d", "\"AQAB\""}});
  EXPECT_REFUSED(ParseKeys(SetOf({spoilt})), kUnusableKey);
  const auto keys = ParseKeys(SetOf({spoilt}), KeyPurpose::kVerification);
  ASSERT_ACCEPTED(keys);
  EXPECT_FALSE(keys->keys.front().is_private());
  EXPECT_ACCEPTED(VerifiedPayload(SignedUnder("k", rsa, "RS256"), *keys));
  // One key alone is checked whole.
  EXPECT_REFUSED(ParseKeys(spoilt, KeyPurpose::kVerification), kUnusableKey);
}

int asked = 0;
bool StopAtTheThird() noexcept { return ++asked == 3; }

TEST(Interruption, EndsTheReadingOfASet) {
  const std::string key = PublicOf(Generate("ES256"));
  const std::string set = SetOf({key, key, key, key});
  interruption_check = StopAtTheThird;
  const auto keys = ParseKeys(set);
  interruption_check = nullptr;
  EXPECT_REFUSED(keys, kInterrupted);
  EXPECT_EQ(asked, 3);
  EXPECT_ACCEPTED(ParseKeys(set));
}

TEST(Interruption, EndsTheTryingOfKeys) {
  // Without a kid in the token, each key is tried.
  const auto unnamed = [](const std::string &jwk) { return With(jwk, {{"kid", ""}}); };
  const std::string ec = Generate("ES256");
  const std::string oct = Generate("A256KW");
  const KeySet verifying = Keys(SetOf({PublicOf(Another("ES256")), PublicOf(ec)}));
  const KeySet decrypting = EncryptionKeys(SetOf({Another("A256KW"), oct}));
  const std::string signed_token = Sign("{}", Keys(unnamed(ec)));
  const auto encrypted = EncryptJwe("text", EncryptionKeys(unnamed(oct)), JweOptions());
  ASSERT_ACCEPTED(encrypted);
  EXPECT_ACCEPTED(VerifiedPayload(signed_token, verifying));
  EXPECT_ACCEPTED(Decrypted(*encrypted, decrypting));
  interruption_check = []() noexcept { return true; };
  const auto verified = VerifiedPayload(signed_token, verifying);
  const auto decrypted = Decrypted(*encrypted, decrypting);
  interruption_check = nullptr;
  EXPECT_REFUSED(verified, kInterrupted);
  EXPECT_REFUSED(decrypted, kInterrupted);
}

}  // namespace
}  // namespace jwt_auth::jose
