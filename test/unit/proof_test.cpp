// Proofs of possession: DPoP (RFC 9449) and DBSC. Each proof differs from a good one in one thing.
#include <functional>
#include <vector>

#include "jose/proof/dbsc.hpp"
#include "jose/proof/dpop.hpp"
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Micros kNow = 1'700'000'000 * kMicrosPerSecond;
constexpr std::string_view kUrl = "https://api.example.com/refresh";
constexpr std::string_view kToken = "an.access.token";

const std::string &DeviceKey() {
  static const std::string key = GenerateAfresh("ES256");
  return key;
}

// A proof: each part may be replaced by another JSON text, or left out by an empty one.
struct Parts {
  std::string jwk = PublicOf(DeviceKey());
  std::string typ = "\"dpop+jwt\"";
  std::string alg = "ES256";
  std::string jti = "\"id-1\"";
  std::string htm = "\"POST\"";
  std::string htu = Quoted(kUrl);
  std::string iat = "1700000000";
  std::string ath;
  std::string nonce;
  std::string more;  // further claims, with a comma in front
};

std::string ProofOf(const Parts &parts, std::string_view signing_key = DeviceKey(), Algorithm algorithm = Algorithm::kES256) {
  std::string header = "{\"alg\":" + Quoted(parts.alg);
  if (!parts.typ.empty()) header += ",\"typ\":" + parts.typ;
  if (!parts.jwk.empty()) header += ",\"jwk\":" + parts.jwk;
  header += "}";
  std::string payload = "{\"unknown\":{\"a\":[1]}";
  const std::pair<const char *, const std::string &> claims[] = {{"jti", parts.jti}, {"htm", parts.htm},
                                                                 {"htu", parts.htu}, {"iat", parts.iat},
                                                                 {"ath", parts.ath}, {"nonce", parts.nonce}};
  for (const auto &[name, value] : claims) {
    if (!value.empty()) payload += ",\"" + std::string(name) + "\":" + value;
  }
  payload += parts.more + "}";
  const KeySet keys = Keys(signing_key);
  return Forge(header, payload, keys.keys.front(), algorithm);
}

DpopExpectations Request() {
  DpopExpectations expected;
  expected.method = "POST";
  expected.url = kUrl;
  expected.max_age = 60 * kMicrosPerSecond;
  expected.leeway = 5 * kMicrosPerSecond;
  expected.now = kNow;
  return expected;
}

// "ok", or the name of the refusal.
std::string Checked(std::string_view proof, const DpopExpectations &expected = Request()) {
  const auto read = ReadDpopProof(proof);
  if (!read) return NameOf(read.refusal());
  const auto refusal = CheckDpopProof(*read, expected);
  return refusal ? NameOf(*refusal) : "ok";
}
std::string Changed(const std::function<void(Parts &)> &change, const DpopExpectations &expected = Request()) {
  Parts parts;
  change(parts);
  return Checked(ProofOf(parts), expected);
}

TEST(Dpop, FiguresOfTheRfcAreGood) {
  const auto vectors = LoadVectors("dpop.json");
  int count = 0;
  ForEach(vectors.root(), [&](const JsonValue &vector) {
    const std::string source = Member(vector, "source");
    const auto proof = ReadDpopProof(Member(vector, "proof"));
    ASSERT_TRUE(static_cast<bool>(proof)) << source << ": " << NameOf(proof.refusal());
    EXPECT_EQ(proof->jti(), Member(vector, "jti")) << source;
    EXPECT_EQ(FormatThumbprint(proof->thumbprint()), Member(vector, "jkt")) << source;
    DpopExpectations expected = Request();
    const std::string method = Member(vector, "method");
    const std::string url = Member(vector, "url");
    const std::string token = Member(vector, "access_token");
    expected.method = method;
    expected.url = url;
    if (!token.empty()) expected.access_token = token;
    expected.now = *ParseNumericDate(Member(vector, "iat"));
    EXPECT_EQ(proof->iat(), expected.now) << source;
    EXPECT_EQ(CheckDpopProof(*proof, expected), std::nullopt) << source;
    ++count;
  });
  EXPECT_EQ(count, 2);
}

