#include "jose/keys/sealed_jwk.hpp"

#include "jwe_support.hpp"

namespace jwt_auth::jose {
namespace {

const SecretBytes kOurs(32, 'k');
const SecretBytes kOther(32, 'o');

TEST(SealedJwk, OpensWithItsKeyAndItsKid) {
  const std::string jwk = Generate("ES256");
  const auto sealed = SealJwk(jwk, kOurs, "kid of the key");
  ASSERT_ACCEPTED(sealed);
  EXPECT_EQ(Parts(*sealed).part[0], R"({"alg":"dir","enc":"A256GCM","cty":"jwk+json","kid":"kid of the key"})");
  EXPECT_EQ(sealed->find("\"d\""), std::string::npos);
  const auto opened = OpenJwk(*sealed, kOurs, "kid of the key");
  ASSERT_ACCEPTED(opened);
  EXPECT_EQ(AsText(*opened), jwk);
  EXPECT_NE(*SealJwk(jwk, kOurs, "kid of the key"), *sealed);
}

TEST(SealedJwk, AKeyThatLooksLikeSomethingElseIsAKey) {
  const std::string_view text = "-----BEGIN PRIVATE KEY-----12345";
  const SecretBytes key(text.begin(), text.end());
  ASSERT_EQ(key.size(), kKeyEncryptionKeySize);
  EXPECT_EQ(AsText(*OpenJwk(*SealJwk("{}", key, "a"), key, "a")), "{}");
}

TEST(SealedJwk, NothingElseOpensIt) {
  const auto sealed = SealJwk("{}", kOurs, "a");
  EXPECT_REFUSED(OpenJwk(*sealed, kOther, "a"), kKeySealed);
  EXPECT_REFUSED(OpenJwk(*sealed, kOurs, "b"), kKeySealed);
  EXPECT_REFUSED(OpenJwk(*sealed, kOurs, ""), kKeySealed);
  EXPECT_REFUSED(OpenJwk(*sealed, SecretBytes(31, 'k'), "a"), kKeySealed);
  EXPECT_REFUSED(OpenJwk(*sealed, SecretBytes(), "a"), kKeySealed);
  EXPECT_REFUSED(OpenJwk("", kOurs, "a"), kKeySealed);
  EXPECT_REFUSED(OpenJwk("{\"kty\":\"oct\"}", kOurs, "a"), kKeySealed);
  EXPECT_REFUSED(SealJwk("{}", SecretBytes(16, 'k'), "a"), kKeySealed);
  EXPECT_REFUSED(SealJwk("{}", SecretBytes(64, 'k'), "a"), kKeySealed);
  // One that the same key sealed for something else.
  const KeySet keys = EncryptionKeys(With(OctJwk(AsText(kOurs)), {{"kid", "\"a\""}}));
  EXPECT_REFUSED(OpenJwk(Encrypt("{}", keys, "dir", "A256GCM"), kOurs, "a"), kKeySealed);
  EXPECT_REFUSED(OpenJwk(Encrypt("{}", keys, "A256KW", "A256GCM", R"({"cty":"jwk+json"})"), kOurs, "a"), kKeySealed);
  EXPECT_REFUSED(OpenJwk(Encrypt("{}", keys, "dir", "A128CBC-HS256", R"({"cty":"jwk+json"})"), kOurs, "a"), kKeySealed);
  EXPECT_REFUSED(OpenJwk(Encrypt("{}", keys, "dir", "A256GCM", R"({"cty":"jwk-set+json"})"), kOurs, "a"), kKeySealed);
  const KeySet nameless = EncryptionKeys(OctJwk(AsText(kOurs)));
  EXPECT_REFUSED(OpenJwk(Encrypt("{}", nameless, "dir", "A256GCM", R"({"cty":"jwk+json"})"), kOurs, "a"), kKeySealed);
  EXPECT_ACCEPTED(OpenJwk(Encrypt("{}", keys, "dir", "A256GCM", R"({"cty":"jwk+json"})"), kOurs, "a"));
}

TEST(SealedJwk, ChangedInAnyCharacterItStaysShut) {
  const auto sealed = SealJwk("{\"kty\":\"oct\",\"k\":\"AAAA\"}", kOurs, "a");
  for (std::size_t i = 0; i < sealed->size(); ++i) {
    std::string changed = *sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_REFUSED(OpenJwk(changed, kOurs, "a"), kKeySealed);
    EXPECT_REFUSED(OpenJwk(sealed->substr(0, i), kOurs, "a"), kKeySealed);
  }
}

}  // namespace
}  // namespace jwt_auth::jose
