// Tokens: their form, their header, which key verifies them.
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

// A token signed with kSecret, its header as given.
std::string WithHeader(std::string_view header) { return Forge(header, "{}", Keys(kSecret).keys.front(), Algorithm::kHS256); }

Result<std::string> Verify(std::string_view token) { return VerifiedPayload(token, Keys(kSecret)); }

JsonDocument Json(std::string_view text) { return std::move(*ParseJson(text)); }

Result<std::string> SignWith(const KeySet &keys, std::string_view extra, std::string_view alg = "") {
  const JsonDocument header = Json(extra);
  SignOptions options;
  options.alg_name = alg;
  options.typ = "JWT";
  options.extra_header = &header;
  return SignJws("{}", keys, options);
}

std::string HeaderOf(std::string_view token) { return *DecodeBase64Url(token.substr(0, token.find('.'))); }

TEST(JwsForm, ThreePartsExactly) {
  const std::string token = Sign("{}", Keys(kSecret));
  EXPECT_ACCEPTED(Verify(token));
  for (const std::string &broken :
       {std::string(), std::string("."), std::string(".."), std::string("..."), token + ".", "." + token, token + ".x",
        token.substr(0, token.rfind('.')), token.substr(token.find('.') + 1), token + " ", " " + token, token + "\n",
        "\n" + token, token + "=", token + std::string(1, '\0'), "Bearer " + token, "\"" + token + "\"",
        std::string(100000, '.')}) {
    EXPECT_REFUSED(UnverifiedJws::Parse(broken), kMalformed) << broken.substr(0, 200);
  }
}

TEST(JwsForm, AJweIsNoJws) {
  const auto parsed = UnverifiedJws::Parse("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA");
  EXPECT_REFUSED(parsed, kMalformed);
  EXPECT_STREQ(parsed.error().detail, "token is encrypted (JWE), not signed (JWS)");
  EXPECT_REFUSED(Verify(WithHeader(R"({"alg":"HS256","enc":"A128GCM"})")), kMalformed);
}

TEST(JwsForm, EveryPrefixIsRefused) {
  const std::string token = Sign(R"({"sub":"alice"})", Keys(kSecret));
  for (std::size_t size = 0; size < token.size(); ++size) {
    const auto verified = Verify(token.substr(0, size));
    ASSERT_FALSE(verified) << size;
    const bool has_signature = size > token.rfind('.');
    EXPECT_TRUE(verified.error().code == ErrorCode::kMalformed ||
                (has_signature && verified.error().code == ErrorCode::kBadSignature))
        << size;
  }
}

TEST(JwsForm, EveryFlippedBitIsNoticed) {
  const std::string token = Sign(R"({"sub":"alice"})", Keys(kSecret));
  for (std::size_t i = 0; i < token.size() * 8; ++i) {
    std::string flipped = token;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(Verify(flipped)) << i;
  }
}

TEST(JwsForm, EveryFlippedBitOfAnAsymmetricTokenIsNoticed) {
  for (const char *algorithm : {"ES256", "EdDSA"}) {
    const KeySet keys = Keys(Generate(algorithm));
    const std::string token = Sign("{}", keys);
    for (std::size_t i = 0; i < token.size(); ++i) {
      std::string flipped = token;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << i % 7));
      EXPECT_FALSE(VerifiedPayload(flipped, keys)) << algorithm << i;
    }
  }
}

TEST(JwsForm, ThePayloadMayBeAnything) {
  const KeySet keys = Keys(kSecret);
  for (const std::string &payload : {std::string(), std::string("x"), std::string("\0\xFF\x80", 3), std::string(100000, 'x')}) {
    const auto verified = VerifiedPayload(Sign(payload, keys), keys);
    ASSERT_ACCEPTED(verified);
    EXPECT_EQ(*verified, payload);
  }
}

TEST(JwsHeader, MustBeAStrictJsonObject) {
  for (const char *header :
       {"", "[]", "null", "\"HS256\"", "{", R"({"alg":"HS256"}x)", R"({"alg":"HS256","alg":"HS256"})",
        R"({"alg":"HS256","a":{"b":1,"b":2}})", "\xEF\xBB\xBF{\"alg\":\"HS256\"}", R"({"alg":"HS256","x":"\u0000"})",
        R"({"alg":"HS256","x":"\ud800"})", "{\"alg\":\"HS256\",\"x\":\"\xC0\xAF\"}"}) {
    EXPECT_REFUSED(Verify(WithHeader(header)), kMalformed) << header;
  }
  EXPECT_REFUSED(Verify(WithHeader(R"({"alg":"HS256","x":)" + std::string(100000, '['))), kTooLarge);
}

