// From a text to claims that hold: what is asked, and in which order.
#include "jose/jwt/jwt.hpp"

#include "support.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Micros kNow = 1000 * kMicrosPerSecond;
constexpr char kClaims[] = R"({"iss":"me","sub":"u","aud":"api","exp":2000,"nbf":1,"iat":1})";

// A token that the key signs, with a header of this `typ` (empty: none).
std::string Token(std::string_view payload, std::string_view typ = "JWT") {
  SignOptions options;
  options.typ = typ;
  auto token = SignJws(payload, Keys(kSecret), options);
  if (!token) throw std::runtime_error("cannot sign");
  return *token;
}

JwtExpectations Expected() {
  JwtExpectations expected;
  expected.claims.issuer = "me";
  expected.claims.audience = "api";
  expected.claims.now = kNow;
  return expected;
}

Result<VerifiedJwt> Verify(std::string_view text, const JwtExpectations &expected, const KeySet &keys) {
  auto token = UnverifiedJwt::Parse(text);
  if (!token) return token.error();
  return VerifyJwt(*token, keys, expected);
}

TEST(Jwt, ClaimsThatHoldAreHandedOut) {
  const KeySet keys = Keys(kSecret);
  const auto jwt = Verify(Token(kClaims), Expected(), keys);
  ASSERT_ACCEPTED(jwt);
  EXPECT_EQ(jwt->claims().iss, "me");
  EXPECT_EQ(jwt->claims().sub, "u");
  EXPECT_EQ(jwt->claims().exp, 2 * kNow);
  EXPECT_EQ(jwt->claims().jti, std::nullopt);
  EXPECT_EQ(Text(jwt->payload().root()), kClaims);
  EXPECT_EQ(jwt->token().typ(), "JWT");
  EXPECT_EQ(&jwt->key(), &keys.keys.front());
}

// Each case is wrong in what its line names and in all that is asked behind that, and right in all that is asked before.
TEST(Jwt, IsAskedInThisOrder) {
  const KeySet keys = Keys(kSecret), others = Keys(kLongSecret);
  const std::vector<std::string> audiences{"web"};
  JwtExpectations wrong;
  wrong.type = {ExpectedType::Rule::kPurpose, "mail", false};
  wrong.is_foreign = true;
  wrong.claims = {"you", "*", &audiences, 0, kNow, false, true};
  JwtExpectations hs512 = wrong;
  hs512.algorithms = AlgorithmSet(Algorithm::kHS512);
  JwtExpectations ours = wrong;
  ours.is_foreign = false;
  JwtExpectations from_any_time = ours;
  from_any_time.claims.from_any_time = true;
  JwtExpectations from_me = ours;
  from_me.claims.issuer = "me";
  JwtExpectations for_me = from_me;
  for_me.claims.audiences = nullptr;

  struct Case {
    const char *what;
    std::string token;
    const JwtExpectations &expected;
    const KeySet &keys;
    ErrorCode code;
    const char *detail;
  };
  const std::string no_claims = Token("[]", "mail+jwt");
  for (const Case &c : {
           Case{"form", "a.b", hs512, others, ErrorCode::kMalformed, "token does not have three parts"},
           Case{"algorithm", Token("x"), hs512, others, ErrorCode::kAlgorithmNotAllowed,
                "the token names one that is unknown or that the caller does not allow"},
           Case{"signature", Token("x"), wrong, others, ErrorCode::kBadSignature, nullptr},
           Case{"type", Token("x"), wrong, keys, ErrorCode::kOtherTokenType,
                "typ of its header is not the one that is asked for"},
           Case{"no type", Token("x", ""), wrong, keys, ErrorCode::kOtherTokenType,
                "typ of its header is not the one that is asked for"},
           Case{"purpose", Token("x", "mail+jwt"), wrong, keys, ErrorCode::kIssuerMismatch,
                "a token for one purpose is accepted from this server alone"},
           Case{"payload", Token("x", "mail+jwt"), ours, keys, ErrorCode::kMalformed, "not valid JSON"},
           Case{"object", no_claims, ours, keys, ErrorCode::kMalformed, "not a JSON object"},
           Case{"types of claims", Token(R"({"sub":1,"exp":1,"nbf":2000,"iss":"me"})", "mail+jwt"), ours, keys,
                ErrorCode::kMalformed, "claim sub is not a string"},
           Case{"exp", Token(R"({"exp":1,"nbf":2000,"iat":2000,"iss":"me"})", "mail+jwt"), ours, keys, ErrorCode::kExpired,
                nullptr},
           Case{"nbf", Token(R"({"nbf":2000,"iat":2000,"iss":"me"})", "mail+jwt"), ours, keys, ErrorCode::kNotYetValid,
                "nbf lies ahead"},
           Case{"iat", Token(R"({"iat":2000,"iss":"me"})", "mail+jwt"), ours, keys, ErrorCode::kNotYetValid, "iat lies ahead"},
           Case{"expired all the same", Token(R"({"exp":1,"nbf":2000})", "mail+jwt"), from_any_time, keys, ErrorCode::kExpired,
                nullptr},
           Case{"issuer", Token(R"({"nbf":2000,"iat":2000,"iss":"me"})", "mail+jwt"), from_any_time, keys,
                ErrorCode::kIssuerMismatch, nullptr},
           Case{"no issuer", Token("{}", "mail+jwt"), ours, keys, ErrorCode::kIssuerMismatch, "it names none"},
           Case{"no audience", Token(R"({"iss":"me"})", "mail+jwt"), from_me, keys, ErrorCode::kAudienceMismatch,
                "it names none"},
           Case{"audience", Token(R"({"iss":"me","aud":["api"]})", "mail+jwt"), from_me, keys, ErrorCode::kAudienceMismatch,
                "it names another"},
           Case{"no exp", Token(R"({"iss":"me","aud":["api"]})", "mail+jwt"), for_me, keys, ErrorCode::kMalformed,
                "claim exp is missing"},
       }) {
    const auto jwt = Verify(c.token, c.expected, c.keys);
    ASSERT_FALSE(jwt) << c.what;
    EXPECT_EQ(static_cast<int>(jwt.error().code), static_cast<int>(c.code)) << c.what;
    EXPECT_STREQ(jwt.error().detail, c.detail) << c.what;
  }
  EXPECT_ACCEPTED(Verify(Token(R"({"iss":"me","aud":["api","web"],"exp":2000})", "mail+jwt"), from_me, keys));
}

