// ML-DSA keys in PEM and DER (RFC 9881), also where OpenSSL does not know them: refused by their name, and never a secret.
#include "jose/keys/der.hpp"
#include "jose/keys/ml_dsa_key.hpp"
#include "jose/keys/pem.hpp"
#include "jose/keys/signing_jwk.hpp"
#include "pem_support.hpp"

namespace jwt_auth::jose {
namespace {

constexpr char kInteger = '\x02';
constexpr char kBitString = '\x03';
constexpr char kOctetString = '\x04';
constexpr char kObjectIdentifier = '\x06';
constexpr char kUtcTime = '\x17';
constexpr char kSequence = '\x30';
constexpr char kFirst = '\xA0';  // [0], constructed

std::string Der(char tag, const std::string &content) {
  std::string out(1, tag);
  const std::size_t size = content.size();
  if (size < 0x80) return out + static_cast<char>(size) + content;
  return out + '\x82' + static_cast<char>(size >> 8) + static_cast<char>(size & 0xFF) + content;
}

// AlgorithmIdentifier of a signature algorithm of NIST's, by the last number of its name: 17, 18 and 19 are ML-DSA.
std::string AlgorithmOf(int last) {
  return Der(kSequence, Der(kObjectIdentifier, std::string("\x60\x86\x48\x01\x65\x03\x04\x03") + static_cast<char>(last)));
}

std::string PublicDer(int last, const std::string &key) {
  return Der(kSequence, AlgorithmOf(last) + Der(kBitString, std::string(1, '\0') + key));
}

// With the seed alone (RFC 9881 section 6).
std::string PrivateDer(int last, const std::string &seed) {
  return Der(kSequence, Der(kInteger, std::string(1, '\0')) + AlgorithmOf(last) + Der(kOctetString, Der('\x80', seed)));
}

std::string CertificateDer(int last, const std::string &key) {
  const std::string name = Der(kSequence, "");
  const std::string time = Der(kUtcTime, "260101000000Z");
  const std::string signature_algorithm = AlgorithmOf(17);
  return Der(kSequence, Der(kSequence, Der(kFirst, Der(kInteger, "\x02")) + Der(kInteger, "\x01") + signature_algorithm + name +
                                           Der(kSequence, time + time) + name + PublicDer(last, key)) +
                            signature_algorithm + Der(kBitString, std::string(33, '\0')));
}

std::string Armoured(const std::string &label, const std::string &der) {
  return "-----BEGIN " + label + "-----\n" + Base64(der, false) + "\n-----END " + label + "-----\n";
}

struct InDer {
  std::string public_der, private_der, certificate_der;
};

template <class Check>
void ForEachKey(Check check) {
  const JsonDocument vectors = LoadVectors("ml_dsa.json");
  int last = 17;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    const std::string jwk = Text(*vector.Find("key"));
    const std::string pub = BytesOf(jwk, "pub");
    check(jwk, InDer{PublicDer(last, pub), PrivateDer(last, BytesOf(jwk, "priv")), CertificateDer(last, pub)});
    ++last;
  });
  EXPECT_EQ(last, 20);
}

void ExpectNoMlDsa(const std::string &pem) {
  const auto refused = ParseKeys(pem);
  EXPECT_REFUSED(refused, kUnusableKey);
  EXPECT_STREQ(refused.error().detail, kNoMlDsa.detail);
  EXPECT_STREQ(JwkFromPem(pem, std::nullopt, std::nullopt).error().detail, kNoMlDsa.detail);
  EXPECT_STREQ(ReadSigningKey(pem).error().detail, kNoMlDsa.detail);
}

TEST(MlDsaPem, WithoutItIsRefusedAsAJwkIs) {
  if (IsMlDsaSupported()) GTEST_SKIP();
  ForEachKey([](const std::string &, const InDer &key) {
    ExpectNoMlDsa(Armoured("PUBLIC KEY", key.public_der));
    ExpectNoMlDsa(Armoured("PRIVATE KEY", key.private_der));
    ExpectNoMlDsa(Armoured("CERTIFICATE", key.certificate_der));
  });
}