TEST(Dpop, EveryAsymmetricAlgorithmWillDo) {
  for (const std::string_view name :
       {"ES256", "ES384", "ES512", "ES256K", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "Ed25519", "Ed448"}) {
    const std::string key = Generate(name);
    Parts parts;
    parts.jwk = PublicOf(key);
    parts.alg = name;
    EXPECT_EQ(Checked(ProofOf(parts, key, AlgorithmsNamed(name).first())), "ok") << name;
  }
}

TEST(Dpop, WithoutItsPartsIsRefused) {
  EXPECT_EQ(Checked(""), "missing");
  EXPECT_EQ(Checked("a"), "malformed");
  EXPECT_EQ(Checked("a.b.c"), "malformed");
  EXPECT_EQ(Checked(ProofOf({}) + ".e30"), "malformed");
  EXPECT_EQ(Changed([](Parts &p) { p.typ = ""; }), "wrong_type");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = ""; }), "key_missing");
  EXPECT_EQ(Changed([](Parts &p) { p.jti = ""; }), "jti_missing");
  EXPECT_EQ(Changed([](Parts &p) { p.htm = ""; }), "malformed");
  EXPECT_EQ(Changed([](Parts &p) { p.htu = ""; }), "malformed");
  EXPECT_EQ(Changed([](Parts &p) { p.iat = ""; }), "malformed");
}

TEST(Dpop, ClaimsOfAnotherJsonTypeAreMalformed) {
  for (const std::string wrong : {"null", "1", "{}", "[\"POST\"]", "true"}) {
    EXPECT_EQ(Changed([&](Parts &p) { p.jti = wrong; }), "malformed") << wrong;
    EXPECT_EQ(Changed([&](Parts &p) { p.htm = wrong; }), "malformed") << wrong;
    EXPECT_EQ(Changed([&](Parts &p) { p.htu = wrong; }), "malformed") << wrong;
    EXPECT_EQ(Changed([&](Parts &p) { p.ath = wrong; }), "malformed") << wrong;
    EXPECT_EQ(Changed([&](Parts &p) { p.nonce = wrong; }), "malformed") << wrong;
  }
  for (const std::string wrong : {"null", "\"1700000000\"", "[]", "1e400"}) {
    EXPECT_EQ(Changed([&](Parts &p) { p.iat = wrong; }), "malformed") << wrong;
  }
  EXPECT_EQ(Changed([](Parts &p) { p.more = ",\"jti\":\"twice\""; }), "malformed");
}

TEST(Dpop, TypeIsAMediaTypeInAnyCase) {
  for (const std::string typ : {"\"dpop+jwt\"", "\"DPoP+JWT\"", "\"application/dpop+jwt\"", "\"Application/DPOP+jwt\""}) {
    EXPECT_EQ(Changed([&](Parts &p) { p.typ = typ; }), "ok") << typ;
  }
  for (const std::string typ : {"\"JWT\"", "\"dpop\"", "\"dbsc+jwt\"", "\"at+jwt\"", "\"\"", "\"dpop+jwt \"",
                                "\"text/dpop+jwt\"", "\"application/application/dpop+jwt\""}) {
    EXPECT_EQ(Changed([&](Parts &p) { p.typ = typ; }), "wrong_type") << typ;
  }
  EXPECT_EQ(Changed([](Parts &p) { p.typ = "1"; }), "malformed");
}

TEST(Dpop, SymmetricOrNoAlgorithmIsRefused) {
  for (const std::string alg : {"none", "None", "HS256", "HS512", "RS1", "es256", ""}) {
    EXPECT_EQ(Changed([&](Parts &p) { p.alg = alg; }), "algorithm_not_allowed") << alg;
  }
  // Another asymmetric algorithm than the key's.
  EXPECT_EQ(Changed([](Parts &p) { p.alg = "RS256"; }), "algorithm_not_allowed");
  EXPECT_EQ(Changed([](Parts &p) { p.alg = "ES384"; }), "algorithm_not_allowed");
  // A MAC under the bytes of the public key.
  Parts parts;
  parts.alg = "HS256";
  const std::string secret = R"({"kty":"oct","k":")" + EncodeBase64Url(parts.jwk) + "\"}";
  EXPECT_EQ(Checked(ProofOf(parts, secret, Algorithm::kHS256)), "algorithm_not_allowed");
  // No signature at all.
  const std::string proof = ProofOf({});
  EXPECT_EQ(Checked(proof.substr(0, proof.rfind('.') + 1)), "bad_signature");
}

