// The examples of RFC 7516, 7517, 7518, 7520 and 8037, and RFC 3394's of key wrap.
#include "jose/crypto/ecdh.hpp"
#include "jose/crypto/key_wrap.hpp"
#include "jwe_support.hpp"

namespace jwt_auth::jose {
namespace {

std::string FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

// An example that names a password needs a caller who says so.
Result<std::string> DecryptExample(const JsonValue &vector) {
  if (const auto password = vector.Find("password")) {
    return Decrypted(Member(vector, "token"), EncryptionKeys(password->text()), JweAlgorithmsOf(JweFamily::kPbes2));
  }
  return Decrypted(Member(vector, "token"), EncryptionKeys(Text(*vector.Find("key"))));
}

TEST(JweVectors, EveryExampleDecryptsOrIsRefusedForItsReason) {
  const JsonDocument vectors = LoadVectors("jwe.json");
  int decrypted = 0;
  int refused = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    const auto plaintext = DecryptExample(vector);
    if (vector.Find("refused")) {
      // RSA1_5 is an algorithm that does not exist here, zip a header parameter.
      if (Member(vector, "refused") == "algorithm") {
        EXPECT_REFUSED(plaintext, kAlgorithmNotAllowed);
      } else {
        EXPECT_REFUSED(plaintext, kMalformed);
      }
      ++refused;
      return;
    }
    ASSERT_TRUE(static_cast<bool>(plaintext));
    EXPECT_EQ(*plaintext, Member(vector, "plaintext"));
    ++decrypted;
  });
  EXPECT_EQ(decrypted, 12);
  EXPECT_EQ(refused, 3);
}

// Tokens that another implementation made: two mistakes of our own that undo each other would not show otherwise.
TEST(JweVectors, TokensOfAnotherImplementationDecrypt) {
  const JsonDocument vectors = LoadVectors("jwe_jose.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    const auto algorithm = JweAlgorithmNamed(Member(vector, "algorithm"));
    ASSERT_TRUE(algorithm);
    const KeySet keys = EncryptionKeys(Text(*vector.Find("key")));
    const auto plaintext = Decrypted(Member(vector, "token"), keys, JweAlgorithmSet(*algorithm));
    ASSERT_TRUE(static_cast<bool>(plaintext));
    EXPECT_EQ(*plaintext, Member(vector, "plaintext"));
    ++count;
  });
  EXPECT_EQ(count, 35);
}

TEST(JweVectors, ExamplesWithAnotherTagAreUndecryptable) {
  const JsonDocument vectors = LoadVectors("jwe.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    if (vector.Find("refused") || vector.Find("password")) return;
    SCOPED_TRACE(Member(vector, "source"));
    Parts parts(Member(vector, "token"));
    parts.part[4].back() = static_cast<char>(parts.part[4].back() ^ 1);
    EXPECT_UNDECRYPTABLE(Decrypted(parts.Join(), EncryptionKeys(Text(*vector.Find("key")))));
    ++count;
  });
  EXPECT_EQ(count, 10);
}

TEST(JweVectors, AesCbcWithHmac) {
  const JsonDocument vectors = LoadVectors("cbc_hmac.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    const auto encryption = JweEncryptionNamed(Member(vector, "encryption"));
    ASSERT_TRUE(encryption);
    const std::string key = FromHex(Member(vector, "key"));
    const std::string iv = FromHex(Member(vector, "iv"));
    const std::string aad = Member(vector, "aad");
    const std::string plaintext = Member(vector, "plaintext");
    const SealedContent sealed = EncryptContent(*encryption, key, iv, aad, plaintext);
    EXPECT_EQ(sealed.ciphertext, FromHex(Member(vector, "ciphertext")));
    EXPECT_EQ(sealed.tag, FromHex(Member(vector, "tag")));
    const auto opened = DecryptContent(*encryption, key, iv, aad, sealed.ciphertext, sealed.tag);
    ASSERT_TRUE(opened);
    EXPECT_EQ(AsText(*opened), plaintext);
    ++count;
  });
  EXPECT_EQ(count, 3);
}

TEST(JweVectors, KeyAgreementOfRfc7518AppendixC) {
  const JsonDocument vectors = LoadVectors("concat_kdf.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    const KeySet keys = EncryptionKeys(Text(*vector.Find("private_key")));
    const auto peer = ReadEphemeralKey(Curve::kP256, *vector.Find("epk"));
    ASSERT_TRUE(peer);
    const auto shared = AgreeOnSecret(keys.keys.front().pkey(), peer->get());
    ASSERT_TRUE(shared);
    const SecretBytes derived =
        DeriveAgreedKey(AsText(*shared), Member(vector, "encryption"), *DecodeBase64Url(Member(vector, "apu")),
                        *DecodeBase64Url(Member(vector, "apv")), 16);
    EXPECT_EQ(EncodeBase64Url(AsText(derived)), Member(vector, "derived"));
    ++count;
  });
  EXPECT_EQ(count, 1);
}

TEST(JweVectors, KeyAgreementOfRfc8037AppendixA) {
  const JsonDocument vectors = LoadVectors("ecdh.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    SCOPED_TRACE(Member(vector, "source"));
    const KeySet keys = EncryptionKeys(Text(*vector.Find("key")));
    const auto peer = ReadEphemeralKey(keys.keys.front().curve(), *vector.Find("epk"));
    ASSERT_TRUE(peer);
    const auto shared = AgreeOnSecret(keys.keys.front().pkey(), peer->get());
    ASSERT_TRUE(shared);
    EXPECT_EQ(EncodeBase64Url(AsText(*shared)), Member(vector, "shared"));
    ++count;
  });
  EXPECT_EQ(count, 2);
}

// RFC 7520 section 6: what decrypts is a signed token, whose own signature verifies.
TEST(JweVectors, TheNestedExampleOfRfc7520) {
  const JsonDocument encrypted = LoadVectors("jwe.json");
  const JsonDocument signed_tokens = LoadVectors("jws.json");
  int count = 0;
  ForEach(encrypted.root(), [&](const JsonValue &outer) {
    if (Member(outer, "source") != "RFC 7520 6 (the outer token)") return;
    const auto inner = Decrypted(Member(outer, "token"), EncryptionKeys(Text(*outer.Find("key"))));
    ASSERT_ACCEPTED(inner);
    ForEach(signed_tokens.root(), [&](const JsonValue &vector) {
      if (Member(vector, "source") != "RFC 7520 6 (the inner token)") return;
      const auto payload = VerifiedPayload(*inner, Keys(PublicOf(Text(*vector.Find("key")))));
      ASSERT_ACCEPTED(payload);
      EXPECT_EQ(*payload, R"({"iss":"hobbiton.example","exp":1300819380,"http://example.com/is_root":true})");
      ++count;
    });
  });
  EXPECT_EQ(count, 1);
}

TEST(JweVectors, KeyWrapOfRfc3394) {
  const std::string data = FromHex("00112233445566778899aabbccddeeff");
  const std::string key = FromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(WrapKey(key.substr(0, 16), data), FromHex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"));
  EXPECT_EQ(WrapKey(key.substr(0, 24), data), FromHex("96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"));
  EXPECT_EQ(WrapKey(key, data), FromHex("64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"));
  const auto unwrapped = UnwrapKey(key, FromHex("64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"));
  ASSERT_TRUE(unwrapped);
  EXPECT_EQ(AsText(*unwrapped), data);
}

}  // namespace
}  // namespace jwt_auth::jose
