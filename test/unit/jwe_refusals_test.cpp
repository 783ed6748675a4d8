// Bad tokens: each has one refusal, and everything that takes a key to find out looks the same.
#include "jose/crypto/ecdh.hpp"
#include "jose/crypto/key_wrap.hpp"
#include "jose/crypto/openssl.hpp"
#include "jose/crypto/rsa_oaep.hpp"
#include "jwe_support.hpp"

namespace jwt_auth::jose {
namespace {

const std::string kKey(16, 'k');

// A token under kKey, as A128KW with A128GCM, with any header.
std::string Wrapped(std::string_view header) {
  const std::string content_key(16, 'c');
  return ForgeJwe(header, WrapKey(kKey, content_key), JweEncryption::kA128Gcm, content_key, "x");
}

Result<std::string> WithKey(std::string_view token) { return Decrypted(token, EncryptionKeys(kKey)); }

std::string Repeated(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(JweForm, ExactlyFiveParts) {
  const std::string token = Wrapped(R"({"alg":"A128KW","enc":"A128GCM"})");
  ASSERT_ACCEPTED(WithKey(token));
  for (const std::string &bad :
       {std::string(), std::string("."), std::string("...."), std::string("....."), token + ".", "." + token, token + ".AAAA",
        token.substr(0, token.rfind('.')), Repeated(".", 100000), token + Repeated(".", 100000), " " + token, token + " ",
        token + "\n", token + "=", "Bearer " + token, token + std::string(1, '\0')}) {
    EXPECT_REFUSED(WithKey(bad), kMalformed);
  }
}

TEST(JweForm, ASignedTokenIsNoEncryptedOneAndTheOtherWayRound) {
  const std::string secret(32, 's');
  const std::string jws = Sign("payload", Keys(secret));
  EXPECT_REFUSED(Decrypted(jws, EncryptionKeys(secret)), kMalformed);
  const std::string jwe = Encrypt("payload", EncryptionKeys(secret), "A256KW", "A128GCM");
  EXPECT_REFUSED(VerifiedPayload(jwe, Keys(secret)), kMalformed);
  // Nor with the parts of one under the header of the other.
  const std::string three = jwe.substr(0, jwe.find('.')) + jws.substr(jws.find('.'));
  EXPECT_REFUSED(VerifiedPayload(three, Keys(secret)), kMalformed);
  const std::string five = jws.substr(0, jws.find('.')) + jwe.substr(jwe.find('.'));
  EXPECT_REFUSED(Decrypted(five, EncryptionKeys(secret)), kMalformed);
}

TEST(JweForm, HeadersThatAreNotOne) {
  for (const std::string_view header : {"",
                                        "{}",
                                        "[]",
                                        "null",
                                        "\"A128KW\"",
                                        R"({"alg":"A128KW"})",
                                        R"({"enc":"A128GCM"})",
                                        R"({"alg":1,"enc":"A128GCM"})",
                                        R"({"alg":"A128KW","enc":null})",
                                        R"({"alg":"A128KW","enc":["A128GCM"]})",
                                        R"({"alg":"A128KW","enc":"A128GCM","kid":1})",
                                        R"({"alg":"A128KW","enc":"A128GCM","typ":1})",
                                        R"({"alg":"A128KW","enc":"A128GCM","cty":[]})",
                                        R"({"alg":"A128KW","alg":"A128KW","enc":"A128GCM"})",
                                        R"({"alg":"A128KW","enc":"A128GCM","x":{"a":1,"a":2}})",
                                        R"({"alg":"A128KW","enc":"A128GCM","crit":["exp"]})",
                                        R"({"alg":"A128KW","enc":"A128GCM","crit":[]})",
                                        R"({"alg":"A128KW","enc":"A128GCM","crit":null})",
                                        R"({"alg":"A128KW","enc":"A128GCM","zip":"DEF"})",
                                        R"({"alg":"A128KW","enc":"A128GCM","zip":null})",
                                        R"({"alg":"A128KW","enc":"A128GCM"} x)",
                                        R"({"alg":"A128KW","enc":"A128GCM","x":"\u0000"})",
                                        R"({"alg":"A128KW","enc":"A128GCM","x":"\ud800"})",
                                        "{\"alg\":\"A128KW\",\"enc\":\"A128GCM\",\"x\":\"\xc0\xaf\"}",
                                        "\xef\xbb\xbf{\"alg\":\"A128KW\",\"enc\":\"A128GCM\"}"}) {
    SCOPED_TRACE(header);
    EXPECT_REFUSED(WithKey(Wrapped(header)), kMalformed);
  }
  const std::string deep = R"({"alg":"A128KW","enc":"A128GCM","x":)" + Repeated("[", 100000) + Repeated("]", 100000) + "}";
  EXPECT_REFUSED(WithKey(Wrapped(deep)), kTooLarge);
}

TEST(JweForm, KeysInTheHeaderAreDataAndNothingElse) {
  const auto plaintext = WithKey(Wrapped(
      R"({"alg":"A128KW","enc":"A128GCM","jwk":{"kty":"oct","k":"AAAA"},"jku":"https://a.example/","x5u":"file:///etc/passwd","x5c":["x"]})"));
  ASSERT_ACCEPTED(plaintext);
  EXPECT_EQ(*plaintext, "x");
}

TEST(JweForm, AlgorithmsThatDoNotExist) {
  for (const std::string_view header :
       {R"({"alg":"none","enc":"A128GCM"})", R"({"alg":"","enc":"A128GCM"})", R"({"alg":"RSA1_5","enc":"A128GCM"})",
        R"({"alg":"a128kw","enc":"A128GCM"})", R"({"alg":"HS256","enc":"A128GCM"})", R"({"alg":"A128KW","enc":"A128CBC"})",
        R"({"alg":"A128KW","enc":"none"})", R"({"alg":"A128KW","enc":""})", R"({"alg":"A128KW","enc":"a128gcm"})"}) {
    SCOPED_TRACE(header);
    EXPECT_REFUSED(WithKey(Wrapped(header)), kAlgorithmNotAllowed);
  }
}

// RFC 7516 section 4.1 has them from RFC 7515 section 4.1, also where they are not used.
TEST(JweForm, RegisteredMembersHaveTheirTypes) {
  for (const char *name : {"kid", "typ", "cty", "jku", "x5u", "x5t", "x5t#S256", "jwk", "x5c"}) {
    for (const char *value : {"null", "1", "true", "[1]", "[[]]", "[null]", "\"a\"", "{}", "[\"a\"]"}) {
      const bool good = std::string_view(value) == (std::string_view(name) == "jwk"   ? "{}"
                                                    : std::string_view(name) == "x5c" ? "[\"a\"]"
                                                                                      : "\"a\"");
      const std::string header = std::string(R"({"alg":"A128KW","enc":"A128GCM",")") + name + "\":" + value + "}";
      EXPECT_EQ(CodeOf(WithKey(Wrapped(header))) == static_cast<int>(ErrorCode::kMalformed), !good) << header;
    }
  }
}

TEST(JweForm, IvAndTagHaveTheirLengths) {
  for (const JweEncryption encryption : AllJweEncryptions()) {
    SCOPED_TRACE(std::string(InfoOf(encryption).name));
    const Parts good(Encrypt("x", EncryptionKeys(kKey), "A128KW", InfoOf(encryption).name));
    for (const std::size_t index : {2U, 4U}) {
      for (std::size_t size = 0; size <= 70; ++size) {
        Parts bad = good;
        if (size == good.part[index].size()) continue;
        bad.part[index].resize(size);
        EXPECT_REFUSED(WithKey(bad.Join()), kMalformed);
      }
    }
  }
}

TEST(JweForm, AnEncryptedKeyWhereThereIsNone) {
  const KeySet keys = EncryptionKeys(OctJwk(kKey));
  Parts direct(Encrypt("x", keys, "dir", "A128GCM"));
  direct.part[1] = std::string(24, 'e');
  EXPECT_REFUSED(Decrypted(direct.Join(), keys), kMalformed);
  const KeySet agreeing = EncryptionKeys(With(Generate("ECDH-ES"), {{"alg", ""}}));
  Parts agreed(Encrypt("x", agreeing, "ECDH-ES", "A128GCM"));
  agreed.part[1] = "e";
  EXPECT_REFUSED(Decrypted(agreed.Join(), agreeing), kMalformed);
}

TEST(JweUndecryptable, AWrongKeyIsLikeAWrongTag) {
  for (const JweAlgorithm algorithm : AllJweAlgorithms()) {
    for (const JweEncryption encryption : {JweEncryption::kA256Gcm, JweEncryption::kA256CbcHs512}) {
      SCOPED_TRACE(std::string(InfoOf(algorithm).name) + " " + std::string(InfoOf(encryption).name));
      const KeySet right = EncryptionKeys(JwkFor(algorithm, encryption));
      const bool rsa = InfoOf(algorithm).family == JweFamily::kRsaOaep;
      const KeySet wrong =
          EncryptionKeys(rsa ? With(Another("RSA-OAEP"), {{"alg", ""}, {"kid", ""}}) : JwkFor(algorithm, encryption));
      const JweAlgorithmSet named(algorithm);
      const std::string token = Encrypt("x", right, InfoOf(algorithm).name, InfoOf(encryption).name, kFewRounds);
      ASSERT_ACCEPTED(Decrypted(token, right, named));
      EXPECT_UNDECRYPTABLE(Decrypted(token, wrong, named));
      Parts changed(token);
      changed.part[4][0] = static_cast<char>(changed.part[4][0] ^ 0x80);
      EXPECT_UNDECRYPTABLE(Decrypted(changed.Join(), right, named));
    }
  }
}

TEST(JweUndecryptable, EncryptedKeysOfOtherLengths) {
  for (const std::string_view alg : {"A128KW", "A128GCMKW", "RSA-OAEP", "ECDH-ES+A128KW"}) {
    SCOPED_TRACE(alg);
    const auto algorithm = *JweAlgorithmNamed(alg);
    const KeySet keys = EncryptionKeys(JwkFor(algorithm, JweEncryption::kA128Gcm));
    const Parts good(Encrypt("x", keys, alg, "A128GCM"));
    for (std::size_t size = 0; size <= 300; size += size < 80 ? 1 : 44) {
      if (size == good.part[1].size()) continue;
      Parts bad = good;
      bad.part[1].resize(size);
      EXPECT_UNDECRYPTABLE(Decrypted(bad.Join(), keys));
    }
  }
}

TEST(JweUndecryptable, AContentKeyOfAnotherLength) {
  // Properly wrapped, but not what the encryption takes.
  const std::string header = R"({"alg":"A128KW","enc":"A256GCM"})";
  const std::string content_key(32, 'c');
  for (const std::size_t size : {16U, 24U, 40U, 64U}) {
    const std::string wrapped = WrapKey(kKey, std::string(size, 'c'));
    EXPECT_UNDECRYPTABLE(WithKey(ForgeJwe(header, wrapped, JweEncryption::kA256Gcm, content_key, "x")));
  }
  ASSERT_ACCEPTED(WithKey(ForgeJwe(header, WrapKey(kKey, content_key), JweEncryption::kA256Gcm, content_key, "x")));

  const KeySet rsa = EncryptionKeys(RsaEncryptionJwk());
  const auto padded = [&](std::size_t size, Digest digest) {
    return ForgeJwe(R"({"alg":"RSA-OAEP-256","enc":"A256GCM"})",
                    EncryptWithOaep(rsa.keys.front().pkey(), digest, std::string(size, 'c')), JweEncryption::kA256Gcm,
                    content_key, "x");
  };
  ASSERT_ACCEPTED(Decrypted(padded(32, Digest::kSha256), rsa));
  for (const std::size_t size : {0U, 1U, 16U, 31U, 33U, 190U})
    EXPECT_UNDECRYPTABLE(Decrypted(padded(size, Digest::kSha256), rsa));
  EXPECT_UNDECRYPTABLE(Decrypted(padded(32, Digest::kSha1), rsa));
}

TEST(JweUndecryptable, RsaCiphertextsAtTheEdges) {
  const KeySet rsa = EncryptionKeys(RsaEncryptionJwk());
  Parts parts(Encrypt("x", rsa, "RSA-OAEP", "A128GCM"));
  for (const char byte : {'\0', '\xff'}) {
    parts.part[1].assign(256, byte);
    EXPECT_UNDECRYPTABLE(Decrypted(parts.Join(), rsa));
  }
  parts.part[1].assign(256, '\0');
  parts.part[1].back() = 1;
  EXPECT_UNDECRYPTABLE(Decrypted(parts.Join(), rsa));
}

TEST(JweUndecryptable, PaddingThatDoesNotFitIsNotLookedAtBeforeTheTag) {
  // With the right MAC over a ciphertext that is no padded plaintext: only the holder of the key can make one.
  const KeySet keys = EncryptionKeys(OctJwk(std::string(32, 'k')));
  const std::string header = EncodeBase64Url(R"({"alg":"dir","enc":"A128CBC-HS256"})");
  const std::string iv(16, 'i');
  for (const std::string &ciphertext : {std::string(), std::string(15, 'x'), std::string(16, 'x'), std::string(17, 'x')}) {
    std::string mac_input = header + iv + ciphertext + std::string(6, '\0');
    mac_input += static_cast<char>(header.size() * 8 >> 8);
    mac_input += static_cast<char>(header.size() * 8);
    const SecretBytes mac = Hmac(Digest::kSha256, std::string(16, 'k'), mac_input);
    const std::string token = header + ".." + EncodeBase64Url(iv) + "." + EncodeBase64Url(ciphertext) + "." +
                              EncodeBase64Url(AsText(mac).substr(0, 16));
    EXPECT_UNDECRYPTABLE(Decrypted(token, keys));
  }
}

// A token that the holder of the ephemeral key encrypts properly, whatever its header says of that key.
std::string Agreed(const KeySet &recipient, const KeySet &ephemeral, std::string_view epk) {
  const auto shared = AgreeOnSecret(ephemeral.keys.front().pkey(), recipient.keys.front().pkey());
  const SecretBytes derived = DeriveAgreedKey(AsText(*shared), "A128GCM", "", "", 16);
  const std::string header = R"({"alg":"ECDH-ES","enc":"A128GCM","epk":)" + std::string(epk) + "}";
  return ForgeJwe(header, "", JweEncryption::kA128Gcm, AsText(derived), "x");
}

TEST(JweAgreement, AnEphemeralKeyIsAPublicKeyOfTheCurveAndNothingElse) {
  const std::string jwk = With(Generate("ECDH-ES"), {{"alg", ""}, {"kid", ""}, {"use", ""}});
  const KeySet keys = EncryptionKeys(jwk);
  const std::string ephemeral_jwk = With(Generate("ECDH-ES"), {{"alg", ""}, {"kid", ""}, {"use", ""}});
  const KeySet ephemeral = EncryptionKeys(ephemeral_jwk);
  const std::string point = PublicOf(ephemeral_jwk);
  ASSERT_ACCEPTED(Decrypted(Agreed(keys, ephemeral, point), keys));
  const std::string x = BytesOf(point, "x");
  std::string y = BytesOf(point, "y");
  const std::string long_y = Quoted(EncodeBase64Url(std::string(1, '\0') + y));
  const std::string short_y = Quoted(EncodeBase64Url(y.substr(1)));
  y.back() = static_cast<char>(y.back() ^ 1);
  const std::string zero = Quoted(EncodeBase64Url(std::string(32, '\0')));
  const std::string field = Quoted(EncodeBase64Url(std::string(32, '\xff')));
  for (const std::string &epk : {With(point, {{"y", Quoted(EncodeBase64Url(y))}}),
                                 With(point, {{"x", zero}, {"y", zero}}),
                                 With(point, {{"x", field}, {"y", field}}),
                                 With(point, {{"y", short_y}}),
                                 With(point, {{"y", long_y}}),
                                 With(point, {{"y", ""}}),
                                 With(point, {{"x", ""}}),
                                 With(point, {{"x", "7"}}),
                                 With(point, {{"x", "\"=\""}}),
                                 With(point, {{"crv", ""}}),
                                 With(point, {{"crv", "\"P-384\""}}),
                                 With(point, {{"crv", "\"secp256k1\""}}),
                                 With(point, {{"crv", "\"p-256\""}}),
                                 With(point, {{"crv", "1"}}),
                                 With(point, {{"kty", "\"OKP\""}}),
                                 With(point, {{"kty", ""}}),
                                 With(point, {{"kty", "null"}}),
                                 std::string("{}"),
                                 PublicOf(Generate("ECDH-ES", "P-384")),
                                 PublicOf(Generate("ES256K")),
                                 PublicOf(Generate("ECDH-ES", "X25519"))}) {
    SCOPED_TRACE(epk);
    EXPECT_UNDECRYPTABLE(Decrypted(Agreed(keys, ephemeral, epk), keys));
    EXPECT_FALSE(ReadEphemeralKey(Curve::kP256, ParseJson(epk)->root()));
  }
  for (const std::string_view epk : {"null", "\"x\"", "[]", "1"}) {
    EXPECT_REFUSED(Decrypted(Agreed(keys, ephemeral, epk), keys), kMalformed);
  }
  const std::string content_key(16, 'c');
  EXPECT_REFUSED(
      Decrypted(ForgeJwe(R"({"alg":"ECDH-ES","enc":"A128GCM"})", "", JweEncryption::kA128Gcm, content_key, "x"), keys),
      kMalformed);
}

TEST(JweAgreement, AnEphemeralKeyOfOneMontgomeryCurveIsNoneOfTheOther) {
  const auto pair = [](std::string_view curve) { return With(Generate("ECDH-ES", curve), {{"alg", ""}, {"kid", ""}}); };
  const KeySet keys = EncryptionKeys(pair("X25519"));
  const std::string ephemeral = pair("X25519");
  ASSERT_ACCEPTED(Decrypted(Agreed(keys, EncryptionKeys(ephemeral), PublicOf(ephemeral)), keys));
  for (const std::string_view crv : {"X448", "Ed25519", "P-256", ""}) {
    const std::string epk = With(PublicOf(ephemeral), {{"crv", Quoted(crv)}});
    EXPECT_UNDECRYPTABLE(Decrypted(Agreed(keys, EncryptionKeys(ephemeral), epk), keys));
  }
}

TEST(JweAgreement, ASharedSecretOfZeroIsNone) {
  const KeySet keys = EncryptionKeys(With(Generate("ECDH-ES", "X25519"), {{"alg", ""}}));
  const std::string zero(32, '\0');
  const OpenSslPtr<EVP_PKEY> peer(EVP_PKEY_new_raw_public_key_ex(
      nullptr, "X25519", nullptr, reinterpret_cast<const unsigned char *>(zero.data()), zero.size()));
  ASSERT_TRUE(peer);
  EXPECT_FALSE(AgreeOnSecret(keys.keys.front().pkey(), peer.get()));
}

// What a sender computes who knows that the shared secret is zero.
TEST(JweAgreement, PointsOfSmallOrderAreUndecryptable) {
  const auto from_hex = [](std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
  };
  const std::string p_x448 = std::string(28, '\xff') + "\xfe" + std::string(27, '\xff');
  const auto changed_x448 = [&](int delta) {
    std::string bytes(p_x448.rbegin(), p_x448.rend());
    bytes = p_x448;
    bytes[0] = static_cast<char>(bytes[0] + delta);
    return bytes;
  };
  const std::vector<std::pair<std::string_view, std::string>> points{
      {"X25519", std::string(32, '\0')},
      {"X25519", "\x01" + std::string(31, '\0')},
      {"X25519", from_hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")},
      {"X25519", from_hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")},
      {"X25519", from_hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
      {"X25519", from_hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
      {"X25519", from_hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
      {"X448", std::string(56, '\0')},
      {"X448", "\x01" + std::string(55, '\0')},
      {"X448", changed_x448(-1)},
      {"X448", changed_x448(0)},
  };
  for (const auto &[curve, point] : points) {
    SCOPED_TRACE(std::string(curve) + " " + EncodeBase64Url(point));
    const std::size_t size = curve == "X448" ? 56 : 32;
    ASSERT_EQ(point.size(), size);
    const KeySet keys = EncryptionKeys(With(Generate("ECDH-ES", curve), {{"alg", ""}, {"kid", ""}}));
    const std::string epk = "{\"kty\":\"OKP\",\"crv\":\"" + std::string(curve) + "\",\"x\":\"" + EncodeBase64Url(point) + "\"}";
    const SecretBytes derived = DeriveAgreedKey(std::string(size, '\0'), "A128GCM", "", "", 16);
    const std::string header = R"({"alg":"ECDH-ES","enc":"A128GCM","epk":)" + epk + "}";
    EXPECT_UNDECRYPTABLE(Decrypted(ForgeJwe(header, "", JweEncryption::kA128Gcm, AsText(derived), "x"), keys));
  }
}

TEST(JweAgreement, PartyInformationIsChecked) {
  const KeySet keys = EncryptionKeys(With(Generate("ECDH-ES"), {{"alg", ""}, {"kid", ""}}));
  const Parts parts(Encrypt("x", keys, "ECDH-ES", "A128GCM"));
  for (const std::string_view value : {"7", "null", "\"=\"", "\"A\"", "[\"AA\"]"}) {
    for (const std::string_view name : {"apu", "apv"}) {
      Parts changed = parts;
      changed.part[0] = With(parts.part[0], {{name, std::string(value)}});
      EXPECT_REFUSED(Decrypted(changed.Join(), keys), kMalformed);
    }
  }
  Parts changed = parts;
  changed.part[0] = With(parts.part[0], {{"apu", "\"AA\""}});
  EXPECT_UNDECRYPTABLE(Decrypted(changed.Join(), keys));
}

TEST(JweGcmKeyWrap, IvAndTagOfTheHeader) {
  const KeySet keys = EncryptionKeys(OctJwk(kKey));
  const Parts parts(Encrypt("x", keys, "A128GCMKW", "A128GCM"));
  for (const std::string_view name : {"iv", "tag"}) {
    for (const std::string_view value : {"", "7", "null", "\"\"", "\"AAAA\"", "\"=\"", "\"AAAAAAAAAAAAAAAAAAAAAAAA\""}) {
      Parts changed = parts;
      changed.part[0] = With(parts.part[0], {{name, std::string(value)}});
      EXPECT_REFUSED(Decrypted(changed.Join(), keys), kMalformed);
    }
    Parts changed = parts;
    const std::string other(name == "iv" ? 12 : 16, 'o');
    changed.part[0] = With(parts.part[0], {{name, Quoted(EncodeBase64Url(other))}});
    EXPECT_UNDECRYPTABLE(Decrypted(changed.Join(), keys));
  }
}

TEST(JwePasswords, CountAndSaltAreBoundedBeforeAnythingIsDerived) {
  const KeySet keys = EncryptionKeys("a password");
  const JweAlgorithmSet named(JweAlgorithm::kPbes2Hs512A256KW);
  const Parts parts(Encrypt("x", keys, "PBES2-HS512+A256KW", "A128GCM", kFewRounds));
  ASSERT_ACCEPTED(Decrypted(parts.Join(), keys, named));
  for (const std::string_view count : {"", "0", "1", "-1", "999", "1000001", "2147483647", "4294968296", "18446744073709552616",
                                       "1e3", "1000.0", "\"1000\"", "null", "[1000]", "true"}) {
    SCOPED_TRACE(count);
    Parts changed = parts;
    changed.part[0] = With(parts.part[0], {{"p2c", std::string(count)}});
    EXPECT_REFUSED(Decrypted(changed.Join(), keys, named), kMalformed);
  }
  for (const std::string_view salt : {"", "\"\"", "\"AAAAAAAAAA\"", "7", "null", "\"=\""}) {
    SCOPED_TRACE(salt);
    Parts changed = parts;
    changed.part[0] = With(parts.part[0], {{"p2s", std::string(salt)}});
    EXPECT_REFUSED(Decrypted(changed.Join(), keys, named), kMalformed);
  }
  Parts changed = parts;
  changed.part[0] = With(parts.part[0], {{"p2s", "\"AAAAAAAAAAA\""}});
  EXPECT_UNDECRYPTABLE(Decrypted(changed.Join(), keys, named));
  EXPECT_UNDECRYPTABLE(Decrypted(parts.Join(), EncryptionKeys("another password"), named));
}

}  // namespace
}  // namespace jwt_auth::jose
