// Each rule on keys, and each way of breaking it.
#include <openssl/rsa.h>

#include "jose/keys/curve.hpp"
#include "jose/keys/key_material.hpp"
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

Result<Key> Parse(std::string_view text) {
  const auto document = ParseJson(text);
  if (!document) return document.error();
  return ParseJwk(document->root());
}

std::string Base64UrlMember(std::string_view bytes) { return Quoted(EncodeBase64Url(bytes)); }

std::string Flipped(std::string bytes, std::size_t at = 5) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

// An RSA key that our own generator would not make.
std::string RsaJwk(unsigned bits, unsigned long exponent, bool with_private) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  const OpenSslPtr<BIGNUM> e(BN_new());
  BN_set_word(e.get(), exponent);
  EVP_PKEY *raw = nullptr;
  EVP_PKEY_keygen_init(context.get());
  EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits));
  EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), e.get());
  if (EVP_PKEY_generate(context.get(), &raw) != 1) throw std::runtime_error("no RSA key");
  const OpenSslPtr<EVP_PKEY> key(raw);
  SecretBytes members;
  if (!AppendKeyMembers(key.get(), with_private, members)) throw std::runtime_error("no RSA key");
  return "{" + std::string(AsText(members)) + "}";
}

class EveryAlgorithm : public testing::TestWithParam<const char *> {};

TEST_P(EveryAlgorithm, AGeneratedKeySignsAndItsPublicPartVerifies) {
  const std::string jwk = Generate(GetParam());
  const KeySet keys = Keys(jwk);
  EXPECT_EQ(*keys.keys.front().alg(), GetParam());
  EXPECT_TRUE(keys.keys.front().kid().has_value());
  const std::string token = Sign("{\"a\":1}", keys);
  const bool symmetric = keys.keys.front().type() == KeyType::kOct;
  const auto payload = VerifiedPayload(token, symmetric ? Keys(jwk) : Keys(PublicOf(jwk)), AlgorithmsNamed(GetParam()));
  ASSERT_ACCEPTED(payload);
  EXPECT_EQ(*payload, "{\"a\":1}");
}

TEST_P(EveryAlgorithm, APublicKeyDoesNotSign) {
  const std::string jwk = Generate(GetParam());
  if (Keys(jwk).keys.front().type() == KeyType::kOct)
    GTEST_SUCCEED();
  else
    EXPECT_REFUSED(SignJws("x", Keys(PublicOf(jwk)), {}), kUnusableKey);
}

TEST_P(EveryAlgorithm, AFreshKeyDoesNotVerifyAnothersToken) {
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(With(Generate(GetParam()), {{"kid", ""}}))),
                                 Keys(With(Another(GetParam()), {{"kid", ""}}))),
                 kBadSignature);
}

INSTANTIATE_TEST_SUITE_P(Jws, EveryAlgorithm,
                         testing::Values("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
                                         "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448"));

TEST(Generate, MakesKeysForEachJweAlgorithm) {
  for (const char *name : {"A128KW",
                           "A192KW",
                           "A256KW",
                           "A128GCMKW",
                           "A192GCMKW",
                           "A256GCMKW",
                           "RSA-OAEP",
                           "RSA-OAEP-256",
                           "ECDH-ES",
                           "ECDH-ES+A128KW",
                           "ECDH-ES+A192KW",
                           "ECDH-ES+A256KW",
                           "PBES2-HS256+A128KW",
                           "PBES2-HS384+A192KW",
                           "PBES2-HS512+A256KW",
                           "A128GCM",
                           "A192GCM",
                           "A256GCM",
                           "A128CBC-HS256",
                           "A192CBC-HS384",
                           "A256CBC-HS512"}) {
    SCOPED_TRACE(name);
    const KeySet keys = Keys(GenerateAfresh(name), KeyPurpose::kEncryption);
    EXPECT_FALSE(keys.keys.front().jwe_algorithms().empty());
    EXPECT_TRUE(keys.keys.front().algorithms().empty());
  }
}

