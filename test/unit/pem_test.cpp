// PEM in all its forms, written by OpenSSL.
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "jose/keys/pem.hpp"
#include "pem_support.hpp"

namespace jwt_auth::jose {
namespace {

class PemOf : public testing::TestWithParam<const char *> {};

TEST_P(PemOf, EveryFormHoldsTheSameKey) {
  const std::string jwk = With(Generate(GetParam()), {{"kid", ""}, {"alg", ""}, {"use", ""}});
  const KeySet keys = Keys(jwk);
  EVP_PKEY *pkey = keys.keys.front().pkey();
  const std::string thumbprint = *JwkThumbprint(ParseJson(jwk)->root());
  std::vector<std::pair<std::string, bool>> forms{{Encoded(pkey, EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo"), false},
                                                  {Encoded(pkey, EVP_PKEY_KEYPAIR, "PrivateKeyInfo"), true}};
  if (std::string_view(GetParam()) != "Ed448") forms.emplace_back(Certificate(pkey), false);
  if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
    forms.emplace_back(Encoded(pkey, EVP_PKEY_PUBLIC_KEY, "type-specific"), false);
    forms.emplace_back(Encoded(pkey, EVP_PKEY_KEYPAIR, "type-specific"), true);
  }
  if (EVP_PKEY_is_a(pkey, "EC") == 1) forms.emplace_back(Encoded(pkey, EVP_PKEY_KEYPAIR, "type-specific"), true);
  for (const auto &[pem, is_private] : forms) {
    SCOPED_TRACE(pem.substr(0, pem.find('\n')));
    const auto parsed = ParseKeys(pem);
    ASSERT_ACCEPTED(parsed);
    EXPECT_EQ(parsed->keys.front().is_private(), is_private);
    EXPECT_FALSE(parsed->keys.front().kid());
    const auto converted = JwkFromPem(pem, std::nullopt, std::nullopt);
    ASSERT_ACCEPTED(converted);
    const auto document = ParseJson(AsText(*converted));
    EXPECT_EQ(Member(document->root(), "kid"), thumbprint);
    EXPECT_EQ(*JwkThumbprint(document->root()), thumbprint);
    EXPECT_EQ(document->root().Find("d").has_value(), is_private);
    EXPECT_ACCEPTED(VerifiedPayload(Sign("x", keys), *parsed));
  }
}

TEST_P(PemOf, AJwkComesBackFromPem) {
  const std::string jwk = With(Generate(GetParam()), {{"kid", ""}, {"alg", ""}, {"use", ""}});
  const auto document = ParseJson(jwk);
  const auto private_pem = JwkToPem(document->root());
  ASSERT_ACCEPTED(private_pem);
  EXPECT_EQ(AsText(*private_pem).substr(0, 28), "-----BEGIN PRIVATE KEY-----\n");
  const auto public_document = ParseJson(PublicOf(jwk));
  const auto public_pem = JwkToPem(public_document->root());
  ASSERT_ACCEPTED(public_pem);
  EXPECT_EQ(AsText(*public_pem).substr(0, 27), "-----BEGIN PUBLIC KEY-----\n");
  const auto back = JwkFromPem(AsText(*private_pem), "k", std::nullopt);
  ASSERT_ACCEPTED(back);
  EXPECT_EQ(With(AsText(*back), {{"kid", ""}}), jwk);
}

INSTANTIATE_TEST_SUITE_P(Pem, PemOf, testing::Values("RS256", "ES256", "ES384", "ES512", "ES256K", "Ed25519", "Ed448"));

TEST(Pem, EcparamsParametersMayPrecede) {
  const KeySet keys = Keys(Generate("ES256"));
  const std::string parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  EXPECT_ACCEPTED(ParseKeys(parameters + Encoded(keys.keys.front().pkey(), EVP_PKEY_KEYPAIR, "type-specific")));
  EXPECT_REFUSED(ParseKeys(parameters), kUnusableKey);
}

TEST(Pem, TrailingBytesInsideTheArmourAreRefused) {
  const KeySet keys = Keys(Generate("ES256"));
  unsigned char *der = nullptr;
  const int size = i2d_PUBKEY(keys.keys.front().pkey(), &der);
  std::string bytes(reinterpret_cast<char *>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  const auto armoured = [](const std::string &content) {
    const OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
    PEM_write_bio(out.get(), "PUBLIC KEY", "", reinterpret_cast<const unsigned char *>(content.data()),
                  static_cast<long>(content.size()));
    return Taken(out.get());
  };
  EXPECT_ACCEPTED(ParseKeys(armoured(bytes)));
  EXPECT_REFUSED(ParseKeys(armoured(bytes + std::string(1, '\0'))), kUnusableKey);
  EXPECT_REFUSED(ParseKeys(armoured(bytes.substr(0, bytes.size() - 1))), kUnusableKey);
  for (std::size_t i = 0; i < bytes.size(); i += 5) EXPECT_REFUSED(ParseKeys(armoured(bytes.substr(0, i))), kUnusableKey);
}

TEST(Pem, ALabelThatDoesNotFitIsRefused) {
  const KeySet keys = Keys(Generate("RS256"));
  const std::string spki = Encoded(keys.keys.front().pkey(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo");
  for (const char *label : {"PRIVATE KEY", "CERTIFICATE", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY",
                            "CERTIFICATE REQUEST", "ENCRYPTED PRIVATE KEY"}) {
    const std::size_t begin = spki.find("PUBLIC KEY");
    const std::size_t end = spki.rfind("PUBLIC KEY");
    const std::string relabelled =
        spki.substr(0, begin) + label + spki.substr(begin + 10, end - begin - 10) + label + spki.substr(end + 10);
    EXPECT_REFUSED(ParseKeys(relabelled), kUnusableKey) << label;
  }
}

TEST(Pem, UnsupportedKindsAreRefused) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr));
  EVP_PKEY *raw = nullptr;
  EVP_PKEY_keygen_init(context.get());
  EVP_PKEY_CTX_set_group_name(context.get(), "ffdhe2048");
  ASSERT_EQ(EVP_PKEY_generate(context.get(), &raw), 1);
  const OpenSslPtr<EVP_PKEY> key(raw);
  EXPECT_REFUSED(ParseKeys(Encoded(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo")), kUnusableKey);
  const OpenSslPtr<EVP_PKEY> p224(EVP_EC_gen("P-224"));
  EXPECT_REFUSED(ParseKeys(Encoded(p224.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo")), kUnusableKey);
  const OpenSslPtr<EVP_PKEY> small(EVP_RSA_gen(1024));
  EXPECT_REFUSED(ParseKeys(Encoded(small.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo")), kUnusableKey);
}

TEST(Pem, ExplicitCurveParametersAreRefused) {
  const OpenSslPtr<EVP_PKEY> key(EVP_EC_gen("P-256"));
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(key.get(), "encoding", "explicit"), 1);
  EXPECT_REFUSED(ParseKeys(Encoded(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo")), kUnusableKey);
}

TEST(Pem, KidAndAlgAreAddedAndChecked) {
  const KeySet keys = Keys(Generate("RS256"));
  const std::string pem = Encoded(keys.keys.front().pkey(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo");
  const auto jwk = JwkFromPem(pem, "my \"key\"", "PS256");
  ASSERT_ACCEPTED(jwk);
  const auto document = ParseJson(AsText(*jwk));
  EXPECT_EQ(Member(document->root(), "kid"), "my \"key\"");
  EXPECT_EQ(Member(document->root(), "alg"), "PS256");
  EXPECT_REFUSED(JwkFromPem(pem, std::nullopt, "ES256"), kUnusableKey);
  EXPECT_REFUSED(JwkFromPem(pem, std::nullopt, "none"), kUnusableKey);
  EXPECT_REFUSED(JwkFromPem(pem, "\xFF", std::nullopt), kInvalidArgument);
  EXPECT_REFUSED(JwkFromPem("no PEM", std::nullopt, std::nullopt), kUnusableKey);
}

TEST(Pem, ASecretHasNone) {
  const auto document = ParseJson(Generate("HS256"));
  EXPECT_REFUSED(JwkToPem(document->root()), kUnusableKey);
}

// Only what begins so is tried in every form that a key may have.
TEST(Pem, HardlyAnySecretBeginsLikeADerKey) {
  const std::string padding(64, 'x');
  const auto may_be = [&](std::string_view start) { return MayBeDerKey(std::string(start) + padding); };
  EXPECT_TRUE(may_be(std::string_view("\x30\x2a\x30\x05", 4))) << "a public key";
  EXPECT_TRUE(may_be(std::string_view("\x30\x2a\x02\x01\x00", 5))) << "a private key";
  EXPECT_TRUE(may_be(std::string_view("\x30\x81\x20\x30\x05", 5))) << "a long length";
  EXPECT_TRUE(may_be(std::string_view("\x30\x80\x30\x05", 4))) << "no length";
  EXPECT_FALSE(may_be(std::string_view("\x30\x7f\x30\x05", 4))) << "longer than it is";
  EXPECT_FALSE(may_be(std::string_view("\x30\x82\x10\x00\x30\x05", 6))) << "longer than it is, with a long length";
  EXPECT_FALSE(may_be(std::string_view("\x30\x85\x00\x00\x00\x00\x05\x30\x05", 9))) << "a length of five bytes";
  EXPECT_FALSE(may_be(std::string_view("\x30\x2a\x04\x05", 4))) << "an octet string";
  EXPECT_FALSE(may_be(std::string_view("\x30\x2a\x30\x30", 4))) << "an inner one longer than the outer one";
  EXPECT_FALSE(may_be("0123456789abcdef0123456789abcdef")) << "a secret in hex";
  EXPECT_FALSE(may_be("0030303030303030")) << "digits";
  EXPECT_FALSE(MayBeDerKey(std::string_view("\x30\x03\x30\x01\x00", 5))) << "too short for any";
}

// A JWK of it would say less than the key, and what is said would not be it.
TEST(Pem, OfAnRsaKeyWithThreePrimesIsRefused) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  ASSERT_EQ(EVP_PKEY_keygen_init(context.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_keygen_primes(context.get(), 3), 1);
  EVP_PKEY *raw = nullptr;
  ASSERT_EQ(EVP_PKEY_generate(context.get(), &raw), 1);
  const OpenSslPtr<EVP_PKEY> key(raw);
  EXPECT_REFUSED(JwkFromPem(Encoded(key.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo"), std::nullopt, std::nullopt), kUnusableKey);
  EXPECT_ACCEPTED(JwkFromPem(Encoded(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo"), std::nullopt, std::nullopt));
}

TEST(Pem, BodyIsNotBase64Url) {
  const std::string pem = Encoded(Keys(Generate("RS256")).keys.front().pkey(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo");
  ASSERT_ACCEPTED(ParseKeys(pem));
  for (const char c : {'-', '_'}) {
    std::string altered = pem;
    altered[pem.find('\n') + 20] = c;
    EXPECT_REFUSED(ParseKeys(altered), kUnusableKey) << c;
  }
}

}  // namespace
}  // namespace jwt_auth::jose