TEST(Jwt, TheCallerSaysHowAnotherTypeIsRefused) {
  JwtExpectations expected = Expected();
  expected.type = {ExpectedType::Rule::kAccessToken, {}, false};
  expected.other_type = {ErrorCode::kOtherTokenType, nullptr, "Give an access token."};
  const auto jwt = Verify(Token(kClaims), expected, Keys(kSecret));
  ASSERT_FALSE(jwt);
  EXPECT_EQ(jwt.error().detail, nullptr);
  EXPECT_STREQ(jwt.error().hint, "Give an access token.");
}

TEST(Jwt, WhatIsClaimedCanBeSeenBeforeAndAfterARefusal) {
  const KeySet keys = Keys(kSecret), others = Keys(kLongSecret);
  const std::string text = Token(kClaims);
  auto token = UnverifiedJwt::Parse(text);
  ASSERT_ACCEPTED(token);
  const auto claims = token->UnverifiedClaims();
  ASSERT_ACCEPTED(claims);
  EXPECT_EQ(claims->FindText("iss"), "me");
  EXPECT_REFUSED(VerifyJwt(*token, others, Expected()), kBadSignature);
  // It is still whole.
  EXPECT_EQ(token->UnverifiedClaims()->FindText("sub"), "u");
  const auto jwt = VerifyJwt(*token, keys, Expected());
  ASSERT_ACCEPTED(jwt);
  EXPECT_EQ(jwt->claims().sub, "u");
}

TEST(Jwt, APayloadThatIsNoObjectClaimsNothing) {
  for (const char *payload : {"", "x", "[]", "\"iss\"", "null", "{\"iss\":\"me\"", "{\"a\":1,\"a\":2}"}) {
    const std::string text = Token(payload);
    auto token = UnverifiedJwt::Parse(text);
    ASSERT_ACCEPTED(token);
    EXPECT_REFUSED(token->UnverifiedClaims(), kMalformed) << payload;
    // The signature is asked for first, whatever was seen before.
    EXPECT_REFUSED(VerifyJwt(*token, Keys(kLongSecret), Expected()), kBadSignature) << payload;
    EXPECT_REFUSED(VerifyJwt(*token, Keys(kSecret), Expected()), kMalformed) << payload;
  }
  const std::string deep = std::string(kMaxJsonDepth + 1, '[') + std::string(kMaxJsonDepth + 1, ']');
  const std::string text = Token("{\"a\":" + deep + "}");
  auto token = UnverifiedJwt::Parse(text);
  EXPECT_REFUSED(token->UnverifiedClaims(), kTooLarge);
  EXPECT_REFUSED(VerifyJwt(*token, Keys(kSecret), Expected()), kTooLarge);
}

}  // namespace
}  // namespace jwt_auth::jose