TEST(Dpop, KeyIsPublicAndWellFormed) {
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = DeviceKey(); }), "key_not_public");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"d", "\"\""}}); }), "key_not_public");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"priv", "\"AA\""}}); }), "key_not_public");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"k", "null"}}); }), "key_not_public");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = R"({"kty":"oct","k":"AAAA"})"; }), "key_not_public");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = "{}"; }), "key_unusable");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = "\"key\""; }), "malformed");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = "null"; }), "malformed");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"crv", "\"P-257\""}}); }), "key_unusable");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"crv", "\"P-384\""}}); }), "key_unusable");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"x", "\"AAAA\""}}); }), "key_unusable");
  EXPECT_EQ(Changed([](Parts &p) {
              p.jwk = With(p.jwk, {{"y", "\"" + EncodeBase64Url(std::string(32, 'y')) + "\""}});
            }),
            "key_unusable");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"use", "\"enc\""}}); }), "key_unusable");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"key_ops", "[\"sign\"]"}}); }), "key_unusable");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = PublicOf(GenerateAfresh("ECDH-ES", "X25519")); }), "key_unusable");
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = PublicOf(GenerateAfresh("ES256")); }), "bad_signature");
  // As WebCrypto exports one.
  EXPECT_EQ(Changed([](Parts &p) { p.jwk = With(p.jwk, {{"key_ops", "[\"verify\"]"}, {"ext", "true"}}); }), "ok");
}

TEST(Dpop, LargeRsaKeysAreRefused) {
  // What takes long is the modulus, which need not have a private key.
  const std::string modulus = "\xff" + std::string(4097 / 8, '\x55') + "\x01";
  Parts parts;
  parts.alg = "RS256";
  parts.jwk = R"({"kty":"RSA","e":"AQAB","n":")" + EncodeBase64Url(modulus) + "\"}";
  EXPECT_EQ(Checked(ProofOf(parts)), "key_unusable");
  parts.jwk = R"({"kty":"RSA","e":"AQAB","n":")" + EncodeBase64Url("\xff" + std::string(510, '\x55') + "\x01") + "\"}";
  EXPECT_EQ(Checked(ProofOf(parts)), "bad_signature");
}

TEST(Dpop, ThumbprintDependsOnTheKeyAlone) {
  Parts parts;
  const auto first = ReadDpopProof(ProofOf(parts));
  parts.jwk = With(parts.jwk, {{"kid", "\"k\""}, {"alg", "\"ES256\""}, {"use", "\"sig\""}, {"x5u", "\"https://a\""}});
  parts.jti = "\"id-2\"";
  const auto second = ReadDpopProof(ProofOf(parts));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->thumbprint(), second->thumbprint());
  const auto document = ParseJson(PublicOf(DeviceKey()));
  EXPECT_EQ(FormatThumbprint(first->thumbprint()), *JwkThumbprint(document->root()));
}