TEST(Generate, TheCurveMayBeChosenWhereTheAlgorithmLeavesItOpen) {
  EXPECT_EQ(Keys(Generate("EdDSA", "Ed448")).keys.front().curve(), Curve::kEd448);
  EXPECT_EQ(Keys(Generate("EdDSA")).keys.front().curve(), Curve::kEd25519);
  EXPECT_EQ(Keys(Generate("ES256", "P-256")).keys.front().curve(), Curve::kP256);
  for (const char *curve : {"P-256", "P-384", "P-521", "X25519", "X448"}) {
    EXPECT_EQ(InfoOf(Keys(Generate("ECDH-ES", curve), KeyPurpose::kEncryption).keys.front().curve()).name, curve);
  }
}

TEST(Generate, UnknownNamesAndSizesAreTheCallersMistake) {
  const auto generate = [](std::string_view algorithm, std::string_view curve = "", int bits = 2048) {
    GenerateOptions options;
    options.algorithm = algorithm;
    options.curve = curve;
    options.rsa_bits = bits;
    return GenerateJwk(options);
  };
  for (const char *name : {"", "none", "hs256", "HS257", "RSA1_5", "RSA", "dir", "Ed25519 "}) {
    EXPECT_REFUSED(generate(name), kInvalidArgument) << name;
  }
  EXPECT_REFUSED(generate("ES256", "P-384"), kInvalidArgument);
  EXPECT_REFUSED(generate("EdDSA", "X25519"), kInvalidArgument);
  EXPECT_REFUSED(generate("Ed25519", "Ed448"), kInvalidArgument);
  EXPECT_REFUSED(generate("ECDH-ES", "Ed25519"), kInvalidArgument);
  EXPECT_REFUSED(generate("ECDH-ES", "secp256k1"), kInvalidArgument);
  EXPECT_REFUSED(generate("HS256", "P-256"), kInvalidArgument);
  EXPECT_REFUSED(generate("RS256", "P-256"), kInvalidArgument);
  for (const int bits : {-1, 0, 1024, 2047, 16385}) EXPECT_REFUSED(generate("RS256", "", bits), kInvalidArgument) << bits;
}

TEST(Generate, MakesRsaKeysOfTheSizeAskedFor) {
  GenerateOptions options;
  options.algorithm = "PS256";
  options.rsa_bits = 3072;
  const auto jwk = GenerateJwk(options);
  ASSERT_ACCEPTED(jwk);
  EXPECT_EQ(BytesOf(AsText(*jwk), "n").size(), 384U);
}

TEST(Generate, CanBeInterrupted) {
  GenerateOptions options;
  options.algorithm = "RS256";
  options.rsa_bits = 16384;
  options.interrupted = [] { return true; };
  EXPECT_REFUSED(GenerateJwk(options), kInterrupted);
}

TEST(Generate, TheKidIsTheThumbprintButRandomForSecrets) {
  const auto ec = ParseJson(Generate("ES256"));
  EXPECT_EQ(Member(ec->root(), "kid"), *JwkThumbprint(ec->root()));
  const auto oct = ParseJson(Generate("HS256"));
  EXPECT_NE(Member(oct->root(), "kid"), *JwkThumbprint(oct->root()));
  GenerateOptions options;
  options.algorithm = "HS256";
  options.kid = "a \"quoted\" kid";
  const auto named = GenerateJwk(options);
  EXPECT_EQ(Member(ParseJson(AsText(*named))->root(), "kid"), "a \"quoted\" kid");
}

TEST(Jwk, MembersOfTheWrongTypeAreRefused) {
  const std::string jwk = Generate("ES256");
  for (const char *name : {"kty", "kid", "alg", "use", "crv", "x", "y", "d"}) {
    for (const char *value : {"1", "null", "[]", "{}", "true"})
      EXPECT_REFUSED(Parse(With(jwk, {{name, value}})), kUnusableKey) << name;
  }
  const std::string rsa = Generate("RS256");
  for (const char *name : {"n", "e", "d", "p", "q", "dp", "dq", "qi"}) {
    for (const char *value : {"1", "null", "\"\"", "\"AQAB=\"", "\"+/+/\""}) {
      EXPECT_REFUSED(Parse(With(rsa, {{name, value}})), kUnusableKey) << name;
    }
  }
}