TEST(JwsHeader, AlgIsAStringAndThere) {
  for (const char *header :
       {"{}", R"({"alg":null})", R"({"alg":1})", R"({"alg":["HS256"]})", R"({"alg":{"a":"HS256"}})", R"({"Alg":"HS256"})"}) {
    EXPECT_REFUSED(Verify(WithHeader(header)), kMalformed) << header;
  }
}

// RFC 7515 section 4.1.
TEST(JwsHeader, RegisteredMembersHaveTheirTypes) {
  for (const char *name : {"kid", "typ", "cty", "jku", "x5u", "x5t", "x5t#S256", "jwk", "x5c"}) {
    for (const char *value : {"null", "1", "true", "[1]", "[[]]", "[null]", "\"a\"", "{}", "[\"a\"]"}) {
      const bool text = std::string_view(value) == "\"a\"";
      const bool good = std::string_view(name) == "jwk"   ? std::string_view(value) == "{}"
                        : std::string_view(name) == "x5c" ? std::string_view(value) == "[\"a\"]"
                                                          : text;
      const std::string header = std::string(R"({"alg":"HS256",")") + name + "\":" + value + "}";
      const auto verified = Verify(WithHeader(header));
      if (good)
        EXPECT_ACCEPTED(verified);
      else
        EXPECT_REFUSED(verified, kMalformed) << header;
    }
  }
}

TEST(JwsParse, WhatStandsAroundATokenIsNamed) {
  const std::string token = Sign("{}", Keys(kSecret));
  const auto detail = [](std::string_view text) -> std::string {
    const auto parsed = UnverifiedJws::Parse(text);
    return parsed ? "accepted" : parsed.error().detail;
  };
  EXPECT_EQ(detail(token), "accepted");
  EXPECT_EQ(detail("Bearer "), "token has white space or quotes around it");
  // What is behind the end of the text does not count.
  EXPECT_EQ(detail(std::string_view("Bearer x").substr(0, 6)), "token does not have three parts");
  for (const char *scheme : {"Bearer ", "bearer ", "BEARER "})
    EXPECT_EQ(detail(scheme + token), "token has the scheme \"Bearer\" in front");
  for (const std::string &text : {" " + token, token + "\n", "\"" + token + "\"", "'" + token})
    EXPECT_EQ(detail(text), "token has white space or quotes around it");
  EXPECT_EQ(detail(""), "token is empty");
  EXPECT_EQ(detail("abc"), "token does not have three parts");
}

TEST(JwsHeader, NoneDoesNotExistInAnyCase) {
  for (const char *name :
       {"none", "None", "NONE", "nOnE", "NoNe", "", " none", "none ", "hs256", "Hs256", "HS256 ", "HS1", "RSA1_5"}) {
    const std::string header = std::string(R"({"alg":")") + name + "\"}";
    EXPECT_REFUSED(Verify(WithHeader(header)), kAlgorithmNotAllowed) << name;
    EXPECT_REFUSED(Verify(EncodeBase64Url(header) + ".e30."), kAlgorithmNotAllowed) << name;
  }
}

TEST(JwsHeader, CritIsRefusedInAnyForm) {
  for (const char *crit :
       {"[]", R"(["exp"])", R"(["b64"])", R"(["unknown"])", R"(["alg"])", "null", "1", R"("exp")", "{}", R"(["exp","exp"])"}) {
    EXPECT_REFUSED(Verify(WithHeader(std::string(R"({"alg":"HS256","exp":1,"crit":)") + crit + "}")), kMalformed) << crit;
  }
}

TEST(JwsHeader, UnencodedPayloadIsRefused) {
  for (const char *b64 : {"false", "null", "0", "\"true\""}) {
    EXPECT_REFUSED(Verify(WithHeader(std::string(R"({"alg":"HS256","b64":)") + b64 + "}")), kMalformed) << b64;
  }
  EXPECT_ACCEPTED(Verify(WithHeader(R"({"alg":"HS256","b64":true})")));
}

