#include <gtest/gtest.h>

#include <limits>

#include "jose/json/base64url.hpp"
#include "session/api_key.hpp"
#include "session/refresh_token.hpp"
#include "session/token_owner.hpp"
#include "session/user_key_range.hpp"

namespace jwt_auth::session {
namespace {

TEST(UserKeyRanges, HoldTheKeysFromFirstToLast) {
  UserKeyRanges ranges;
  ASSERT_TRUE(ParseUserKeyRanges("-10..5", ranges));
  EXPECT_FALSE(ranges.Contains(-11));
  EXPECT_TRUE(ranges.Contains(-10));
  EXPECT_TRUE(ranges.Contains(5));
  EXPECT_FALSE(ranges.Contains(6));
}

TEST(UserKeyRanges, MayBeSeveral) {
  UserKeyRanges ranges;
  ASSERT_TRUE(ParseUserKeyRanges(" -2147483648 .. -1 , 7..7,\t10..2147483647 ", ranges));
  EXPECT_EQ(ranges.count, 3U);
  EXPECT_TRUE(ranges.Contains(std::numeric_limits<UserKey>::min()));
  EXPECT_TRUE(ranges.Contains(std::numeric_limits<UserKey>::max()));
  EXPECT_TRUE(ranges.Contains(7));
  for (const UserKey key : {0, 6, 8, 9}) EXPECT_FALSE(ranges.Contains(key));
}

TEST(UserKeyRanges, AreParsedStrictly) {
  UserKeyRanges ranges;
  for (const char *text : {"", " ", "1", "1..", "..1", "1.2", "1...2", "2..1", "1..2,", ",1..2", "1..2 3..4", "1..2;3..4",
                           "a..b", "1..2147483648", "-2147483649..1", "+1..2", "0x1..2", "1 . . 2"})
    EXPECT_FALSE(ParseUserKeyRanges(text, ranges)) << text;
  std::string many = "1..1";
  for (std::size_t i = 1; i < UserKeyRanges::kMax; ++i) many += ",1..1";
  EXPECT_TRUE(ParseUserKeyRanges(many, ranges));
  EXPECT_FALSE(ParseUserKeyRanges(many + ",1..1", ranges));
}

std::string Jws(std::string_view claims) {
  return jose::EncodeBase64Url(R"({"alg":"ES256"})") + "." + jose::EncodeBase64Url(claims) + "." +
         jose::EncodeBase64Url("signature");
}

TEST(ClaimedOwner, IsInEachKindOfToken) {
  const UserKey ann = UserKeyOf({}, "ann");
  const SessionId id = MakeSessionId(1'700'000'000'000'000, ann, {1, 2, 3, 4});
  EXPECT_EQ(ClaimedOwner(jose::AsText(RefreshToken::First(id, std::string(kFreshSecretSize, 's')).Encode())), ann);
  EXPECT_EQ(ClaimedOwner(jose::AsText(ApiKey::Make(id, std::string(kApiKeySecretSize, 's')).Encode())), ann);
  EXPECT_EQ(ClaimedOwner(Jws(R"({"sub":"bob  ","sid":")" + FormatSessionId(id) + "\"}")), ann);
  EXPECT_EQ(ClaimedOwner(Jws(R"({"sub":"ann","sid":"6ba7b810-9dad-41d1-80b4-00c04fd430c8"})")), ann);
  EXPECT_EQ(ClaimedOwner(Jws(R"({"sub":"ann"})")), ann);
  EXPECT_EQ(ClaimedOwner(Jws(R"({"sub":"ann  "})")), ann);
  EXPECT_EQ(ClaimedOwner(Jws(R"({"sub":"ann","sid":"not one of ours"})")), ann);
}

TEST(ClaimedOwner, IsNobodyOtherwise) {
  for (const std::string &text :
       {std::string(), std::string("ann"), std::string(kRefreshTokenPrefix), std::string(kApiKeyPrefix) + "x",
        std::string("a.b.c"), Jws("{}"), Jws(R"({"sub":""})"), Jws(R"({"sub":" "})"), Jws(R"({"sub":7})"),
        Jws(R"({"sid":"6ba7b810-9dad-41d1-80b4-00c04fd430c8"})"), Jws("[]"), Jws("{"), Jws(R"({"sub":"ann"})") + ".x"})
    EXPECT_EQ(ClaimedOwner(text), std::nullopt) << text;
}

}  // namespace
}  // namespace jwt_auth::session
