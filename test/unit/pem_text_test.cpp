// PEM as files, terminals and environment variables deliver it (RFC 7468 section 2), and what is no PEM any more.
#include "pem_support.hpp"

namespace jwt_auth::jose {
namespace {

struct Texts {
  std::string public_pem, private_pem, certificate;
};

const Texts &TextsOfOneKey() {
  static const Texts texts = [] {
    const KeySet keys = Keys(Generate("RS256"));
    EVP_PKEY *key = keys.keys.front().pkey();
    return Texts{Encoded(key, EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo"), Encoded(key, EVP_PKEY_KEYPAIR, "PrivateKeyInfo"),
                 Certificate(key)};
  }();
  return texts;
}

std::string CertificateOfAnother() { return Certificate(Keys(Another("RS256")).keys.front().pkey()); }

std::string Replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t i = 0; (i = text.find(what, i)) != std::string::npos; i += by.size()) text.replace(i, what.size(), by);
  return text;
}

// The text with an empty line (or another one) behind line `n`.
std::string WithLine(const std::string &text, int n, std::string_view line = "\n") {
  std::size_t at = 0;
  for (int i = 0; i < n; ++i) at = text.find('\n', at) + 1;
  return text.substr(0, at) + std::string(line) + text.substr(at);
}

void ExpectPrivateKey(const std::string &text) {
  const auto keys = ParseKeys(text);
  ASSERT_ACCEPTED(keys);
  EXPECT_TRUE(keys->keys.front().is_private());
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", *keys), Keys(Generate("RS256"))));
  EXPECT_ACCEPTED(JwkFromPem(text, std::nullopt, std::nullopt));
}

TEST(PemText, WhiteSpaceAndAByteOrderMarkMayBeInFront) {
  const std::string &pem = TextsOfOneKey().private_pem;
  for (const char *front : {"\n", "\r\n\r\n", "  ", "\t", "\n   ", "\xEF\xBB\xBF", "\xEF\xBB\xBF\n"})
    ExpectPrivateKey(front + pem);
}

TEST(PemText, BlankLinesAndBlanksAreReadOver) {
  const std::string &pem = TextsOfOneKey().private_pem;
  for (int line = 1; line < 6; ++line) ExpectPrivateKey(WithLine(pem, line));
  ExpectPrivateKey(Replaced(pem, "\n", " \t\n"));
  ExpectPrivateKey(Replaced(pem, "\n", "\n    "));
  ExpectPrivateKey(pem.substr(0, pem.size() - 1));
  ExpectPrivateKey(pem + " \n\n");
}

TEST(PemText, LinesMayEndInAnyWay) {
  const std::string &pem = TextsOfOneKey().private_pem;
  ExpectPrivateKey(Replaced(pem, "\n", "\r\n"));
  ExpectPrivateKey(Replaced(pem, "\n", "\r"));
}

TEST(PemText, LinesMayHaveAnyLength) {
  const std::string &pem = TextsOfOneKey().private_pem;
  const std::size_t body = pem.find('\n') + 1;
  const std::size_t end = pem.find("-----END");
  ExpectPrivateKey(pem.substr(0, body) + Replaced(pem.substr(body, end - body), "\n", "") + "\n" + pem.substr(end));
}

TEST(PemText, TextMayStandAround) {
  const std::string &pem = TextsOfOneKey().private_pem;
  ExpectPrivateKey("Bag Attributes\n    friendlyName: mine\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n" + pem);
  ExpectPrivateKey(pem + "that was the key\n");
  ExpectPrivateKey("subject=CN = x\n\n" + pem + "\nissuer=CN = y\n");
}

TEST(PemText, AKeyMayBeBesideItsCertificates) {
  const Texts &texts = TextsOfOneKey();
  ExpectPrivateKey(texts.private_pem + texts.certificate);
  ExpectPrivateKey(texts.certificate + CertificateOfAnother() + texts.private_pem);
  ExpectPrivateKey(texts.public_pem + texts.private_pem);
  ExpectPrivateKey(texts.private_pem + texts.public_pem);
  EXPECT_REFUSED(ParseKeys(texts.private_pem + CertificateOfAnother()), kUnusableKey);
}

TEST(PemText, OfAChainTheFirstCertificateCounts) {
  const Texts &texts = TextsOfOneKey();
  const auto keys = ParseKeys(texts.certificate + CertificateOfAnother());
  ASSERT_ACCEPTED(keys);
  EXPECT_FALSE(keys->keys.front().is_private());
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(Generate("RS256"))), *keys));
}