TEST(Jwk, MissingMembersAreRefused) {
  for (const char *name : {"kty", "crv", "x", "y"})
    EXPECT_REFUSED(Parse(With(Generate("ES256"), {{name, ""}})), kUnusableKey) << name;
  for (const char *name : {"kty", "crv", "x"})
    EXPECT_REFUSED(Parse(With(Generate("EdDSA"), {{name, ""}})), kUnusableKey) << name;
  const std::string rsa = Generate("RS256");
  for (const char *name : {"n", "e", "d", "p", "q", "dp", "dq", "qi"})
    EXPECT_REFUSED(Parse(With(rsa, {{name, ""}})), kUnusableKey) << name;
  EXPECT_REFUSED(Parse(With(Generate("HS256"), {{"k", ""}})), kUnusableKey);
}

TEST(Jwk, UnknownKindsAreRefused) {
  for (const char *jwk :
       {R"({"kty":"none"})", R"({"kty":"rsa","n":"AQAB","e":"AQAB"})", R"({"kty":"AKP","alg":"ML-DSA-44"})", "{}", "[]"}) {
    EXPECT_REFUSED(Parse(jwk), kUnusableKey) << jwk;
  }
  EXPECT_REFUSED(Parse(With(Generate("ES256"), {{"crv", "\"P-224\""}})), kUnusableKey);
  EXPECT_REFUSED(Parse(With(Generate("ES256"), {{"crv", "\"Ed25519\""}})), kUnusableKey);
  EXPECT_REFUSED(Parse(With(Generate("EdDSA"), {{"crv", "\"P-256\""}})), kUnusableKey);
}

TEST(Jwk, AnHmacSecretMustBeAsLongAsItsHash) {
  const auto oct = [](std::size_t size, const char *more = "") {
    return R"({"kty":"oct","k":")" + EncodeBase64Url(std::string(size, 'k')) + "\"" + more + "}";
  };
  for (const std::size_t size : {0U, 1U, 15U, 16U, 24U, 31U}) EXPECT_REFUSED(Parse(oct(size)), kUnusableKey) << size;
  EXPECT_ACCEPTED(Parse(oct(32)));
  EXPECT_REFUSED(Parse(oct(31, R"(,"alg":"HS256")")), kUnusableKey);
  EXPECT_REFUSED(Parse(oct(47, R"(,"alg":"HS384")")), kUnusableKey);
  EXPECT_REFUSED(Parse(oct(63, R"(,"alg":"HS512")")), kUnusableKey);
  EXPECT_ACCEPTED(Parse(oct(64, R"(,"alg":"HS512")")));
  EXPECT_TRUE(Parse(oct(64, R"(,"alg":"HS256")"))->algorithms() == AlgorithmSet(Algorithm::kHS256));
}

TEST(Jwk, ItsAlgNarrowsAndMustFit) {
  const std::string rsa = Generate("RS256");
  EXPECT_TRUE(Parse(rsa)->algorithms() == AlgorithmSet(Algorithm::kRS256));
  EXPECT_TRUE(Parse(With(rsa, {{"alg", "\"PS512\""}}))->algorithms() == AlgorithmSet(Algorithm::kPS512));
  EXPECT_EQ(Parse(With(rsa, {{"alg", ""}}))->default_algorithm(), Algorithm::kRS256);
  for (const char *alg : {"HS256", "ES256", "EdDSA", "none", "NONE", "", "rs256", "RSA1_5", "A128KW", "dir", "A256GCM"}) {
    EXPECT_REFUSED(Parse(With(rsa, {{"alg", Quoted(alg)}})), kUnusableKey) << alg;
  }
  EXPECT_REFUSED(Parse(With(Generate("ES256"), {{"alg", "\"ES384\""}})), kUnusableKey);
  EXPECT_REFUSED(Parse(With(Generate("Ed25519"), {{"alg", "\"Ed448\""}})), kUnusableKey);
  EXPECT_REFUSED(Parse(With(Generate("HS256"), {{"alg", "\"none\""}})), kUnusableKey);
}

