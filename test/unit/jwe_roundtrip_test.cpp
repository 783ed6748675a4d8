// Every algorithm with every encryption, and what the header of a token says.
#include "jwe_support.hpp"

namespace jwt_auth::jose {
namespace {

std::string HeaderOf(std::string_view token) { return *DecodeBase64Url(token.substr(0, token.find('.'))); }

std::string HeaderMember(std::string_view token, std::string_view name) {
  const auto header = ParseJson(HeaderOf(token));
  return Member(header->root(), name);
}

TEST(JweRoundTrip, EveryAlgorithmWithEveryEncryption) {
  const std::array<std::string, 4> plaintexts{"", "x", std::string(16, 'b'), std::string(100000, '\xff')};
  int count = 0;
  for (const JweAlgorithm algorithm : AllJweAlgorithms()) {
    for (const JweEncryption encryption : AllJweEncryptions()) {
      SCOPED_TRACE(std::string(InfoOf(algorithm).name) + " " + std::string(InfoOf(encryption).name));
      const KeySet keys = EncryptionKeys(JwkFor(algorithm, encryption));
      for (const std::string &plaintext : plaintexts) {
        const std::string token = Encrypt(plaintext, keys, InfoOf(algorithm).name, InfoOf(encryption).name, kFewRounds);
        const auto decrypted = Decrypted(token, keys, JweAlgorithmSet(algorithm), JweEncryptionSet(encryption));
        ASSERT_TRUE(static_cast<bool>(decrypted));
        EXPECT_EQ(*decrypted, plaintext);
        ++count;
      }
    }
  }
  EXPECT_EQ(count, 16 * 6 * 4);
}

TEST(JweRoundTrip, EveryCurve) {
  int count = 0;
  for (const std::string_view curve : {"P-256", "P-384", "P-521", "X25519", "X448"}) {
    for (const std::string_view alg : {"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"}) {
      SCOPED_TRACE(std::string(curve) + " " + std::string(alg));
      const std::string jwk = With(Generate(alg, curve), {{"alg", ""}});
      const std::string token = Encrypt("to you alone", EncryptionKeys(PublicOf(jwk)), alg, "A256CBC-HS512");
      const auto decrypted = Decrypted(token, EncryptionKeys(jwk));
      ASSERT_TRUE(static_cast<bool>(decrypted));
      EXPECT_EQ(*decrypted, "to you alone");
      const auto header = ParseJson(HeaderOf(token));
      const auto epk = header->root().Find("epk");
      ASSERT_TRUE(epk);
      EXPECT_EQ(Member(*epk, "crv"), curve);
      EXPECT_FALSE(epk->Find("d"));
      ++count;
    }
  }
  EXPECT_EQ(count, 20);
}

TEST(JweRoundTrip, GeneratedKeysWorkForTheirAlgorithm) {
  for (const JweAlgorithm algorithm : AllJweAlgorithms()) {
    if (algorithm == JweAlgorithm::kDir) continue;
    SCOPED_TRACE(std::string(InfoOf(algorithm).name));
    const KeySet keys = EncryptionKeys(Generate(InfoOf(algorithm).name));
    const std::string token = Encrypt("hello", keys, "", "", kFewRounds);
    EXPECT_EQ(HeaderMember(token, "alg"), InfoOf(algorithm).name);
    EXPECT_EQ(HeaderMember(token, "enc"), "A256GCM");
    EXPECT_EQ(HeaderMember(token, "kid"), *keys.keys.front().kid());
    const auto decrypted = Decrypted(token, keys);
    ASSERT_TRUE(static_cast<bool>(decrypted));
    EXPECT_EQ(*decrypted, "hello");
  }
  for (const JweEncryption encryption : AllJweEncryptions()) {
    SCOPED_TRACE(std::string(InfoOf(encryption).name));
    const KeySet keys = EncryptionKeys(Generate(InfoOf(encryption).name));
    const std::string token = Encrypt("hello", keys, "", "");
    EXPECT_EQ(HeaderMember(token, "alg"), "dir");
    EXPECT_EQ(HeaderMember(token, "enc"), InfoOf(encryption).name);
    EXPECT_EQ(*Decrypted(token, keys), "hello");
  }
}

TEST(JweRoundTrip, TheAlgorithmFollowsTheKeyWhereNobodyNamesOne) {
  const auto alg_for = [](std::string_view jwk) { return HeaderMember(Encrypt("x", EncryptionKeys(jwk), "", ""), "alg"); };
  EXPECT_EQ(alg_for(RsaEncryptionJwk()), "RSA-OAEP-256");
  EXPECT_EQ(alg_for(With(Generate("ECDH-ES"), {{"alg", ""}})), "ECDH-ES+A256KW");
  EXPECT_EQ(alg_for(With(Generate("ECDH-ES", "X448"), {{"alg", ""}})), "ECDH-ES+A256KW");
  EXPECT_EQ(alg_for(OctJwk(std::string(16, 'k'))), "A128KW");
  EXPECT_EQ(alg_for(OctJwk(std::string(24, 'k'))), "A192KW");
  EXPECT_EQ(alg_for(OctJwk(std::string(32, 'k'))), "A256KW");
  EXPECT_EQ(alg_for(OctJwk(std::string(48, 'k'))), "dir");
  const std::string token = Encrypt("x", EncryptionKeys(OctJwk(std::string(64, 'k'))), "", "");
  EXPECT_EQ(HeaderMember(token, "alg"), "dir");
  EXPECT_EQ(HeaderMember(token, "enc"), "A256CBC-HS512");
}

TEST(JweRoundTrip, NoTwoTokensShareKeysOrIvs) {
  for (const JweAlgorithm algorithm : AllJweAlgorithms()) {
    SCOPED_TRACE(std::string(InfoOf(algorithm).name));
    const KeySet keys = EncryptionKeys(JwkFor(algorithm, JweEncryption::kA128Gcm));
    const Parts one(Encrypt("same", keys, InfoOf(algorithm).name, "A128GCM", kFewRounds));
    const Parts other(Encrypt("same", keys, InfoOf(algorithm).name, "A128GCM", kFewRounds));
    EXPECT_NE(one.part[2], other.part[2]);
    EXPECT_NE(one.part[3], other.part[3]);
    const bool has_encrypted_key = algorithm != JweAlgorithm::kDir && algorithm != JweAlgorithm::kEcdhEs;
    EXPECT_EQ(one.part[1] != other.part[1], has_encrypted_key);
  }
}

TEST(JweHeader, OurOwnPasswordsAreStretchedAsOwaspAsks) {
  const KeySet keys = EncryptionKeys("a password");
  EXPECT_EQ(HeaderMember(Encrypt("x", keys, "PBES2-HS256+A128KW", "A128GCM"), "p2c"), "600000");
  EXPECT_EQ(HeaderMember(Encrypt("x", keys, "PBES2-HS512+A256KW", "A128GCM"), "p2c"), "210000");
  const std::string token = Encrypt("x", keys, "PBES2-HS384+A192KW", "A128GCM", R"({"p2c":1234})");
  EXPECT_EQ(HeaderMember(token, "p2c"), "1234");
  EXPECT_EQ(DecodeBase64Url(HeaderMember(token, "p2s"))->size(), 16U);
  for (const std::string_view count : {"999", "1000001", "-1", "4096.0", "1e4", "\"4096\"", "null", "99999999999999999999"}) {
    const std::string header = "{\"p2c\":" + std::string(count) + "}";
    EXPECT_REFUSED(TryEncrypt("x", keys, "PBES2-HS256+A128KW", "A128GCM", header), kInvalidArgument);
  }
}

TEST(JweHeader, PartyInformationIsPartOfTheKey) {
  const std::string jwk = With(Generate("ECDH-ES"), {{"alg", ""}});
  const KeySet keys = EncryptionKeys(jwk);
  for (const std::string_view alg : {"ECDH-ES", "ECDH-ES+A128KW"}) {
    const std::string token = Encrypt("x", keys, alg, "A128GCM", R"({"apu":"QWxpY2U","apv":"Qm9i"})");
    EXPECT_EQ(HeaderMember(token, "apu"), "QWxpY2U");
    EXPECT_EQ(HeaderMember(token, "apv"), "Qm9i");
    EXPECT_EQ(*Decrypted(token, keys), "x");
  }
  EXPECT_REFUSED(TryEncrypt("x", keys, "ECDH-ES", "A128GCM", R"({"apu":"not base64url"})"), kInvalidArgument);
  EXPECT_REFUSED(TryEncrypt("x", keys, "ECDH-ES", "A128GCM", R"({"apv":7})"), kInvalidArgument);
}

TEST(JweHeader, CallersMayAddMembersButNotChangeOurs) {
  const KeySet keys = EncryptionKeys(With(OctJwk(std::string(16, 'k')), {{"kid", "\"one\""}}));
  const std::string token = Encrypt("x", keys, "A128KW", "A128GCM",
                                    R"({"alg":"A128KW","enc":"A128GCM","kid":"one","typ":"JOSE","cty":"text/plain","n":1.50})");
  EXPECT_EQ(HeaderOf(token), R"({"alg":"A128KW","enc":"A128GCM","kid":"one","typ":"JOSE","cty":"text/plain","n":1.50})");
  EXPECT_EQ(*Decrypted(token, keys), "x");
  for (const std::string_view header :
       {R"({"alg":"A256KW"})", R"({"enc":"A256GCM"})", R"({"kid":"two"})", R"({"alg":1})", R"({"kid":null})", R"({"typ":[]})",
        R"({"cty":{}})", R"({"crit":["exp"]})", R"({"zip":"DEF"})", R"({"epk":{}})", R"({"iv":"AA"})", R"({"tag":"AA"})",
        R"({"p2s":"AAAAAAAAAAA"})", R"([])", R"("x")"}) {
    SCOPED_TRACE(header);
    EXPECT_REFUSED(TryEncrypt("x", keys, "A128KW", "A128GCM", header), kInvalidArgument);
  }
}

TEST(JweHeader, ContentTypeThatIsOursIsKept) {
  const KeySet keys = EncryptionKeys(OctJwk(std::string(16, 'k')));
  JweOptions options;
  options.typ = "JWT";
  options.cty = "JWT";
  const auto plain = EncryptJwe("x", keys, options);
  EXPECT_EQ(HeaderOf(*plain), R"({"alg":"A128KW","enc":"A256GCM","typ":"JWT","cty":"JWT"})");
  const auto same = ParseJson(R"({"cty":"JWT","typ":"at+jwt"})");
  options.extra_header = &*same;
  EXPECT_EQ(HeaderOf(*EncryptJwe("x", keys, options)), R"({"alg":"A128KW","enc":"A256GCM","cty":"JWT","typ":"at+jwt"})");
  const auto other = ParseJson(R"({"cty":"text/plain"})");
  options.extra_header = &*other;
  EXPECT_REFUSED(EncryptJwe("x", keys, options), kInvalidArgument);
}

TEST(JweHeader, UnknownNamesAreTheCallersMistake) {
  const KeySet keys = EncryptionKeys(OctJwk(std::string(16, 'k')));
  for (const std::string_view alg : {"RSA1_5", "a128kw", "A128KW ", "none", "A128GCM", "HS256"}) {
    EXPECT_REFUSED(TryEncrypt("x", keys, alg, "A128GCM"), kInvalidArgument);
  }
  for (const std::string_view enc : {"A128CBC", "a128gcm", "A128KW", "none"}) {
    EXPECT_REFUSED(TryEncrypt("x", keys, "A128KW", enc), kInvalidArgument);
  }
}

}  // namespace
}  // namespace jwt_auth::jose
