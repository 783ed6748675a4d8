// The key fixes what it may be used with, never the token.
#include "jwe_support.hpp"

namespace jwt_auth::jose {
namespace {

// A token for a raw secret.
std::string TokenFor(const std::string &secret, std::string_view alg, std::string_view enc) {
  return Encrypt("x", EncryptionKeys(OctJwk(secret)), alg, enc, kFewRounds);
}

std::string SetOf(std::initializer_list<std::string> jwks) {
  std::string set = "{\"keys\":[";
  for (const std::string &jwk : jwks) set += (set.size() > 9 ? "," : "") + jwk;
  return set + "]}";
}

TEST(JweKeys, ASecretsLengthChoosesItsAlgorithms) {
  for (const std::size_t size : {16, 24, 32}) {
    const std::string secret(size, 's');
    const KeySet keys = EncryptionKeys(OctJwk(secret));
    for (const JweAlgorithm algorithm : AllJweAlgorithms()) {
      const JweAlgorithmInfo &info = InfoOf(algorithm);
      const bool wraps = info.family == JweFamily::kAesKeyWrap || info.family == JweFamily::kAesGcmKeyWrap;
      if (!wraps) continue;
      SCOPED_TRACE(std::to_string(size) + " " + std::string(info.name));
      const auto token = TryEncrypt("x", keys, info.name, "A256GCM");
      if (info.wrapping_key_size == size) {
        ASSERT_TRUE(static_cast<bool>(token));
        EXPECT_EQ(*Decrypted(*token, keys), "x");
      } else {
        EXPECT_REFUSED(token, kAlgorithmNotAllowed);
      }
    }
  }
}

TEST(JweKeys, DirectEncryptionTakesAKeyOfExactlyItsLength) {
  for (const std::size_t size : {16, 24, 32, 48, 64}) {
    const KeySet keys = EncryptionKeys(OctJwk(std::string(size, 's')));
    for (const JweEncryption encryption : AllJweEncryptions()) {
      SCOPED_TRACE(std::to_string(size) + " " + std::string(InfoOf(encryption).name));
      const auto token = TryEncrypt("x", keys, "dir", InfoOf(encryption).name);
      if (InfoOf(encryption).key_size == size) {
        ASSERT_TRUE(static_cast<bool>(token));
      } else {
        EXPECT_REFUSED(token, kAlgorithmNotAllowed);
        // Nor when a token asks for it.
        const std::string header = "{\"alg\":\"dir\",\"enc\":\"" + std::string(InfoOf(encryption).name) + "\"}";
        const std::string content_key(InfoOf(encryption).key_size, 's');
        EXPECT_REFUSED(Decrypted(ForgeJwe(header, "", encryption, content_key, "x"), keys), kAlgorithmNotAllowed);
      }
    }
  }
}

TEST(JweKeys, ATokenDoesNotMakeAKeyOfOneKindServeAsAnother) {
  const std::string rsa = RsaEncryptionJwk();
  const std::string ec = With(Generate("ECDH-ES"), {{"alg", ""}, {"kid", ""}});
  const std::string oct = OctJwk(std::string(16, 's'));
  const auto wrapped = Encrypt("x", EncryptionKeys(oct), "A128KW", "A128GCM");
  const auto agreed = Encrypt("x", EncryptionKeys(ec), "ECDH-ES", "A128GCM");
  const auto padded = Encrypt("x", EncryptionKeys(rsa), "RSA-OAEP", "A128GCM");
  EXPECT_REFUSED(Decrypted(wrapped, EncryptionKeys(rsa)), kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(wrapped, EncryptionKeys(ec)), kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(agreed, EncryptionKeys(rsa)), kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(agreed, EncryptionKeys(oct)), kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(padded, EncryptionKeys(ec)), kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(padded, EncryptionKeys(oct)), kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(padded, EncryptionKeys(With(Generate("ES256K"), {{"use", ""}, {"alg", ""}, {"kid", ""}}))),
                 kAlgorithmNotAllowed);
  EXPECT_REFUSED(TryEncrypt("x", EncryptionKeys(rsa), "A128KW", "A128GCM"), kAlgorithmNotAllowed);
}

TEST(JweKeys, AlgOfAJwkNarrows) {
  const std::string secret(16, 's');
  const std::string jwk = With(OctJwk(secret), {{"alg", "\"A128GCMKW\""}});
  EXPECT_REFUSED(Decrypted(TokenFor(secret, "A128KW", "A128GCM"), EncryptionKeys(jwk)), kAlgorithmNotAllowed);
  EXPECT_ACCEPTED(Decrypted(TokenFor(secret, "A128GCMKW", "A128GCM"), EncryptionKeys(jwk)));
  const std::string direct = With(OctJwk(std::string(32, 's')), {{"alg", "\"A128CBC-HS256\""}});
  EXPECT_REFUSED(Decrypted(TokenFor(std::string(32, 's'), "dir", "A256GCM"), EncryptionKeys(direct)), kAlgorithmNotAllowed);
  EXPECT_ACCEPTED(Decrypted(TokenFor(std::string(32, 's'), "dir", "A128CBC-HS256"), EncryptionKeys(direct)));
  const std::string rsa = With(RsaEncryptionJwk(), {{"alg", "\"RSA-OAEP\""}});
  EXPECT_REFUSED(TryEncrypt("x", EncryptionKeys(rsa), "RSA-OAEP-256", "A128GCM"), kAlgorithmNotAllowed);
  EXPECT_EQ(CodeOf(ParseKeys(With(RsaEncryptionJwk(), {{"alg", "\"RSA1_5\""}}), KeyPurpose::kEncryption)),
            static_cast<int>(ErrorCode::kUnusableKey));
}

TEST(JweKeys, ASigningKeyDoesNotDecrypt) {
  const std::string secret(32, 's');
  const std::string token = TokenFor(secret, "A256KW", "A128GCM");
  for (const std::string_view member : {R"("sig")", R"("enc")"}) {
    const auto decrypted = Decrypted(token, EncryptionKeys(With(OctJwk(secret), {{"use", std::string(member)}})));
    if (member == R"("sig")") {
      EXPECT_REFUSED(decrypted, kUnusableKey);
    } else {
      EXPECT_ACCEPTED(decrypted);
    }
  }
  EXPECT_REFUSED(Decrypted(token, EncryptionKeys(With(OctJwk(secret), {{"alg", "\"HS256\""}}))), kAlgorithmNotAllowed);
  EXPECT_REFUSED(TryEncrypt("x", EncryptionKeys(With(OctJwk(secret), {{"use", "\"sig\""}})), "A256KW", "A128GCM"),
                 kUnusableKey);
}

TEST(JweKeys, APublicPartDoesTheOtherHalf) {
  const auto operations_of_public = [](std::string_view key_ops) -> std::string {
    const auto jwk = ParseJsonObject(With(RsaEncryptionJwk(), {{"key_ops", std::string(key_ops)}}));
    const auto text = PublicJwk(jwk->root());
    if (!text) return "refused";
    const auto written = ParseJsonObject(*text);
    std::string operations;
    for (const JsonValue operation : written->root().Find("key_ops")->elements())
      operations += std::string(operation.text()) + " ";
    return operations;
  };
  EXPECT_EQ(operations_of_public(R"(["decrypt"])"), "encrypt ");
  EXPECT_EQ(operations_of_public(R"(["unwrapKey"])"), "wrapKey ");
  EXPECT_EQ(operations_of_public(R"(["unwrapKey","wrapKey","decrypt"])"), "wrapKey encrypt ");
}

TEST(JweKeys, KeyOpsAreRespected) {
  const std::string secret(32, 's');
  const auto with_ops = [&](std::string_view ops) {
    return EncryptionKeys(With(OctJwk(secret), {{"key_ops", std::string(ops)}}));
  };
  const std::string wrapped = TokenFor(secret, "A256KW", "A128GCM");
  const std::string direct = TokenFor(secret, "dir", "A256GCM");
  EXPECT_ACCEPTED(Decrypted(wrapped, with_ops(R"(["unwrapKey"])")));
  EXPECT_ACCEPTED(Decrypted(direct, with_ops(R"(["decrypt"])")));
  EXPECT_REFUSED(Decrypted(wrapped, with_ops(R"(["wrapKey"])")), kUnusableKey);
  EXPECT_REFUSED(Decrypted(direct, with_ops(R"(["unwrapKey"])")), kUnusableKey);
  EXPECT_REFUSED(Decrypted(direct, with_ops(R"(["sign","verify"])")), kUnusableKey);
  EXPECT_REFUSED(Decrypted(direct, with_ops("[]")), kUnusableKey);
  EXPECT_ACCEPTED(TryEncrypt("x", with_ops(R"(["wrapKey"])"), "A256KW", "A128GCM"));
  EXPECT_REFUSED(TryEncrypt("x", with_ops(R"(["unwrapKey"])"), "A256KW", "A128GCM"), kUnusableKey);
  EXPECT_REFUSED(TryEncrypt("x", with_ops(R"(["wrapKey"])"), "dir", "A256GCM"), kUnusableKey);
  const std::string ec = With(Generate("ECDH-ES"), {{"alg", ""}, {"kid", ""}});
  const std::string agreed = Encrypt("x", EncryptionKeys(ec), "ECDH-ES", "A128GCM");
  EXPECT_ACCEPTED(Decrypted(agreed, EncryptionKeys(With(ec, {{"key_ops", R"(["deriveKey"])"}}))));
  EXPECT_ACCEPTED(Decrypted(agreed, EncryptionKeys(With(ec, {{"key_ops", R"(["deriveBits"])"}}))));
  EXPECT_REFUSED(Decrypted(agreed, EncryptionKeys(With(ec, {{"key_ops", R"(["unwrapKey"])"}}))), kUnusableKey);
}

TEST(JweKeys, APublicKeyEncryptsAndDoesNotDecrypt) {
  const std::string ec = With(Generate("ECDH-ES", "X25519"), {{"alg", ""}});
  for (const auto &[jwk, alg] : {std::pair(RsaEncryptionJwk(), "RSA-OAEP-256"), std::pair(ec, "ECDH-ES+A128KW")}) {
    const KeySet public_keys = EncryptionKeys(PublicOf(jwk));
    const std::string token = Encrypt("x", public_keys, alg, "A128GCM");
    EXPECT_REFUSED(Decrypted(token, public_keys), kUnusableKey);
    EXPECT_EQ(*Decrypted(token, EncryptionKeys(jwk)), "x");
  }
}

TEST(JweKeys, ATokenCantTurnASecretIntoAPassword) {
  const std::string secret(32, 's');
  const std::string token = Encrypt("x", EncryptionKeys(secret), "PBES2-HS256+A128KW", "A128GCM", kFewRounds);
  const JweAlgorithmSet named(JweAlgorithm::kPbes2Hs256A128KW);
  // A raw secret and a JWK alike: only where the caller or the JWK says so.
  for (const std::string &key : {secret, OctJwk(secret)}) {
    EXPECT_REFUSED(Decrypted(token, EncryptionKeys(key)), kAlgorithmNotAllowed);
    EXPECT_REFUSED(Decrypted(token, EncryptionKeys(key), JweAlgorithmSet(JweAlgorithm::kA256KW)), kAlgorithmNotAllowed);
    const auto decrypted = Decrypted(token, EncryptionKeys(key), named);
    ASSERT_TRUE(static_cast<bool>(decrypted));
    EXPECT_EQ(*decrypted, "x");
  }
  EXPECT_ACCEPTED(Decrypted(token, EncryptionKeys(With(OctJwk(secret), {{"alg", "\"PBES2-HS256+A128KW\""}}))));
  EXPECT_REFUSED(Decrypted(token, EncryptionKeys(With(OctJwk(secret), {{"alg", "\"A256KW\""}})), named), kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(token, EncryptionKeys(With(OctJwk(secret), {{"alg", "\"PBES2-HS512+A256KW\""}}))),
                 kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(token, EncryptionKeys(RsaEncryptionJwk()), named), kAlgorithmNotAllowed);
}

TEST(JweKeys, ASecretThatIsNoAesKeyMustBeCalledAPassword) {
  EXPECT_REFUSED(TryEncrypt("x", EncryptionKeys("my password"), "", "A128GCM"), kUnusableKey);
  EXPECT_REFUSED(TryEncrypt("x", EncryptionKeys("my password"), "A128KW", "A128GCM"), kAlgorithmNotAllowed);
  EXPECT_ACCEPTED(TryEncrypt("x", EncryptionKeys("my password"), "PBES2-HS256+A128KW", "A128GCM", kFewRounds));
}

TEST(JweKeys, TheCallersListsNarrow) {
  const std::string secret(32, 's');
  const KeySet keys = EncryptionKeys(secret);
  const std::string token = TokenFor(secret, "A256KW", "A128GCM");
  EXPECT_ACCEPTED(Decrypted(token, keys, JweAlgorithmSet(JweAlgorithm::kA256KW), JweEncryptionSet(JweEncryption::kA128Gcm)));
  EXPECT_REFUSED(Decrypted(token, keys, JweAlgorithmSet(JweAlgorithm::kDir)), kAlgorithmNotAllowed);
  EXPECT_REFUSED(Decrypted(token, keys, std::nullopt, JweEncryptionSet(JweEncryption::kA256Gcm)), kAlgorithmNotAllowed);
}

TEST(JweKeys, AKidSelects) {
  const std::string one = With(OctJwk(std::string(16, '1')), {{"kid", "\"one\""}});
  const std::string two = With(OctJwk(std::string(16, '2')), {{"kid", "\"two\""}});
  const std::string token = Encrypt("x", EncryptionKeys(two), "A128KW", "A128GCM");
  EXPECT_EQ(*Decrypted(token, EncryptionKeys(SetOf({one, two}))), "x");
  EXPECT_REFUSED(Decrypted(token, EncryptionKeys(SetOf({one}))), kNoSuchKey);
  EXPECT_REFUSED(Decrypted(token, EncryptionKeys(one)), kNoSuchKey);
  EXPECT_ACCEPTED(Decrypted(token, EncryptionKeys(OctJwk(std::string(16, '2')))));
  // The kid is believed for choosing, and the key of that name is then the only one.
  const std::string forged = With(OctJwk(std::string(16, '2')), {{"kid", "\"one\""}});
  EXPECT_UNDECRYPTABLE(Decrypted(Encrypt("x", EncryptionKeys(forged), "A128KW", "A128GCM"), EncryptionKeys(SetOf({one, two}))));
}

TEST(JweKeys, WithoutAKidEachSuitableKeyIsTriedUpToSixteen) {
  const auto numbered = [](int i) { return OctJwk("0123456789abc" + std::to_string(100 + i)); };
  const auto set_of = [&](int count) {
    std::string set = "{\"keys\":[" + PublicOf(With(Generate("ECDH-ES"), {{"kid", ""}}));
    for (int i = 1; i <= count; ++i) set += "," + numbered(i);
    return set + "]}";
  };
  const KeySet keys = EncryptionKeys(set_of(17));
  ASSERT_EQ(keys.keys.size(), 18U);
  for (const int last : {1, 2, 16}) {
    EXPECT_ACCEPTED(Decrypted(Encrypt("x", EncryptionKeys(numbered(last)), "A128GCMKW", "A128GCM"), keys));
  }
  EXPECT_UNDECRYPTABLE(Decrypted(Encrypt("x", EncryptionKeys(numbered(17)), "A128GCMKW", "A128GCM"), keys));
  EXPECT_REFUSED(Decrypted(TokenFor(std::string(32, 's'), "A256KW", "A128GCM"), keys), kAlgorithmNotAllowed);
}

TEST(JweKeys, OnlyOnePasswordIsTried) {
  const auto password = [](std::string_view text) { return With(OctJwk(text), {{"alg", "\"PBES2-HS256+A128KW\""}}); };
  const KeySet keys = EncryptionKeys(SetOf({password("first"), password("second")}));
  const auto token_for = [&](std::string_view text) {
    return Encrypt("x", EncryptionKeys(password(text)), "", "A128GCM", kFewRounds);
  };
  EXPECT_ACCEPTED(Decrypted(token_for("first"), keys));
  EXPECT_UNDECRYPTABLE(Decrypted(token_for("second"), keys));
}

TEST(JweKeys, OfASetTheFirstThatCanEncryptsAndIsNamed) {
  const std::string set =
      SetOf({With(Generate("ES256"), {{"kid", "\"signs\""}}), With(Generate("ECDH-ES"), {{"kid", "\"agrees\""}}),
             With(RsaEncryptionJwk(), {{"kid", "\"pads\""}})});
  const auto first = UnverifiedJwe::Parse(Encrypt("x", EncryptionKeys(set), "", ""));
  EXPECT_EQ(*first->kid(), "agrees");
  EXPECT_EQ(first->alg(), "ECDH-ES");
  EXPECT_EQ(*UnverifiedJwe::Parse(Encrypt("x", EncryptionKeys(set), "RSA-OAEP", ""))->kid(), "pads");
  EXPECT_REFUSED(TryEncrypt("x", EncryptionKeys(set), "A128KW", ""), kAlgorithmNotAllowed);
  EXPECT_REFUSED(TryEncrypt("x", EncryptionKeys(SetOf({Generate("ES256")})), "ECDH-ES", ""), kUnusableKey);
}

}  // namespace
}  // namespace jwt_auth::jose