TEST(Dpop, IsForOneMethodAndOneUrl) {
  EXPECT_EQ(Changed([](Parts &p) { p.htm = "\"GET\""; }), "other_method");
  EXPECT_EQ(Changed([](Parts &p) { p.htm = "\"post\""; }), "other_method");
  EXPECT_EQ(Changed([](Parts &p) { p.htm = "\"\""; }), "other_method");
  for (const std::string_view url :
       {"https://api.example.com:443/refresh", "HTTPS://API.Example.COM/refresh", "https://api.example.com/refresh?a=b",
        "https://api.example.com/refresh#a", "https://api.example.com/%72efresh", "https://api.example.com/a/../refresh"}) {
    EXPECT_EQ(Changed([&](Parts &p) { p.htu = Quoted(url); }), "ok") << url;
    DpopExpectations expected = Request();
    expected.url = url;
    EXPECT_EQ(Checked(ProofOf({}), expected), "ok") << url;
  }
  for (const std::string_view url :
       {"http://api.example.com/refresh", "https://api.example.org/refresh", "https://api.example.com:8443/refresh",
        "https://api.example.com/Refresh", "https://api.example.com/refresh/", "https://api.example.com/", "/refresh", "",
        "https://api.example.com/refresh%2F", "https://user@api.example.com/refresh"}) {
    EXPECT_EQ(Changed([&](Parts &p) { p.htu = Quoted(url); }), "other_url") << url;
  }
  // Two URLs that are none are not the same one.
  DpopExpectations expected = Request();
  expected.url = "/refresh";
  EXPECT_EQ(Changed([](Parts &p) { p.htu = "\"/refresh\""; }, expected), "other_url");
}

TEST(Dpop, IsGoodForAWhile) {
  const auto at = [](const char *iat) { return Changed([&](Parts &p) { p.iat = iat; }); };
  EXPECT_EQ(at("1699999935"), "ok");  // 60 s and the leeway of 5 s
  EXPECT_EQ(at("1699999934.999999"), "too_old");
  EXPECT_EQ(at("1700000010"), "ok");  // the tolerance and the leeway
  EXPECT_EQ(at("1700000010.000001"), "ahead");
  EXPECT_EQ(at("0"), "too_old");
  EXPECT_EQ(at("-1"), "too_old");
  EXPECT_EQ(at("9223372036854"), "ahead");
  EXPECT_EQ(Changed([](Parts &p) { p.more = ",\"exp\":1699999995"; }), "too_old");
  EXPECT_EQ(Changed([](Parts &p) { p.more = ",\"exp\":1699999996"; }), "ok");
  EXPECT_EQ(Changed([](Parts &p) { p.more = ",\"nbf\":1700000011"; }), "ahead");
}

TEST(Dpop, NonceStandsForTheClock) {
  DpopExpectations expected = Request();
  expected.nonce = NonceCheck::kWrong;
  EXPECT_EQ(Checked(ProofOf({}), expected), "other_nonce");
  expected.nonce = NonceCheck::kFresh;
  EXPECT_EQ(Changed([](Parts &p) { p.iat = "1"; }, expected), "ok");
  // A day ahead at most: for so long it is remembered that it was used.
  EXPECT_EQ(Changed([](Parts &p) { p.iat = "1700086400"; }, expected), "ok");
  EXPECT_EQ(Changed([](Parts &p) { p.iat = "1700086401"; }, expected), "ahead");
  EXPECT_EQ(Changed([](Parts &p) { p.htm = "\"GET\""; }, expected), "other_method");
  Parts parts;
  parts.nonce = "\"n-1\"";
  const auto proof = ReadDpopProof(ProofOf(parts));
  ASSERT_TRUE(static_cast<bool>(proof));
  EXPECT_EQ(proof->nonce(), "n-1");
}

// At which moments a proof is good, and until when it has to be remembered.
TEST(Dpop, IsGoodNoLongerThanItIsRemembered) {
  for (const Micros iat : {-65, -1, 0, 10, 3600, 86400}) {
    Parts parts;
    parts.iat = std::to_string(kNow / kMicrosPerSecond + iat);
    const auto proof = ReadDpopProof(ProofOf(parts));
    ASSERT_TRUE(static_cast<bool>(proof));
    for (const NonceCheck nonce : {NonceCheck::kNotAsked, NonceCheck::kFresh}) {
      DpopExpectations expected = Request();
      expected.nonce = nonce;
      if (CheckDpopProof(*proof, expected)) continue;
      const Micros until = DpopGoodUntil(*proof, expected);
      // By iat; and by a nonce that was made 5 s ahead, in a second that had just begun, and is good for 65 s.
      EXPECT_GE(until, kNow + (nonce == NonceCheck::kFresh ? 71 : iat + 65) * kMicrosPerSecond) << iat;
      // Later neither the nonce, which is stale by then, nor iat lets it pass.
      expected.nonce = NonceCheck::kNotAsked;
      for (const Micros later : {Micros{1}, 60 * kMicrosPerSecond, 86400 * kMicrosPerSecond}) {
        expected.now = until + later;
        EXPECT_EQ(CheckDpopProof(*proof, expected), ProofRefusal::kTooOld) << iat;
      }
      expected.now = until;
      EXPECT_EQ(CheckDpopProof(*proof, expected) == std::nullopt, until == proof->iat() + 65 * kMicrosPerSecond) << iat;
    }
  }
}