TEST(JwsHeader, ManyHeadersInTurnAreEachReadAsTheyAre) {
  const KeySet keys = Keys(kSecret);
  for (int round = 0; round < 3; ++round) {
    for (int i = 10; i < 20; ++i) {
      const std::string kid = "key " + std::to_string(i);
      const auto parsed = UnverifiedJws::Parse(WithHeader(R"({"alg":"HS256","kid":")" + kid + "\"}"));
      ASSERT_ACCEPTED(parsed);
      EXPECT_EQ(*parsed->kid(), kid);
      EXPECT_EQ(parsed->alg(), "HS256");
      EXPECT_EQ(Member(parsed->header().root(), "kid"), kid);
      EXPECT_ACCEPTED(VerifiedPayload(WithHeader(R"({"alg":"HS256","kid":")" + kid + "\"}"), keys));
      EXPECT_REFUSED(Verify(WithHeader(R"({"alg":"HS257","kid":")" + kid + "\"}")), kAlgorithmNotAllowed);
      EXPECT_REFUSED(Verify(WithHeader(R"({"alg":"HS256","kid":")" + kid + R"(","crit":[]})")), kMalformed);
    }
  }
}

TEST(JwsHeader, KeysInTheHeaderAreNeverUsed) {
  const std::string attacker = Generate("ES256");
  const KeySet attackers = Keys(attacker);
  const std::string ours = Another("ES256");
  for (const std::string &member :
       {"\"jwk\":" + PublicOf(attacker), std::string(R"("jku":"https://attacker.example/jwks.json")"),
        std::string(R"("x5u":"https://attacker.example/cert.pem")"), std::string(R"("x5c":["MIIB"])"),
        std::string(R"("x5t":"AAAA")")}) {
    const std::string header = R"({"alg":"ES256",)" + member + "}";
    const std::string forged = Forge(header, "{}", attackers.keys.front(), Algorithm::kES256);
    EXPECT_REFUSED(VerifiedPayload(forged, Keys(ours)), kBadSignature);
    const std::string honest = Forge(header, "{}", Keys(ours).keys.front(), Algorithm::kES256);
    EXPECT_ACCEPTED(VerifiedPayload(honest, Keys(PublicOf(ours))));
  }
}

TEST(JwsKeys, TheKeyFixesTheAlgorithm) {
  const std::string rsa = With(Generate("RS256"), {{"alg", ""}, {"kid", ""}});
  const KeySet any = Keys(PublicOf(rsa));
  const KeySet only_rs384 = Keys(With(PublicOf(rsa), {{"alg", "\"RS384\""}}));
  for (const char *alg : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) {
    const std::string token = Sign("x", Keys(rsa), alg);
    EXPECT_ACCEPTED(VerifiedPayload(token, any));
    if (std::string_view(alg) == "RS384")
      EXPECT_ACCEPTED(VerifiedPayload(token, only_rs384));
    else
      EXPECT_REFUSED(VerifiedPayload(token, only_rs384), kAlgorithmNotAllowed);
  }
}

TEST(JwsKeys, APublicKeyIsNoHmacSecret) {
  const std::string jwk = With(PublicOf(Generate("RS256")), {{"alg", ""}, {"kid", ""}});
  const auto document = ParseJson(jwk);
  const std::string pem(AsText(*JwkToPem(document->root())));
  // What the attacker computes, with the text of the public key as the secret.
  const std::string input = EncodeBase64Url(R"({"alg":"HS256"})") + ".e30";
  for (const std::string &text : {jwk, pem, pem.substr(0, pem.size() - 1), " " + jwk}) {
    const std::string token = input + "." + EncodeBase64Url(AsText(Hmac(Digest::kSha256, text, input)));
    EXPECT_REFUSED(VerifiedPayload(token, Keys(jwk)), kAlgorithmNotAllowed);
    EXPECT_REFUSED(VerifiedPayload(token, Keys(pem)), kAlgorithmNotAllowed);
  }
}

TEST(JwsKeys, TheListNarrowsFurther) {
  const KeySet keys = Keys(kLongSecret);
  const std::string token = Sign("x", keys, "HS512");
  EXPECT_ACCEPTED(VerifiedPayload(token, keys, AlgorithmsNamed("HS512")));
  EXPECT_REFUSED(VerifiedPayload(token, keys, AlgorithmsNamed("HS256")), kAlgorithmNotAllowed);
  EXPECT_REFUSED(VerifiedPayload(token, keys, AlgorithmsNamed("RS512")), kAlgorithmNotAllowed);
  EXPECT_REFUSED(VerifiedPayload(token, keys, AlgorithmSet()), kAlgorithmNotAllowed);
  const KeySet ed448 = Keys(Generate("EdDSA", "Ed448"));
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", ed448), ed448, AlgorithmsNamed("EdDSA")));
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", ed448), ed448, AlgorithmsNamed("Ed448")));
  EXPECT_REFUSED(VerifiedPayload(Sign("x", ed448), ed448, AlgorithmsNamed("Ed25519")), kAlgorithmNotAllowed);
}

TEST(JwsKeys, TheNamesOfRfc9864AreAccepted) {
  const KeySet keys = Keys(With(Generate("Ed25519"), {{"alg", ""}}));
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", keys, "Ed25519"), keys));
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", keys, "EdDSA"), keys));
  EXPECT_NE(HeaderOf(Sign("x", keys, "Ed25519")).find(R"("alg":"Ed25519")"), std::string::npos);
  EXPECT_NE(HeaderOf(Sign("x", keys)).find(R"("alg":"EdDSA")"), std::string::npos);
  EXPECT_REFUSED(VerifiedPayload(Forge(R"({"alg":"Ed448"})", "x", keys.keys.front(), Algorithm::kEd25519), keys),
                 kAlgorithmNotAllowed);
}

TEST(JwsKeys, AShortSecretDoesNotVerifyALongHash) {
  const KeySet keys = Keys(std::string(32, 'k'));
  const std::string input = EncodeBase64Url(R"({"alg":"HS512"})") + ".e30";
  const std::string token = input + "." + EncodeBase64Url(AsText(Hmac(Digest::kSha512, std::string(32, 'k'), input)));
  EXPECT_REFUSED(VerifiedPayload(token, keys), kAlgorithmNotAllowed);
}

TEST(JwsKid, OneThatDiffersIsRefused) {
  const std::string jwk = With(Generate("ES256"), {{"kid", "\"a\""}});
  const std::string without = With(jwk, {{"kid", ""}});
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(jwk)), Keys(jwk)));
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(jwk)), Keys(without)));
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(without)), Keys(jwk)));
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(jwk)), Keys(With(jwk, {{"kid", "\"b\""}}))), kNoSuchKey);
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(jwk)), Keys(With(jwk, {{"kid", "\"A\""}}))), kNoSuchKey);
}