TEST(PemText, TwoKeysAreRefused) {
  const KeySet other = Keys(Another("RS256"));
  const std::string &pem = TextsOfOneKey().private_pem;
  EXPECT_REFUSED(ParseKeys(pem + Encoded(other.keys.front().pkey(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo")), kUnusableKey);
  EXPECT_REFUSED(ParseKeys(pem + Encoded(other.keys.front().pkey(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo")),
                 kUnusableKey);
  ExpectPrivateKey(pem + pem);
}

struct Spoilt {
  std::string text;
  const char *detail;
  const char *hint;  // how it begins
};

TEST(PemText, WhatIsNoPemAnyMoreIsNamed) {
  const std::string &pem = TextsOfOneKey().private_pem;
  EVP_PKEY *key = nullptr;
  const KeySet keys = Keys(Generate("RS256"));
  key = keys.keys.front().pkey();
  const std::vector<Spoilt> cases{
      {Replaced(pem, "\n", "\\n"), "PEM text with the two characters \\n in place of line breaks", "Put the line breaks back"},
      {Replaced(pem, "\n", "\\r\\n"), "PEM text with the two characters \\n in place of line breaks",
       "Put the line breaks back"},
      {Replaced(pem, "\n", " "), "PEM text on one line", "Put the line breaks back"},
      {Replaced(pem, "\n", ""), "PEM text on one line", "Put the line breaks back"},
      {EncryptedPkcs8(key), "encrypted PEM key", "Decrypt it first"},
      {EncryptedTraditional(key), "encrypted PEM key", "Decrypt it first"},
      {WithLine(pem, 1, "Comment: x\n\n"), "PEM text with headers", "Remove the lines"},
      {"key: " + pem, "PEM text whose -----BEGIN does not begin a line", "Give the text as it is"},
      {"\"" + pem + "\"", "PEM text whose -----BEGIN does not begin a line", "Give the text as it is"},
      {pem.substr(0, pem.size() - 10), "PEM text without the -----END that belongs to its -----BEGIN",
       "Give the text as it is"},
      {Replaced(pem, "END PRIVATE", "END PUBLIC"), "PEM text without the -----END that belongs to its -----BEGIN",
       "Give the text"},
      {WithLine(pem, 2, "%%%%\n"), "PEM text whose body is not base64", "Give the text as it is"},
      {WithLine(pem, 2, "A\n"), "PEM text whose body is not base64", "Give the text as it is"},
      {"-----BEGIN", "not a PEM text that can be read", "A PEM text has"},
      {"-----BEGIN A KEY", "not a PEM text that can be read", "A PEM text has"},
      {"-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----", "PEM text of a kind that is not supported",
       "Supported are"},
  };
  for (const Spoilt &spoilt : cases) {
    SCOPED_TRACE(spoilt.text.substr(0, 60));
    const auto refused = ParseKeys(spoilt.text);
    ASSERT_FALSE(static_cast<bool>(refused));
    EXPECT_REFUSED(refused, kUnusableKey);
    EXPECT_STREQ(refused.error().detail, spoilt.detail);
    EXPECT_EQ(std::string(refused.error().hint).find(spoilt.hint), 0U);
  }
}

TEST(PemText, ItsSizeIsBounded) {
  EXPECT_REFUSED(ParseKeys("-----BEGIN PUBLIC KEY-----\n" + std::string(100000, 'A')), kTooLarge);
  std::string many;
  for (int i = 0; i < 65; ++i) many += "-----BEGIN X-----\n-----END X-----\n";
  EXPECT_REFUSED(ParseKeys(many), kTooLarge);
}

TEST(Secret, Base64OfAKeyIsNeverOne) {
  const Texts &texts = TextsOfOneKey();
  const std::string jwk = PublicOf(Generate("ES256"));
  const KeySet keys = Keys(Generate("RS256"));
  unsigned char *der = nullptr;
  const int size = i2d_PUBKEY(keys.keys.front().pkey(), &der);
  const std::string spki(reinterpret_cast<char *>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  const std::vector<std::pair<std::string, const char *>> foreign{
      {texts.public_pem, "base64 of a PEM text"},
      {"\n" + texts.certificate, "base64 of a PEM text"},
      {texts.private_pem, "base64 of a PEM text"},
      {spki, "base64 of a key in DER is not a secret"},
      {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii", "an SSH key is not a secret"},
      {jwk, "base64 of a JWK or a JWK set is not a secret"},
      {"{\"keys\":[" + jwk + "]}", "base64 of a JWK or a JWK set is not a secret"},
      {"  {\"keys\": []}", "base64 of a JWK or a JWK set is not a secret"},
  };
  for (const auto &[text, detail] : foreign) {
    for (const bool url : {false, true}) {
      const std::string once = Base64(text, url);
      std::string wrapped;
      for (std::size_t i = 0; i < once.size(); i += 64) wrapped += once.substr(i, 64) + "\n";
      for (const std::string &argument :
           {once, wrapped, Base64(once, url), Base64(wrapped, url), "\"" + once + "\"", " " + once}) {
        const auto refused = ParseKeys(argument);
        ASSERT_FALSE(static_cast<bool>(refused)) << argument.substr(0, 40);
        EXPECT_REFUSED(refused, kUnusableKey);
        EXPECT_STREQ(refused.error().detail, detail);
        EXPECT_REFUSED(SecretKeySet(argument), kUnusableKey);
      }
    }
  }
}

TEST(Secret, AUrlIsNoKey) {
  for (const char *url : {"https://idp.example/.well-known/jwks.json", " http://idp.example/protocol/openid-connect/certs"}) {
    const auto refused = ParseKeys(url);
    ASSERT_FALSE(static_cast<bool>(refused));
    EXPECT_STREQ(refused.error().detail, "a URL is not a key");
  }
}

TEST(Secret, Base64OfBytesIsOne) {
  for (const bool url : {false, true}) {
    EXPECT_ACCEPTED(ParseKeys(Base64(std::string(32, '\x80'), url)));
    EXPECT_ACCEPTED(ParseKeys(Base64(kLongSecret, url)));
  }
}

}  // namespace
}  // namespace jwt_auth::jose