TEST(Jwk, RsaSizesAreBounded) {
  for (const unsigned bits : {512U, 1024U, 2040U}) {
    EXPECT_REFUSED(Parse(RsaJwk(bits, 65537, false)), kUnusableKey) << bits;
    EXPECT_REFUSED(Parse(RsaJwk(bits, 65537, true)), kUnusableKey) << bits;
  }
  const std::string n(2049, '\xFF');
  EXPECT_REFUSED(Parse(R"({"kty":"RSA","e":"AQAB","n":)" + Base64UrlMember(n) + "}"), kUnusableKey);
  EXPECT_ACCEPTED(Parse(R"({"kty":"RSA","e":"AQAB","n":)" + Base64UrlMember(n.substr(1)) + "}"));
  EXPECT_REFUSED(Parse(R"({"kty":"RSA","e":"AQAB","n":)" + Base64UrlMember(std::string(3 << 20, '\xFF')) + "}"), kUnusableKey);
}

TEST(Jwk, RsaExponentsAreOddAndAtLeastThree) {
  const std::string n = PublicOf(Generate("RS256"));
  for (const char *e : {"\x01", "\x02", "\x04", "\x10"})
    EXPECT_REFUSED(Parse(With(n, {{"e", Base64UrlMember(e)}})), kUnusableKey);
  EXPECT_REFUSED(Parse(With(n, {{"e", Base64UrlMember(std::string(1, '\0'))}})), kUnusableKey);
  EXPECT_ACCEPTED(Parse(With(n, {{"e", Base64UrlMember("\x03")}})));
  EXPECT_ACCEPTED(Parse(With(n, {{"e", Base64UrlMember(std::string(8, '\xFF'))}})));
  EXPECT_REFUSED(Parse(With(n, {{"e", Base64UrlMember("\x01" + std::string(7, '\0') + "\x01")}})), kUnusableKey);
  EXPECT_ACCEPTED(Parse(RsaJwk(2048, 3, true)));
}

TEST(Jwk, RsaNumbersHaveNoLeadingZeros) {
  const std::string rsa = Generate("RS256");
  for (const char *name : {"n", "e", "d", "p", "q", "dp", "dq", "qi"}) {
    EXPECT_REFUSED(Parse(With(rsa, {{name, Base64UrlMember(std::string(1, '\0') + BytesOf(rsa, name))}})), kUnusableKey)
        << name;
  }
}

TEST(Jwk, APrivateRsaKeyMustBelongToItsPublicPart) {
  const std::string rsa = With(Generate("RS256"), {{"kid", ""}});
  EXPECT_ACCEPTED(Parse(rsa));
  for (const char *name : {"n", "d", "p", "q", "dp", "dq", "qi"}) {
    const std::string bytes = BytesOf(rsa, name);
    for (const std::size_t at : {std::size_t{1}, bytes.size() / 2, bytes.size() - 1}) {
      EXPECT_REFUSED(Parse(With(rsa, {{name, Base64UrlMember(Flipped(bytes, at))}})), kUnusableKey) << name;
    }
  }
  EXPECT_REFUSED(Parse(With(rsa, {{"e", Base64UrlMember("\x03")}})), kUnusableKey);
  const std::string other = Another("RS256");
  for (const char *name : {"n", "d", "p"}) {
    EXPECT_REFUSED(Parse(With(rsa, {{name, Base64UrlMember(BytesOf(other, name))}})), kUnusableKey) << name;
  }
  EXPECT_REFUSED(Parse(With(rsa, {{"oth", "[]"}})), kUnusableKey);
  EXPECT_REFUSED(Parse(With(rsa, {{"p", Base64UrlMember(BytesOf(rsa, "q"))}, {"q", Base64UrlMember(BytesOf(rsa, "p"))}})),
                 kUnusableKey);
}

class EcCurve : public testing::TestWithParam<const char *> {};

