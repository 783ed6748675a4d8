// RSA keys that are for RSASSA-PSS alone.
#include <openssl/core_names.h>

#include "jose/keys/signing_jwk.hpp"
#include "pem_support.hpp"

namespace jwt_auth::jose {
namespace {

// Hash and MGF1 hash null: without restrictions.
OpenSslPtr<EVP_PKEY> PssKey(const char *hash, const char *mgf1_hash, int salt) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
  EVP_PKEY_keygen_init(context.get());
  if (hash != nullptr) EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context.get(), hash, nullptr);
  if (mgf1_hash != nullptr) EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(context.get(), mgf1_hash);
  if (hash != nullptr) EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(context.get(), salt);
  EVP_PKEY *key = nullptr;
  if (EVP_PKEY_generate(context.get(), &key) != 1) throw std::runtime_error("cannot generate");
  return OpenSslPtr<EVP_PKEY>(key);
}

TEST(PssKey, ThatIsNotRestrictedIsForPssAlone) {
  const auto key = PssKey(nullptr, nullptr, 0);
  const std::string pem = Encoded(key.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo");
  const KeySet pair = Keys(pem);
  const KeySet verifying = Keys(Encoded(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo"));
  for (const char *alg : {"PS256", "PS384", "PS512"}) EXPECT_ACCEPTED(VerifiedPayload(Sign("x", pair, alg), verifying));
  SignOptions options;
  options.alg_name = "RS256";
  EXPECT_REFUSED(SignJws("x", pair, options), kAlgorithmNotAllowed);
  EXPECT_TRUE(pair.keys.front().jwe_algorithms().empty());
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", pair), verifying));
  EXPECT_ACCEPTED(ParseKeys(Certificate(key.get())));

  const auto jwk = JwkFromPem(pem, std::nullopt, std::nullopt);
  ASSERT_ACCEPTED(jwk);
  EXPECT_EQ(Member(ParseJson(AsText(*jwk))->root(), "alg"), "PS256");
  EXPECT_ACCEPTED(JwkFromPem(pem, std::nullopt, "PS512"));
  EXPECT_REFUSED(JwkFromPem(pem, std::nullopt, "RS256"), kUnusableKey);
  const auto signing = ReadSigningKey(pem);
  ASSERT_ACCEPTED(signing);
  EXPECT_EQ(signing->alg, "PS256");
}

TEST(PssKey, ARestrictionIsKept) {
  const auto key = PssKey("SHA384", "SHA384", 48);
  const std::string pem = Encoded(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo");
  EXPECT_TRUE(Keys(pem).keys.front().algorithms() == AlgorithmSet(Algorithm::kPS384));
  EXPECT_EQ(Member(ParseJson(AsText(*JwkFromPem(pem, std::nullopt, std::nullopt)))->root(), "alg"), "PS384");
  EXPECT_REFUSED(JwkFromPem(pem, std::nullopt, "PS256"), kUnusableKey);
}

TEST(PssKey, ForWhatJwsDoesNotHaveIsRefused) {
  for (const auto &key : {PssKey("SHA1", "SHA1", 20), PssKey("SHA256", "SHA1", 32), PssKey("SHA256", "SHA256", 64)})
    EXPECT_REFUSED(ParseKeys(Encoded(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo")), kUnusableKey);
}

}  // namespace
}  // namespace jwt_auth::jose
