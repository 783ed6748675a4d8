// Whether a session that another system began may go on here, and when it ends.
#include "session/import.hpp"

#include <gtest/gtest.h>

namespace jwt_auth::session {
namespace {

constexpr Micros kNow = 1'700'000'000'000'000;
constexpr Micros kHour = 3600 * kMicrosPerSecond;
constexpr Micros kDay = 24 * kHour;
constexpr LifetimePolicy kPolicy = {kHour, 14 * kDay, 90 * kDay};
constexpr LifetimePolicy kEndless = {kHour, 14 * kDay, 0};
constexpr Cutoffs kNone = {kNoCutoff, kNoCutoff};

TEST(Import, OfATableOfRows) {
  struct Case {
    const char *what;
    ImportedTimes times;
    LifetimePolicy policy;
    Cutoffs cutoffs;
    ImportVerdict verdict;
    Micros absolute_end, idle_end;
  };
  const Micros yesterday = kNow - kDay;
  const Case cases[] = {
      {"the ends count from the beginning",
       {yesterday, kNow + kDay},
       kPolicy,
       kNone,
       ImportVerdict::kGood,
       yesterday + 90 * kDay,
       kNow + kDay},
      {"this moment, good for a moment", {kNow, kNow + 1}, kPolicy, kNone, ImportVerdict::kGood, kNow + 90 * kDay, kNow + 1},
      {"no session is idle beyond its greatest age",
       {kNow - 89 * kDay, kNever},
       kPolicy,
       kNone,
       ImportVerdict::kGood,
       kNow + kDay,
       kNow + kDay},
      {"no greatest age", {kNow - 900 * kDay, kNow + kDay}, kEndless, kNone, ImportVerdict::kGood, kNever, kNow + kDay},
      {"no end at all", {yesterday, kNever}, kEndless, kNone, ImportVerdict::kGood, kNever, kNever},
      {"from before 1970", {-kDay, kNow + kDay}, kEndless, kNone, ImportVerdict::kGood, kNever, kNow + kDay},
      {"infinity", {kNever, kNever}, kPolicy, kNone, ImportVerdict::kEndless, 0, 0},
      {"-infinity", {kNoCutoff, kNever}, kPolicy, kNone, ImportVerdict::kEndless, 0, 0},
      {"ahead", {kNow + 1, kNow + kDay}, kPolicy, kNone, ImportVerdict::kAhead, 0, 0},
      {"expired now", {yesterday, kNow}, kPolicy, kNone, ImportVerdict::kExpired, 0, 0},
      {"expired long ago", {yesterday, kNoCutoff}, kPolicy, kNone, ImportVerdict::kExpired, 0, 0},
      {"as old as may be", {kNow - 90 * kDay, kNow + kDay}, kPolicy, kNone, ImportVerdict::kTooOld, 0, 0},
      {"nearly as old", {kNow - 90 * kDay + 1, kNow + kDay}, kPolicy, kNone, ImportVerdict::kGood, kNow + 1, kNow + 1},
      {"cut off when it began", {yesterday, kNow + kDay}, kPolicy, {yesterday, kNoCutoff}, ImportVerdict::kBeforeCutoff, 0, 0},
      {"begun after the cutoff",
       {yesterday, kNow + kDay},
       kPolicy,
       {yesterday - 1, yesterday - 1},
       ImportVerdict::kGood,
       yesterday + 90 * kDay,
       kNow + kDay},
      {"everybody was cut off", {yesterday, kNow + kDay}, kPolicy, {kNoCutoff, kNow}, ImportVerdict::kBeforeCutoff, 0, 0},
      {"locked", {yesterday, kNow + kDay}, kPolicy, {kNow + 1, kNoCutoff, kNow + 1}, ImportVerdict::kLocked, 0, 0},
      {"locked without an end", {yesterday, kNow + kDay}, kPolicy, {kNever, kNoCutoff, kNever}, ImportVerdict::kLocked, 0, 0},
      {"the end of a lock is a cutoff",
       {yesterday, kNow + kDay},
       kPolicy,
       {kNow, kNoCutoff, kNow},
       ImportVerdict::kBeforeCutoff,
       0,
       0},
  };
  for (const Case &c : cases) {
    const ImportDecision decision = DecideImport(c.times, c.policy, c.cutoffs, kNow);
    EXPECT_EQ(decision.verdict, c.verdict) << c.what;
    EXPECT_EQ(decision.absolute_end, c.absolute_end) << c.what;
    EXPECT_EQ(decision.idle_end, c.idle_end) << c.what;
  }
}

}  // namespace
}  // namespace jwt_auth::session