TEST(Dpop, IsForOneAccessToken) {
  DpopExpectations expected = Request();
  expected.access_token = kToken;
  EXPECT_EQ(Changed([](Parts &p) { p.ath = Quoted(AccessTokenHash(kToken)); }, expected), "ok");
  EXPECT_EQ(Changed([](Parts &p) { p.ath = Quoted(AccessTokenHash("another.access.token")); }, expected), "other_access_token");
  EXPECT_EQ(Changed([](Parts &p) { p.ath = Quoted(AccessTokenHash(kToken) + "="); }, expected), "other_access_token");
  EXPECT_EQ(Checked(ProofOf({}), expected), "other_access_token");
  // Where no token is expected, `ath` means nothing.
  EXPECT_EQ(Changed([](Parts &p) { p.ath = "\"x\""; }), "ok");
}

TEST(Dpop, IsBounded) {
  EXPECT_EQ(Changed([](Parts &p) { p.jti = "\"" + std::string(kMaxProofIdSize, 'j') + "\""; }), "ok");
  EXPECT_EQ(Changed([](Parts &p) { p.jti = "\"" + std::string(kMaxProofIdSize + 1, 'j') + "\""; }), "jti_missing");
  EXPECT_EQ(Changed([](Parts &p) { p.jti = "\"\""; }), "jti_missing");
  EXPECT_EQ(Changed([](Parts &p) { p.more = ",\"x\":\"" + std::string(1U << 20, 'x') + "\""; }), "too_large");
  EXPECT_EQ(Checked(std::string(kMaxProofSize + 1, '.')), "too_large");
  EXPECT_EQ(Checked(std::string(kMaxProofSize, '.')), "malformed");
}

TEST(Dpop, AlteredIsRefused) {
  const std::string proof = ProofOf({});
  for (std::size_t i = 0; i < proof.size(); ++i) {
    std::string altered = proof;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(Checked(altered), "ok") << i;
  }
}

TEST(Dpop, CriticalExtensionsAreNotUnderstood) {
  const KeySet keys = Keys(DeviceKey());
  const std::string payload = R"({"jti":"a","htm":"POST","htu":")" + std::string(kUrl) + R"(","iat":1700000000})";
  const std::string header = R"({"alg":"ES256","typ":"dpop+jwt","crit":["x"],"x":1,"jwk":)" + PublicOf(DeviceKey()) + "}";
  EXPECT_EQ(Checked(Forge(header, payload, keys.keys.front(), Algorithm::kES256)), "malformed");
}

// DBSC, as Chromium writes its proofs: the key in the header at registration, and nothing but the challenge at a refresh.
std::string Registration(std::string_view key = DeviceKey(), std::string_view header_more = "",
                         std::string_view payload_more = "", std::string_view typ = "dbsc+jwt", bool with_jwk = true) {
  const std::string alg = *Keys(key).keys.front().alg();
  std::string header = R"({"alg":")" + alg + R"(","typ":")" + std::string(typ) + "\"";
  if (with_jwk) header += ",\"jwk\":" + PublicOf(key);
  header += std::string(header_more) + "}";
  const KeySet keys = Keys(key);
  return Forge(header, R"({"jti":"the challenge")" + std::string(payload_more) + "}", keys.keys.front(),
               keys.keys.front().algorithms().first());
}
std::string Refresh(std::string_view key = DeviceKey()) { return Registration(key, "", "", "dbsc+jwt", false); }
std::string Registered(std::string_view proof) {
  const auto registration = ReadDbscRegistration(proof);
  return registration ? "ok: " + registration->challenge : NameOf(registration.refusal());
}
std::string Answered(std::string_view proof, std::string_view public_jwk) {
  const auto challenge = DbscChallengeOf(proof, public_jwk);
  return challenge ? "ok: " + *challenge : NameOf(challenge.refusal());
}