TEST_P(EcCurve, CoordinatesAreOfFullLengthAndOnTheCurve) {
  const std::string ec = Generate(GetParam());
  EXPECT_ACCEPTED(Parse(ec));
  for (const char *name : {"x", "y", "d"}) {
    const std::string bytes = BytesOf(ec, name);
    EXPECT_REFUSED(Parse(With(ec, {{name, Base64UrlMember(std::string(1, '\0') + bytes)}})), kUnusableKey) << name;
    EXPECT_REFUSED(Parse(With(ec, {{name, Base64UrlMember(bytes.substr(1))}})), kUnusableKey) << name;
    EXPECT_REFUSED(Parse(With(ec, {{name, Base64UrlMember(Flipped(bytes, bytes.size() - 1))}})), kUnusableKey) << name;
    EXPECT_REFUSED(Parse(With(ec, {{name, Base64UrlMember(std::string(bytes.size(), '\0'))}})), kUnusableKey) << name;
    EXPECT_REFUSED(Parse(With(ec, {{name, Base64UrlMember(std::string(bytes.size(), '\xFF'))}})), kUnusableKey) << name;
  }
  const std::string public_jwk = PublicOf(ec);
  for (const char *name : {"x", "y"}) {
    const std::string bytes = BytesOf(ec, name);
    EXPECT_REFUSED(Parse(With(public_jwk, {{name, Base64UrlMember(Flipped(bytes, bytes.size() - 1))}})), kUnusableKey) << name;
  }
  const std::string other = Generate(GetParam());
  EXPECT_REFUSED(Parse(With(ec, {{"d", Base64UrlMember(BytesOf(other, "d"))}})), kUnusableKey);
}

INSTANTIATE_TEST_SUITE_P(Jwk, EcCurve, testing::Values("ES256", "ES384", "ES512", "ES256K"));

TEST(Jwk, ThePointOfAnotherCurveIsRefused) {
  const std::string p256 = PublicOf(Generate("ES256"));
  const std::string k256 = PublicOf(Generate("ES256K"));
  EXPECT_REFUSED(Parse(With(p256, {{"crv", "\"secp256k1\""}, {"alg", ""}})), kUnusableKey);
  EXPECT_REFUSED(Parse(With(k256, {{"crv", "\"P-256\""}, {"alg", ""}})), kUnusableKey);
}

class OkpCurve : public testing::TestWithParam<std::pair<const char *, const char *>> {};