TEST(MlDsaPem, IsReadAsAJwkIs) {
  if (!IsMlDsaSupported()) GTEST_SKIP();
  ForEachKey([](const std::string &jwk, const InDer &key) {
    for (const auto &[label, der] : {std::pair("PUBLIC KEY", key.public_der), std::pair("CERTIFICATE", key.certificate_der)}) {
      const auto read = JwkFromPem(Armoured(label, der), std::nullopt, std::nullopt);
      ASSERT_ACCEPTED(read);
      EXPECT_EQ(BytesOf(AsText(*read), "pub"), BytesOf(jwk, "pub"));
    }
    const auto read = JwkFromPem(Armoured("PRIVATE KEY", key.private_der), std::nullopt, std::nullopt);
    ASSERT_ACCEPTED(read);
    EXPECT_EQ(BytesOf(AsText(*read), "pub"), BytesOf(jwk, "pub"));
    EXPECT_EQ(BytesOf(AsText(*read), "priv"), BytesOf(jwk, "priv"));
  });
}

TEST(MlDsaPem, OfAnotherAlgorithmThatIsUnknownSaysNothingOfMlDsa) {
  for (const int last : {16, 40}) {
    const auto refused = ParseKeys(Armoured("PUBLIC KEY", PublicDer(last, std::string(32, 'k'))));
    EXPECT_REFUSED(refused, kUnusableKey);
    EXPECT_STREQ(refused.error().detail, "not a PEM key that can be read");
    const auto certificate = ParseKeys(Armoured("CERTIFICATE", CertificateDer(last, std::string(32, 'k'))));
    EXPECT_REFUSED(certificate, kUnusableKey);
    EXPECT_STREQ(certificate.error().detail, "not a certificate that can be read");
  }
}

void ExpectNoSecret(const std::string &der) {
  const auto refused = SecretKeySet(der);
  EXPECT_REFUSED(refused, kUnusableKey);
  EXPECT_STREQ(refused.error().detail, "a key in DER is not a secret");
  for (const bool url : {false, true}) {
    const auto encoded = ParseKeys(Base64(der, url));
    EXPECT_REFUSED(encoded, kUnusableKey);
    EXPECT_STREQ(encoded.error().detail, "base64 of a key in DER is not a secret");
  }
}

// Whether OpenSSL knows the algorithm or not: a public key is no HMAC secret.
TEST(MlDsaDer, IsNeverASecret) {
  ForEachKey([](const std::string &, const InDer &key) {
    for (const std::string &der : {key.public_der, key.private_der, key.certificate_der}) ExpectNoSecret(der);
  });
  for (const int last : {16, 40}) {
    ExpectNoSecret(PublicDer(last, std::string(32, 'k')));
    ExpectNoSecret(PrivateDer(last, std::string(32, 'k')));
    ExpectNoSecret(CertificateDer(last, std::string(32, 'k')));
  }
}

TEST(MlDsaDer, OnlyAWholeKeyNamesItsAlgorithm) {
  const std::string key = PublicDer(17, std::string(40, 'k'));
  const std::string_view identifier = KeyAlgorithmIdentifier(key);
  EXPECT_EQ(identifier, std::string_view("\x60\x86\x48\x01\x65\x03\x04\x03\x11"));
  EXPECT_TRUE(IsMlDsaIdentifier(identifier));
  EXPECT_EQ(KeyAlgorithmIdentifier(PrivateDer(18, std::string(32, 's'))).back(), 18);
  for (const int other : {16, 20}) EXPECT_FALSE(IsMlDsaIdentifier(KeyAlgorithmIdentifier(PublicDer(other, "k"))));
  EXPECT_FALSE(IsMlDsaIdentifier(""));
  EXPECT_FALSE(IsMlDsaIdentifier(identifier.substr(0, 8)));
  for (std::size_t size = 0; size < key.size(); ++size) EXPECT_EQ(KeyAlgorithmIdentifier(key.substr(0, size)), "") << size;
  EXPECT_EQ(KeyAlgorithmIdentifier(key + "k"), "");
  const std::string algorithm = AlgorithmOf(17);
  const std::string bits = Der(kBitString, "k");
  for (const std::string &other :
       {Der(kOctetString, algorithm + bits), Der(kSequence, algorithm), Der(kSequence, bits + algorithm),
        Der(kSequence, algorithm + algorithm), Der(kSequence, Der(kSequence, "") + bits),
        Der(kSequence, Der(kSequence, Der(kInteger, "i")) + bits), Der(kSequence, Der(kInteger, "i")), CertificateDer(17, "k")})
    EXPECT_EQ(KeyAlgorithmIdentifier(other), "");
}

}  // namespace
}  // namespace jwt_auth::jose