TEST(Dbsc, RegistersAKeyThatThenAnswersChallenges) {
  for (const std::string_view algorithm : {"ES256", "RS256"}) {
    const std::string key = Generate(algorithm);
    const auto registration = ReadDbscRegistration(Registration(key));
    ASSERT_TRUE(static_cast<bool>(registration)) << NameOf(registration.refusal());
    EXPECT_EQ(registration->challenge, "the challenge");
    const auto document = ParseJson(PublicOf(key));
    EXPECT_EQ(FormatThumbprint(registration->thumbprint), *JwkThumbprint(document->root()));
    EXPECT_EQ(Answered(Refresh(key), registration->public_jwk), "ok: the challenge");
    EXPECT_EQ(Answered(Registration(key), registration->public_jwk), "ok: the challenge");
    EXPECT_EQ(Answered(Refresh(Another(algorithm)), registration->public_jwk), "bad_signature");
    // The registered key decides, not one that a proof brings along.
    EXPECT_EQ(Answered(Registration(Another(algorithm)), registration->public_jwk), "bad_signature");
  }
}

TEST(Dbsc, MayHaveItsKeyAmongTheClaims) {
  const std::string claim = ",\"key\":" + PublicOf(DeviceKey()) + R"(,"aud":"https://a.example/reg","iat":"1725579055")";
  EXPECT_EQ(Registered(Registration(DeviceKey(), "", claim, "dbsc+jwt", false)), "ok: the challenge");
  EXPECT_EQ(Registered(Registration(DeviceKey(), "", ",\"key\":" + DeviceKey(), "dbsc+jwt", false)), "key_not_public");
  EXPECT_EQ(Registered(Refresh()), "key_missing");
}

TEST(Dbsc, IgnoresWhatItDoesNotKnow) {
  EXPECT_EQ(Registered(Registration(DeviceKey(), ",\"att\":{\"a\":[]}", ",\"authorization\":1,\"iat\":null,\"x\":{}")),
            "ok: the challenge");
}

TEST(Dbsc, OtherProofsAreRefused) {
  EXPECT_EQ(Registered(ProofOf({})), "wrong_type");
  EXPECT_EQ(Registered(Registration(DeviceKey(), "", "", "JWT")), "wrong_type");
  EXPECT_EQ(Registered(Registration(DeviceKey(), "", "", "application/DBSC+jwt")), "ok: the challenge");
  EXPECT_EQ(Registered(Registration(Generate("ES384"))), "algorithm_not_allowed");
  EXPECT_EQ(Registered(Registration(Generate("PS256"))), "algorithm_not_allowed");
  EXPECT_EQ(Registered(""), "missing");
  EXPECT_EQ(Registered(std::string(kMaxProofSize + 1, 'a')), "too_large");
  EXPECT_EQ(Checked(Registration()), "wrong_type");
  const std::string jwk = PublicOf(DeviceKey());
  EXPECT_EQ(Answered("", jwk), "missing");
  EXPECT_EQ(Answered(ProofOf({}), jwk), "wrong_type");
  EXPECT_EQ(Answered(Refresh(Generate("RS256")), jwk), "algorithm_not_allowed");
  EXPECT_EQ(Answered(Refresh(), "{}"), "key_unusable");
  EXPECT_EQ(Answered(Refresh(), "not JSON"), "key_unusable");
}

TEST(ProofRefusal, HasANameAndADescription) {
  for (int i = 0; i <= static_cast<int>(ProofRefusal::kRepeated); ++i) {
    const auto refusal = static_cast<ProofRefusal>(i);
    EXPECT_NE(std::string(NameOf(refusal)), "") << i;
    EXPECT_NE(std::string(DescriptionOf(refusal)), "") << i;
  }
}

}  // namespace
}  // namespace jwt_auth::jose
