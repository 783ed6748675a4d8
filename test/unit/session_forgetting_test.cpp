// What is left of a user who was forgotten, and when a user's cutoff can refuse nothing any more.
#include "session/forgetting.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "session/token_verdict.hpp"

namespace jwt_auth::session {
namespace {

constexpr Micros kHour = 3600 * kMicrosPerSecond;
constexpr Micros kDay = 24 * kHour;
constexpr Micros kNow = 20'000 * kDay;
constexpr Micros kLeeway = kHour;

TEST(SpentCutoffs, EveryTokenFromBeforeMustHaveExpired) {
  struct Case {
    const char *what;
    std::vector<KeyHistory> keys;
    Micros expected;
  };
  const KeyHistory plain = {kNow - 100 * kDay, kHour / 2, kNoCutoff, false};
  const KeyHistory longer = {kNow - 100 * kDay, kDay, kNoCutoff, false};
  const KeyHistory run_out = {kNow - 100 * kDay, kHour / 2, kNow - kLeeway - 1, false};
  const KeyHistory within_leeway = {kNow - 100 * kDay, kHour / 2, kNow - kLeeway, false};
  const KeyHistory long_lived = {kNow - 100 * kDay, kHour / 2, kNow + 300 * kDay, false};
  const KeyHistory unknown_start = {kNoCutoff, kHour / 2, kNow + 300 * kDay, false};
  const KeyHistory fresh = {kNow - 1, kHour / 2, kNever, false};
  const KeyHistory imported = {kNow - 100 * kDay, kHour / 2, kNoCutoff, true};
  const Case cases[] = {
      {"no key: nothing can be good", {}, kNow - kLeeway},
      {"the key's longest lifetime, and the leeway", {plain}, kNow - kLeeway - kHour / 2},
      {"the longest of several keys", {plain, longer}, kNow - kLeeway - kDay},
      {"in any order", {longer, plain}, kNow - kLeeway - kDay},
      {"long-lived tokens that have run out", {run_out}, kNow - kLeeway - kHour / 2},
      {"long-lived tokens that the longest leeway still admits", {within_leeway}, kNow - 100 * kDay},
      {"a long-lived token that may be from any time since the key signs", {long_lived}, kNow - 100 * kDay},
      {"and it is not known since when it does", {unknown_start}, kNoCutoff},
      {"a key that has just begun says no more than its tokens' lifetime", {fresh}, kNow - kLeeway - kHour / 2},
      {"an imported key", {imported}, kNoCutoff},
      {"an imported key beside another", {plain, imported}, kNoCutoff},
  };
  for (const Case &c : cases) EXPECT_EQ(SpentCutoffs(c.keys.data(), c.keys.size(), kNow, kLeeway), c.expected) << c.what;
}

TEST(LastTokenEnd, IsThatOfTheLongestLived) {
  struct Case {
    const char *what;
    std::vector<KeyHistory> keys;
    Micros here, elsewhere;
  };
  constexpr Micros kTtl = kHour / 2;
  const KeyHistory plain = {kNow - kDay, kHour, kNoCutoff, false};
  const KeyHistory shorter = {kNow - kDay, kHour / 4, kNoCutoff, false};
  const KeyHistory long_lived = {kNow - kDay, kHour / 2, kNow + 9 * kDay, false};
  const KeyHistory run_out = {kNow - kDay, kHour, kNow - kDay, false};
  const KeyHistory endless = {kNow - kDay, kHour, kNever, false};
  const KeyHistory overflowing = {kNow - kDay, kNever, kNoCutoff, false};
  const KeyHistory imported = {kNow - kDay, kHour, kNoCutoff, true, kNow + 5 * kDay};
  const KeyHistory imported_long_ago = {kNow - 99 * kDay, kHour, kNoCutoff, true, kNow - kDay};
  const KeyHistory imported_unknown = {kNow - kDay, kHour, kNoCutoff, true};
  const Case cases[] = {
      {"no key: of the lifetime that is set", {}, kNow + kTtl, kNow + kTtl},
      {"a key that signed for a shorter one", {shorter}, kNow + kTtl, kNow + kTtl},
      {"the key's longest lifetime", {plain}, kNow + kHour, kNow + kHour},
      {"of several keys", {plain, shorter}, kNow + kHour, kNow + kHour},
      {"in any order", {shorter, plain}, kNow + kHour, kNow + kHour},
      {"a token of a longer lifetime", {plain, long_lived}, kNow + 9 * kDay, kNow + 9 * kDay},
      {"one that has run out", {run_out}, kNow + kHour, kNow + kHour},
      {"one without an end", {endless}, kNever, kNever},
      {"a lifetime of ages", {overflowing}, kNever, kNever},
      {"what was signed elsewhere", {imported}, kNow + kHour, kNow + 5 * kDay},
      {"and has run out", {imported_long_ago}, kNow + kHour, kNow + kHour},
      {"and nobody knows until when", {plain, imported_unknown}, kNow + kHour, kNever},
  };
  for (const Case &c : cases) {
    EXPECT_EQ(LastTokenEnd(c.keys.data(), c.keys.size(), SignedTokens::kOurs, kTtl, kNow), c.here) << c.what;
    for (const SignedTokens which : {SignedTokens::kOfOurUsers, SignedTokens::kAll})
      EXPECT_EQ(LastTokenEnd(c.keys.data(), c.keys.size(), which, kTtl, kNow), c.elsewhere) << c.what;
  }
}

// What was issued before a user was forgotten stays refused, whoever has the id since; `cutoff` is of whoever has it.
TEST(Tombstone, IsACutoffForWhatWasIssuedBefore) {
  struct Case {
    const char *what;
    Micros issued_at, cutoff, forgotten_at;
    TokenVerdict expected;
  };
  const Case cases[] = {
      {"of a user whom nobody forgot", kNow, kNoCutoff, kNoCutoff, TokenVerdict::kGood},
      {"without iat, of a user whom nobody forgot", kNoCutoff, kNoCutoff, kNoCutoff, TokenVerdict::kGood},
      {"issued before", kNow - 1, kNoCutoff, kNow, TokenVerdict::kBeforeCutoff},
      {"without iat", kNoCutoff, kNoCutoff, kNow, TokenVerdict::kBeforeCutoff},
      {"issued at the same time", kNow, kNoCutoff, kNow, TokenVerdict::kGood},
      {"of whoever has the id now", kNow + 1, kNoCutoff, kNow, TokenVerdict::kGood},
      {"who has a cutoff of before", kNow - 1, kNow - kDay, kNow, TokenVerdict::kBeforeCutoff},
      {"who was revoked later", kNow + 1, kNow + kDay, kNow, TokenVerdict::kBeforeCutoff},
      {"and was given a token since", kNow + kDay, kNow + kDay, kNow, TokenVerdict::kGood},
      {"without iat, of whoever has the id now", kNoCutoff, kNow - kDay, kNow, TokenVerdict::kBeforeCutoff},
  };
  for (const Case &c : cases)
    EXPECT_EQ(JudgeIssuedToken(c.issued_at, {CutoffSinceForgotten(c.cutoff, c.forgotten_at), kNoCutoff}, 0, kNow + 2 * kDay),
              c.expected)
        << c.what;
}

TEST(Tombstone, EndsWhatTheUserDidAsAnActor) {
  const auto judge = [](Micros began, Micros forgotten_at) {
    return JudgeActor(began, {CutoffSinceForgotten(kNoCutoff, forgotten_at), kNoCutoff}, kNow + kDay);
  };
  EXPECT_EQ(judge(kNow, kNoCutoff), TokenVerdict::kGood);
  EXPECT_EQ(judge(kNow - 1, kNow), TokenVerdict::kEnded);
  EXPECT_EQ(judge(kNow, kNow), TokenVerdict::kEnded);
  EXPECT_EQ(judge(kNow + 1, kNow), TokenVerdict::kGood);
}

TEST(Tombstone, NamesTheUserUnderTheSecretOnly) {
  const std::string secret(32, 's'), other(32, 't');
  EXPECT_EQ(TombstoneName(secret, "ann"), TombstoneName(secret, "ann"));
  EXPECT_NE(TombstoneName(secret, "ann"), TombstoneName(secret, "bob"));
  EXPECT_NE(TombstoneName(secret, "ann"), TombstoneName(secret, "ann "));
  EXPECT_NE(TombstoneName(secret, "ann"), TombstoneName(other, "ann"));
  EXPECT_NE(TombstoneName(secret, "ann"), HashOf("ann"));
  // HMAC-SHA256 over the label, a zero byte and the id, as Python's hmac has it.
  static constexpr unsigned char kExpected[] = {0x13, 0x32, 0xba, 0x8b, 0x9c, 0x7d, 0xee, 0x9d, 0xc1, 0x79, 0x78,
                                                0xf6, 0x69, 0x39, 0x96, 0xda, 0x4f, 0xde, 0x06, 0x62, 0xba, 0xf9,
                                                0x7b, 0x25, 0xbf, 0xbc, 0x8b, 0xc0, 0xf8, 0xf2, 0xff, 0x3e};
  const Hash name = TombstoneName(std::string(32, '\0'), "ann");
  EXPECT_TRUE(std::equal(name.begin(), name.end(), std::begin(kExpected), std::end(kExpected)));
}

}  // namespace
}  // namespace jwt_auth::session
