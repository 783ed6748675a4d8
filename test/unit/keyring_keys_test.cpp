// Keys as a keyring takes them: the key-encryption key, private keys to sign with, public keys of others.
#include <set>

#include "jose/json/base64url.hpp"
#include "jose/jwt/token_id.hpp"
#include "jose/keys/key_encryption_key.hpp"
#include "jose/keys/signing_jwk.hpp"
#include "jwe_support.hpp"

namespace jwt_auth::jose {
namespace {

const std::string kBytes = [] {
  std::string bytes;
  for (int i = 0; i < 32; i++) bytes += static_cast<char>(i * 37 + 251);
  return bytes;
}();

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string StandardBase64(std::string_view bytes) {
  std::string text = EncodeBase64Url(bytes);
  for (char &c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return text + "=";
}

TEST(KeyEncryptionKey, EverySpellingIsTheSameKey) {
  const std::string url = EncodeBase64Url(kBytes);
  ASSERT_NE(url.find_first_of("-_"), std::string::npos) << "the alphabets differ in this key";
  for (const std::string &text :
       {Hex(kBytes), Hex(kBytes) + "\n", " \t\r\n" + Hex(kBytes) + "\r\n", url, url + "=", url + "\n", StandardBase64(kBytes),
        StandardBase64(kBytes).substr(0, 43), "{\"kty\":\"oct\",\"k\":\"" + url + "\"}",
        "\n{\"kty\":\"oct\",\"alg\":\"A256GCM\",\"use\":\"enc\",\"kid\":\"x\",\"k\":\"" + url + "\"}\n"}) {
    const auto key = ParseKeyEncryptionKey(text);
    ASSERT_ACCEPTED(key);
    EXPECT_EQ(AsText(*key), kBytes);
  }
}

TEST(KeyEncryptionKey, AnythingElseIsRefused) {
  const std::string url = EncodeBase64Url(kBytes);
  std::string upper_half = Hex(kBytes);
  upper_half[5] = 'g';
  for (const std::string &text : {std::string(),
                                  std::string(" \n"),
                                  kBytes,
                                  Hex(kBytes).substr(2),
                                  Hex(kBytes) + "00",
                                  Hex(kBytes).substr(1),
                                  upper_half,
                                  url.substr(1),
                                  url + "A",
                                  url + "==",
                                  "=" + url,
                                  url.substr(0, 20) + "\n" + url.substr(20),
                                  url.substr(0, 42) + "B",
                                  EncodeBase64Url(kBytes + "x"),
                                  EncodeBase64Url(kBytes.substr(1)),
                                  Generate("ES256"),
                                  Generate("HS512"),
                                  std::string("{\"kty\":\"oct\"}"),
                                  "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" + url + "\"}]}",
                                  "{\"k\":\"" + url + "\"}",
                                  "{\"kty\":\"oct\",\"k\":\"" + url,
                                  std::string(64, '\0'),
                                  std::string("-----BEGIN PRIVATE KEY-----")})
    EXPECT_REFUSED(ParseKeyEncryptionKey(text), kKeySealed);
}

TEST(KeyEncryptionKey, DerivedSecretsDifferByLabelAndKeyAndAreNotTheKey) {
  const auto key = ParseKeyEncryptionKey(Hex(kBytes));
  ASSERT_ACCEPTED(key);
  const SecretBytes one = DeriveFromKeyEncryptionKey(*key, "one");
  EXPECT_EQ(one.size(), 32U);
  EXPECT_EQ(one, DeriveFromKeyEncryptionKey(*key, "one"));
  EXPECT_NE(one, DeriveFromKeyEncryptionKey(*key, "two"));
  EXPECT_NE(one, DeriveFromKeyEncryptionKey(SecretBytes(32, 'x'), "one"));
  EXPECT_NE(one, *key);
}

TEST(SigningJwk, KeepsTheKeyItsKidAndItsAlgorithm) {
  const auto jwk =
      ReadSigningKey(R"({"alg":"EdDSA","key_ops":["sign"],"x-note":[1],"kid":"mine","kty":"OKP","crv":"Ed25519",)"
                     R"("d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  ASSERT_ACCEPTED(jwk);
  EXPECT_EQ(jwk->kid, "mine");
  EXPECT_EQ(jwk->alg, "EdDSA");
  EXPECT_EQ(AsText(jwk->private_jwk),
            R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",)"
            R"("d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","kid":"mine","use":"sig","alg":"EdDSA"})");
  EXPECT_EQ(*jwk->public_jwk, R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",)"
                              R"("kid":"mine","use":"sig","alg":"EdDSA"})");
}

TEST(SigningJwk, NamesWhatHasNoName) {
  // RFC 8037 appendix A.3 gives the thumbprint.
  const auto jwk = ReadSigningKey(R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
                                  R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  ASSERT_ACCEPTED(jwk);
  EXPECT_EQ(jwk->kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(jwk->alg, "EdDSA");
  const std::string secret = "{\"kty\":\"oct\",\"k\":\"" + EncodeBase64Url(kBytes) + "\"}";
  const auto one = ReadSigningKey(secret);
  const auto two = ReadSigningKey(secret);
  ASSERT_ACCEPTED(one);
  ASSERT_ACCEPTED(two);
  EXPECT_EQ(one->alg, "HS256");
  EXPECT_FALSE(one->public_jwk);
  EXPECT_NE(one->kid, two->kid) << "a thumbprint would let guesses be tested";
}

TEST(SigningJwk, WhatItWritesItReads) {
  for (const char *algorithm :
       {"HS256", "HS384", "HS512", "RS256", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed448"}) {
    const auto first = ReadSigningKey(Generate(algorithm));
    ASSERT_ACCEPTED(first);
    const auto second = ReadSigningKey(AsText(first->private_jwk));
    ASSERT_ACCEPTED(second);
    EXPECT_EQ(first->private_jwk, second->private_jwk);
    EXPECT_EQ(first->alg, algorithm);
    if (first->public_jwk) {
      EXPECT_EQ(first->public_jwk->find("\"d\""), std::string::npos);
      EXPECT_REFUSED(ReadSigningKey(*first->public_jwk), kUnusableKey);
    }
  }
}

TEST(SigningJwk, RefusesWhatCanNotSign) {
  const std::string k = EncodeBase64Url(kBytes);
  for (const std::string &text :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"), kBytes, k, std::string("-----BEGIN"),
        Generate("RSA-OAEP"), Generate("A256KW"), Generate("ECDH-ES"), "{\"keys\":[" + Generate("ES256") + "]}",
        "{\"kty\":\"oct\",\"k\":\"" + k + "\",\"kid\":\"\"}",
        "{\"kty\":\"oct\",\"k\":\"" + k + "\",\"kid\":\"" + std::string(513, 'k') + "\"}",
        "{\"kty\":\"oct\",\"k\":\"" + k + "\",\"use\":\"enc\"}",
        "{\"kty\":\"oct\",\"k\":\"" + k + "\",\"key_ops\":[\"verify\"]}",
        "{\"kty\":\"oct\",\"k\":\"" + k + "\",\"alg\":\"HS512\"}", "{\"kty\":\"oct\",\"k\":\"" + k + "\",\"alg\":\"none\"}"})
    EXPECT_REFUSED(ReadSigningKey(text), kUnusableKey);
}

TEST(TokenId, NoTwoAreTheSameOnceThePoolIsUsedUp) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; i++) {
    const std::string id = FreshTokenId();
    EXPECT_EQ(DecodeBase64Url(id)->size(), 16U);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000U);
}

}  // namespace
}  // namespace jwt_auth::jose