TEST_P(OkpCurve, LengthsAndPairsAreChecked) {
  const std::string okp = Generate(GetParam().first, GetParam().second);
  EXPECT_ACCEPTED(Parse(okp));
  for (const char *name : {"x", "d"}) {
    const std::string bytes = BytesOf(okp, name);
    EXPECT_REFUSED(Parse(With(okp, {{name, Base64UrlMember(bytes + "x")}})), kUnusableKey) << name;
    EXPECT_REFUSED(Parse(With(okp, {{name, Base64UrlMember(bytes.substr(1))}})), kUnusableKey) << name;
    EXPECT_REFUSED(Parse(With(okp, {{name, Base64UrlMember(Flipped(bytes, 10))}})), kUnusableKey) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Jwk, OkpCurve,
                         testing::Values(std::make_pair("EdDSA", "Ed25519"), std::make_pair("EdDSA", "Ed448"),
                                         std::make_pair("ECDH-ES", "X25519"), std::make_pair("ECDH-ES", "X448")));

std::string FromHex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

std::string OkpJwk(std::string_view curve, std::string_view x) {
  return R"({"kty":"OKP","crv":")" + std::string(curve) + R"(","x":)" + Base64UrlMember(x) + "}";
}

TEST(Jwk, Ed25519PointsOfSmallOrderAreRefused) {
  for (const char *hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    std::string point = FromHex(hex);
    EXPECT_REFUSED(Parse(OkpJwk("Ed25519", point)), kUnusableKey) << hex;
    point[31] = static_cast<char>(point[31] | 0x80);
    EXPECT_REFUSED(Parse(OkpJwk("Ed25519", point)), kUnusableKey) << hex;
  }
}

TEST(Jwk, Ed448PointsOfSmallOrderAreRefused) {
  std::string minus_one(56, '\xFF');
  minus_one[0] = '\xFE';
  minus_one[28] = '\xFE';
  minus_one.push_back('\0');
  for (std::string point : {std::string(57, '\0'), "\x01" + std::string(56, '\0'), minus_one}) {
    EXPECT_REFUSED(Parse(OkpJwk("Ed448", point)), kUnusableKey);
    point[56] = '\x80';
    EXPECT_REFUSED(Parse(OkpJwk("Ed448", point)), kUnusableKey);
    point[56] = '\x01';
    EXPECT_REFUSED(Parse(OkpJwk("Ed448", point)), kUnusableKey);
  }
}

TEST(Jwk, HalfOfAllEdwardsEncodingsAreNoPoints) {
  int points = 0;
  for (int i = 2; i < 102; ++i) {
    points += Parse(OkpJwk("Ed25519", std::string(1, static_cast<char>(i)) + std::string(31, '\0'))) ? 1 : 0;
    points += Parse(OkpJwk("Ed448", std::string(1, static_cast<char>(i)) + std::string(56, '\0'))) ? 1 : 0;
  }
  EXPECT_GT(points, 60);
  EXPECT_LT(points, 140);
}

TEST(Jwk, X25519AndX448PointsOfSmallOrderAreRefused) {
  for (const char *hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    EXPECT_REFUSED(Parse(OkpJwk("X25519", FromHex(hex))), kUnusableKey) << hex;
  }
  EXPECT_REFUSED(Parse(OkpJwk("X448", std::string(56, '\0'))), kUnusableKey);
  EXPECT_REFUSED(Parse(OkpJwk("X448", "\x01" + std::string(55, '\0'))), kUnusableKey);
}

TEST(Jwk, UseAndKeyOpsAreRead) {
  const std::string ec = With(Generate("ES256"), {{"use", ""}});
  EXPECT_EQ(Parse(ec)->operations(), kOpAll);
  EXPECT_EQ(Parse(With(ec, {{"use", "\"sig\""}}))->operations(), unsigned{kOpSign | kOpVerify});
  EXPECT_EQ(Parse(With(ec, {{"key_ops", R"(["verify"])"}}))->operations(), unsigned{kOpVerify});
  EXPECT_EQ(Parse(With(ec, {{"key_ops", R"(["verify","something new"])"}}))->operations(), unsigned{kOpVerify});
  EXPECT_EQ(Parse(With(ec, {{"key_ops", "[]"}}))->operations(), 0U);
  const auto many = [](int count) {
    std::string text = R"(["verify")";
    for (int i = 1; i < count; ++i) text += ",\"x" + std::to_string(i) + "\"";
    return text + "]";
  };
  EXPECT_EQ(Parse(With(ec, {{"key_ops", many(64)}}))->operations(), unsigned{kOpVerify});
  EXPECT_REFUSED(Parse(With(ec, {{"key_ops", many(65)}})), kUnusableKey);
  EXPECT_EQ(Parse(With(ec, {{"use", "\"sig\""}, {"key_ops", R"(["sign"])"}}))->operations(), unsigned{kOpSign});
  for (const char *key_ops : {R"(["sign","sign"])", R"(["x","x"])", R"("sign")", R"([1])", "null", "{}"}) {
    EXPECT_REFUSED(Parse(With(ec, {{"key_ops", key_ops}})), kUnusableKey) << key_ops;
  }
  for (const char *use : {"\"Sig\"", "\"\"", "\"signature\"", "1", "null"}) {
    EXPECT_REFUSED(Parse(With(ec, {{"use", use}})), kUnusableKey) << use;
  }
  EXPECT_REFUSED(Parse(With(ec, {{"use", "\"sig\""}, {"key_ops", R"(["encrypt"])"}})), kUnusableKey);
  EXPECT_REFUSED(Parse(With(ec, {{"use", "\"enc\""}, {"key_ops", R"(["sign"])"}})), kUnusableKey);
}

TEST(Jwk, UseAndKeyOpsAreRespected) {
  const std::string ec = With(Generate("ES256"), {{"use", ""}, {"kid", ""}});
  const std::string token = Sign("x", Keys(ec));
  EXPECT_ACCEPTED(VerifiedPayload(token, Keys(With(ec, {{"use", "\"sig\""}}))));
  EXPECT_REFUSED(VerifiedPayload(token, Keys(With(ec, {{"use", "\"enc\""}}))), kUnusableKey);
  EXPECT_REFUSED(VerifiedPayload(token, Keys(With(ec, {{"key_ops", R"(["sign"])"}}))), kUnusableKey);
  EXPECT_REFUSED(VerifiedPayload(token, Keys(With(ec, {{"key_ops", "[]"}}))), kUnusableKey);
  EXPECT_REFUSED(SignJws("x", Keys(With(ec, {{"use", "\"enc\""}})), {}), kUnusableKey);
  EXPECT_REFUSED(SignJws("x", Keys(With(ec, {{"key_ops", R"(["verify"])"}})), {}), kUnusableKey);
}

TEST(Jwk, AnEncryptionKeyDoesNotVerify) {
  const std::string rsa = With(Generate("RS256"), {{"use", ""}, {"kid", ""}});
  const std::string token = Sign("x", Keys(rsa));
  EXPECT_REFUSED(VerifiedPayload(token, Keys(With(rsa, {{"alg", "\"RSA-OAEP\""}}))), kUnusableKey);
  EXPECT_REFUSED(VerifiedPayload(token, Keys(Generate("ECDH-ES", "X25519"))), kUnusableKey);
}

TEST(PublicJwk, KeepsOnlyWhatIsPublic) {
  const std::string ec = With(Generate("ES256"), {{"key_ops", R"(["sign","verify"])"},
                                                  {"note", "\"private remark\""},
                                                  {"k", "\"AAAA\""},
                                                  {"x5c", R"(["MIIB"])"},
                                                  {"x5u", "\"https://example.org\""},
                                                  {"x5t", "{\"d\":1}"}});
  const auto document = ParseJson(PublicOf(ec));
  const JsonValue root = document->root();
  EXPECT_EQ(Text(*root.Find("key_ops")), R"(["verify"])");
  EXPECT_EQ(Text(*root.Find("x5c")), R"(["MIIB"])");
  EXPECT_TRUE(root.Find("x5u"));
  for (const char *name : {"d", "note", "k", "x5t"}) EXPECT_FALSE(root.Find(name)) << name;
}

TEST(Thumbprint, DependsOnTheKeyAlone) {
  const std::string ec = Generate("ES256");
  const auto full = ParseJson(ec);
  const auto bare = ParseJson(With(PublicOf(ec), {{"kid", "\"other\""}, {"alg", ""}}));
  EXPECT_EQ(*JwkThumbprint(full->root()), *JwkThumbprint(bare->root()));
  for (const char *jwk : {"{}", R"({"kty":"EC"})", R"({"kty":1})", R"({"kty":"EC","crv":"P-256","x":1,"y":"A"})", "[]"}) {
    const auto document = ParseJson(jwk);
    EXPECT_REFUSED(JwkThumbprint(document->root()), kUnusableKey) << jwk;
  }
}

TEST(KeyAlgorithmNames, AreThoseOfTheListsOfEachKind) {
  EXPECT_EQ(std::string(kSignatureAlgorithmNames) + " " + kKeyManagementNames + " " + kContentEncryptionNames,
            kKeyAlgorithmNames);
  const auto listed = [](std::string_view name) {
    const std::string text = std::string(" ") + kKeyAlgorithmNames;
    for (const char *end : {",", ".", " and"})
      if (text.find(" " + std::string(name) + end) != std::string::npos) return true;
    return false;
  };
  for (int i = 0; i < kAlgorithmCount; ++i) EXPECT_TRUE(listed(InfoOf(static_cast<Algorithm>(i)).name));
  for (int i = 0; i < kJweAlgorithmCount; ++i) EXPECT_TRUE(listed(InfoOf(static_cast<JweAlgorithm>(i)).name));
  for (int i = 0; i < kJweEncryptionCount; ++i) EXPECT_TRUE(listed(InfoOf(static_cast<JweEncryption>(i)).name));
}

}  // namespace
}  // namespace jwt_auth::jose