TEST(JwsKid, ItIsData) {
  for (const char *kid : {"../../etc/passwd", "' OR 1=1 --", "%00", "", "| rm -rf /", "key\\u0022"}) {
    const std::string jwk = With(Generate("ES256"), {{"kid", "\"" + std::string(kid) + "\""}});
    EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(jwk)), Keys(jwk)));
    EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(jwk)), Keys(With(jwk, {{"kid", "\"other\""}}))), kNoSuchKey) << kid;
  }
}

TEST(JwsSet, TheKidSelects) {
  const std::string a = With(Generate("ES256"), {{"kid", "\"a\""}});
  const std::string b = With(Generate("ES256"), {{"kid", "\"b\""}});
  const KeySet set = Keys("{\"keys\":[" + a + "," + b + "]}");
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(a)), set));
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(b)), set));
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(With(a, {{"kid", "\"b\""}}))), set), kBadSignature);
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(With(a, {{"kid", "\"c\""}}))), set), kNoSuchKey);
}

TEST(JwsSet, AnUnnamedKeyIsNotForANamedToken) {
  const std::string a = With(Generate("ES256"), {{"kid", "\"a\""}});
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(a)), Keys("{\"keys\":[" + With(a, {{"kid", ""}}) + "]}")), kNoSuchKey);
}

TEST(JwsSet, WithoutAKidEachSuitableKeyIsTried) {
  std::string set;
  std::string last;
  for (int i = 0; i < 5; ++i) {
    last = With(Generate("ES256"), {{"kid", "\"" + std::to_string(i) + "\""}});
    set += last + "," + Generate("EdDSA") + ",";
  }
  const std::string all = "{\"keys\":[" + set + PublicOf(Generate("RS256")) + "]}";
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(With(last, {{"kid", ""}}))), Keys(all)));
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(With(Generate("ES256"), {{"kid", ""}}))), Keys(all)), kBadSignature);
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(With(Generate("ES384"), {{"kid", ""}}))), Keys(all)), kAlgorithmNotAllowed);
}

TEST(JwsSet, AtMostSixteenKeysAreTried) {
  const auto secret = [](int i) {
    return R"({"kty":"oct","k":")" + EncodeBase64Url(std::string(32, static_cast<char>(i))) + "\"}";
  };
  std::string set = "{\"keys\":[";
  for (int i = 0; i < 17; ++i) set += (i == 0 ? "" : ",") + secret(i);
  const KeySet keys = Keys(set + "]}");
  EXPECT_ACCEPTED(VerifiedPayload(Sign("x", Keys(secret(15))), keys));
  EXPECT_REFUSED(VerifiedPayload(Sign("x", Keys(secret(16))), keys), kBadSignature);
}

