#include "jose/jwt/claims.hpp"

#include <limits>

#include "support.hpp"

namespace jwt_auth::jose {
namespace {

Result<void> Read(std::string_view text) {
  const auto document = ParseJson(text);
  if (!document) return document.error();
  const auto claims = ReadClaims(document->root());
  if (!claims) return claims.error();
  return {};
}

Result<void> Check(std::string_view text, const Expectations &expected) {
  const auto document = ParseJson(text);
  const auto claims = ReadClaims(document->root());
  if (!claims) return claims.error();
  return CheckClaims(*claims, expected);
}

constexpr Micros kNow = 1000 * kMicrosPerSecond;

Expectations At(Micros now, Micros leeway = 0) {
  Expectations expected;
  expected.now = now;
  expected.leeway = leeway;
  return expected;
}

TEST(Claims, TypesAreChecked) {
  for (const char *claims : {R"({"exp":"1"})",
                             R"({"exp":null})",
                             R"({"exp":true})",
                             R"({"exp":[1]})",
                             R"({"exp":{}})",
                             R"({"nbf":"1"})",
                             R"({"iat":null})",
                             R"({"iss":1})",
                             R"({"iss":null})",
                             R"({"sub":1})",
                             R"({"sub":["a"]})",
                             R"({"jti":5})",
                             R"({"aud":1})",
                             R"({"aud":null})",
                             R"({"aud":{}})",
                             R"({"aud":["a",1]})",
                             R"({"aud":[["a"]]})",
                             R"({"aud":[null]})",
                             R"({"exp":1e400})",
                             R"({"exp":-1e400})",
                             R"({"nbf":9223372036854.775808})",
                             R"([])",
                             R"("exp")",
                             R"(1)"}) {
    EXPECT_REFUSED(Read(claims), kMalformed) << claims;
  }
  EXPECT_ACCEPTED(Read(R"({"exp":1,"nbf":1.5,"iat":0,"iss":"","sub":"s","jti":"j","aud":["a","b"],"other":{"exp":"x"}})"));
  EXPECT_ACCEPTED(Read(R"({"aud":[]})"));
  EXPECT_ACCEPTED(Read(R"({"Exp":"x","EXP":null})"));
}

TEST(Claims, NumericDatesAreExact) {
  EXPECT_EQ(ParseNumericDate("0"), 0);
  EXPECT_EQ(ParseNumericDate("-0.0"), 0);
  EXPECT_EQ(ParseNumericDate("1.5"), 1500000);
  EXPECT_EQ(ParseNumericDate("1.0000019"), 1000001);
  EXPECT_EQ(ParseNumericDate("-1.0000011"), -1000002);
  EXPECT_EQ(ParseNumericDate("-1e-9"), -1);
  EXPECT_EQ(ParseNumericDate("1e-9"), 0);
  EXPECT_EQ(ParseNumericDate("15e-1"), 1500000);
  EXPECT_EQ(ParseNumericDate("1.7e9"), 1700000000000000);
  EXPECT_EQ(ParseNumericDate("0.0000000017e18"), 1700000000000000);
  EXPECT_EQ(ParseNumericDate("17000000000000000000e-10"), 1700000000000000);
  EXPECT_EQ(ParseNumericDate("9223372036854.775807"), std::numeric_limits<Micros>::max());
  EXPECT_EQ(ParseNumericDate("9223372036854.775808"), std::nullopt);
  EXPECT_EQ(ParseNumericDate("-9223372036854.775808"), std::numeric_limits<Micros>::min());
  EXPECT_EQ(ParseNumericDate("-9223372036854.7758080001"), std::nullopt);
  EXPECT_EQ(ParseNumericDate("1e13"), std::nullopt);
  EXPECT_EQ(ParseNumericDate("1e999999999999"), std::nullopt);
  EXPECT_EQ(ParseNumericDate("1e-999999999999"), 0);
  EXPECT_EQ(ParseNumericDate("0e999999999999"), 0);
  EXPECT_EQ(ParseNumericDate("1" + std::string(100000, '0') + "e-100000"), kMicrosPerSecond);
  for (const char *text : {"", "-", "e5", "1e", "1e+", "x", "1x", "1.2.3", "."})
    EXPECT_EQ(ParseNumericDate(text), std::nullopt) << text;
}

TEST(Claims, ATokenExpiresAtItsVerySecond) {
  EXPECT_ACCEPTED(Check(R"({"exp":1000})", At(kNow - 1)));
  EXPECT_REFUSED(Check(R"({"exp":1000})", At(kNow)), kExpired);
  EXPECT_ACCEPTED(Check(R"({"exp":1000})", At(kNow + 4999999, 5 * kMicrosPerSecond)));
  EXPECT_REFUSED(Check(R"({"exp":1000})", At(kNow + 5000000, 5 * kMicrosPerSecond)), kExpired);
  EXPECT_ACCEPTED(Check(R"({"exp":1000.000001})", At(kNow)));
}

TEST(Claims, ATokenFromTheFutureIsNotYetValid) {
  EXPECT_ACCEPTED(Check(R"({"nbf":1000})", At(kNow)));
  EXPECT_REFUSED(Check(R"({"nbf":1000.000001})", At(kNow)), kNotYetValid);
  EXPECT_ACCEPTED(Check(R"({"nbf":1001})", At(kNow, kMicrosPerSecond)));
  EXPECT_ACCEPTED(Check(R"({"iat":1060})", At(kNow)));
  EXPECT_REFUSED(Check(R"({"iat":1060.000001})", At(kNow)), kNotYetValid);
  EXPECT_ACCEPTED(Check(R"({"iat":1065})", At(kNow, 5 * kMicrosPerSecond)));
}

TEST(Claims, ExtremeTimesDoNotWrapAround) {
  constexpr Micros kMax = std::numeric_limits<Micros>::max();
  EXPECT_ACCEPTED(Check(R"({"exp":9223372036854.775807})", At(kMax - 1, kMax)));
  EXPECT_REFUSED(Check(R"({"exp":-9223372036854.775808})", At(kNow, 0)), kExpired);
  EXPECT_ACCEPTED(Check(R"({"nbf":9223372036854.775807})", At(kMax, kMax)));
}

TEST(Claims, StartsMayLieAheadWhereThatIsSaid) {
  Expectations expected = At(kNow);
  expected.from_any_time = true;
  EXPECT_ACCEPTED(Check(R"({"nbf":2000,"iat":2000,"exp":2000})", expected));
  EXPECT_REFUSED(Check(R"({"nbf":2000,"iat":2000,"exp":1000})", expected), kExpired);
}

TEST(Claims, AnEndMayBeNeeded) {
  Expectations expected = At(kNow);
  expected.needs_exp = true;
  EXPECT_ACCEPTED(Check(R"({"exp":2000})", expected));
  EXPECT_REFUSED(Check(R"({})", expected), kMalformed);
  // It is asked for last.
  EXPECT_REFUSED(Check(R"({"aud":"api"})", expected), kAudienceMismatch);
}

TEST(Claims, OneOfSeveralAudiencesIsEnough) {
  Expectations expected = At(kNow);
  const std::vector<std::string> two{"api", "web"}, any{"api", "*"}, none;
  expected.audiences = &two;
  EXPECT_ACCEPTED(Check(R"({"aud":"web"})", expected));
  EXPECT_ACCEPTED(Check(R"({"aud":["x","api"]})", expected));
  for (const char *claims : {R"({})", R"({"aud":[]})", R"({"aud":["x","ap"]})", R"({"aud":"*"})"})
    EXPECT_REFUSED(Check(claims, expected), kAudienceMismatch) << claims;
  // They take the place of the single one, which would have waived it.
  expected.audience = "*";
  EXPECT_REFUSED(Check(R"({"aud":"x"})", expected), kAudienceMismatch);
  expected.audiences = &any;
  EXPECT_ACCEPTED(Check(R"({"aud":"x"})", expected));
  EXPECT_ACCEPTED(Check(R"({})", expected));
  // Without any, the single one counts.
  expected.audiences = &none;
  EXPECT_ACCEPTED(Check(R"({"aud":"x"})", expected));
  expected.audience = std::nullopt;
  EXPECT_REFUSED(Check(R"({"aud":"x"})", expected), kAudienceMismatch);
}

TEST(Claims, TheIssuerMustBeTheExpectedOne) {
  Expectations expected = At(kNow);
  EXPECT_ACCEPTED(Check(R"({"iss":"anybody"})", expected));
  expected.issuer = "me";
  EXPECT_ACCEPTED(Check(R"({"iss":"me"})", expected));
  EXPECT_REFUSED(Check(R"({"iss":"me "})", expected), kIssuerMismatch);
  EXPECT_REFUSED(Check(R"({"iss":"Me"})", expected), kIssuerMismatch);
  EXPECT_REFUSED(Check(R"({})", expected), kIssuerMismatch);
}

TEST(Claims, AnAudienceMustBeMetOrWaived) {
  Expectations expected = At(kNow);
  EXPECT_ACCEPTED(Check(R"({})", expected));
  EXPECT_REFUSED(Check(R"({"aud":"api"})", expected), kAudienceMismatch);
  EXPECT_REFUSED(Check(R"({"aud":[]})", expected), kAudienceMismatch);
  expected.audience = "api";
  EXPECT_ACCEPTED(Check(R"({"aud":"api"})", expected));
  EXPECT_ACCEPTED(Check(R"({"aud":["web","api"]})", expected));
  EXPECT_REFUSED(Check(R"({"aud":["web","api "]})", expected), kAudienceMismatch);
  EXPECT_REFUSED(Check(R"({"aud":[]})", expected), kAudienceMismatch);
  EXPECT_REFUSED(Check(R"({})", expected), kAudienceMismatch);
  EXPECT_REFUSED(Check(R"({"aud":"*"})", expected), kAudienceMismatch);
  expected.audience = "*";
  EXPECT_ACCEPTED(Check(R"({"aud":"anything"})", expected));
  EXPECT_ACCEPTED(Check(R"({})", expected));
}

TEST(Claims, TheFirstReasonInOrderIsGiven) {
  Expectations expected = At(kNow);
  expected.issuer = "me";
  expected.audience = "api";
  EXPECT_REFUSED(Check(R"({"exp":1,"nbf":2000,"iss":"x","aud":"y"})", expected), kExpired);
  EXPECT_REFUSED(Check(R"({"nbf":2000,"iss":"x","aud":"y"})", expected), kNotYetValid);
  EXPECT_REFUSED(Check(R"({"iss":"x","aud":"y"})", expected), kIssuerMismatch);
  EXPECT_REFUSED(Check(R"({"iss":"me","aud":"y"})", expected), kAudienceMismatch);
}

TEST(Claims, SigningAsksForTheSameTypes) {
  EXPECT_TRUE(IsAcceptableClaim("exp", JsonType::kNumber, "1.5", false));
  EXPECT_FALSE(IsAcceptableClaim("exp", JsonType::kNumber, "1e400", false));
  EXPECT_FALSE(IsAcceptableClaim("exp", JsonType::kString, "1", false));
  EXPECT_FALSE(IsAcceptableClaim("iat", JsonType::kNull, "", false));
  EXPECT_TRUE(IsAcceptableClaim("aud", JsonType::kArray, "", true));
  EXPECT_FALSE(IsAcceptableClaim("aud", JsonType::kArray, "", false));
  EXPECT_FALSE(IsAcceptableClaim("aud", JsonType::kObject, "", true));
  EXPECT_FALSE(IsAcceptableClaim("sub", JsonType::kNumber, "1", false));
  EXPECT_TRUE(IsAcceptableClaim("role", JsonType::kNumber, "1", false));
}

}  // namespace
}  // namespace jwt_auth::jose