TEST(JwsSet, EncryptionKeysAreNotTried) {
  const std::string a = With(Generate("ES256"), {{"kid", ""}, {"use", "\"enc\""}});
  const std::string token = Sign("x", Keys(With(a, {{"use", ""}})));
  EXPECT_REFUSED(VerifiedPayload(token, Keys("{\"keys\":[" + a + "]}")), kNoSuchKey);
}

TEST(SignJws, TheHeaderStartsWithAlgTypAndKid) {
  const KeySet keys = Keys(With(Generate("HS256"), {{"kid", "\"k\""}}));
  EXPECT_EQ(HeaderOf(*SignWith(keys, "{}")), R"({"alg":"HS256","typ":"JWT","kid":"k"})");
  EXPECT_EQ(HeaderOf(*SignWith(keys, R"({"typ":"at+jwt","x":[1.50]})")),
            R"({"alg":"HS256","kid":"k","typ":"at+jwt","x":[1.50]})");
  EXPECT_EQ(HeaderOf(*SignWith(keys, R"({"alg":"HS256","kid":"k"})")), R"({"alg":"HS256","typ":"JWT","kid":"k"})");
  EXPECT_EQ(HeaderOf(*SignWith(Keys(kSecret), R"({"kid":"mine"})")), R"({"alg":"HS256","typ":"JWT","kid":"mine"})");
}

TEST(SignJws, TheHeaderMayNotChangeWhatMatters) {
  const KeySet keys = Keys(With(Generate("HS256"), {{"kid", "\"k\""}}));
  for (const char *header :
       {R"({"alg":"HS512"})", R"({"alg":"none"})", R"({"alg":null})", R"({"kid":"other"})", R"({"kid":1})", R"({"typ":1})",
        R"({"crit":["x"]})", R"({"b64":false})", R"({"b64":true})", R"({"enc":"A128GCM"})", "[]", "null"}) {
    EXPECT_REFUSED(SignWith(keys, header), kInvalidArgument) << header;
  }
}

TEST(SignJws, TheDefaultAlgorithmIsTheKeys) {
  const auto alg_of = [](std::string_view jwk) { return Member(ParseJson(HeaderOf(Sign("x", Keys(jwk))))->root(), "alg"); };
  EXPECT_EQ(alg_of(kLongSecret), "HS256");
  EXPECT_EQ(alg_of(Generate("HS512")), "HS512");
  EXPECT_EQ(alg_of(Generate("PS384")), "PS384");
  EXPECT_EQ(alg_of(With(Generate("PS384"), {{"alg", ""}})), "RS256");
  EXPECT_EQ(alg_of(With(Generate("ES512"), {{"alg", ""}})), "ES512");
  EXPECT_EQ(alg_of(With(Generate("ES256K"), {{"alg", ""}})), "ES256K");
  EXPECT_EQ(alg_of(With(Generate("EdDSA"), {{"alg", ""}})), "EdDSA");
}

TEST(SignJws, AlgorithmsAreChecked) {
  SignOptions options;
  for (const char *name : {"none", "hs256", "A128KW", "RSA1_5", "HS256 "}) {
    options.alg_name = name;
    EXPECT_REFUSED(SignJws("x", Keys(kSecret), options), kInvalidArgument) << name;
  }
  for (const char *name : {"RS256", "ES256", "EdDSA", "HS512"}) {
    options.alg_name = name;
    EXPECT_REFUSED(SignJws("x", Keys(kSecret), options), kAlgorithmNotAllowed) << name;
  }
}

TEST(SignJws, OfASetTheFirstSuitableKeySigns) {
  const std::string a = With(PublicOf(Generate("ES256")), {{"kid", "\"a\""}});
  const std::string b = With(Generate("ES256"), {{"kid", "\"b\""}});
  const std::string c = With(Generate("EdDSA"), {{"kid", "\"c\""}});
  const KeySet set = Keys("{\"keys\":[" + a + "," + b + "," + c + "]}");
  EXPECT_EQ(HeaderOf(Sign("x", set)), R"({"alg":"ES256","kid":"b"})");
  EXPECT_EQ(HeaderOf(Sign("x", set, "EdDSA")), R"({"alg":"EdDSA","kid":"c"})");
  EXPECT_REFUSED(SignJws("x", Keys("{\"keys\":[" + a + "]}"), {}), kUnusableKey);
}

}  // namespace
}  // namespace jwt_auth::jose
