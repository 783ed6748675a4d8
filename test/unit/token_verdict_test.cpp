// When the database refuses an access token, and with which error.
#include "session/token_verdict.hpp"

#include <gtest/gtest.h>

namespace jwt_auth::session {
namespace {

constexpr Micros kNow = 1'700'000'000'900'000;
constexpr Micros kHour = 3600 * kMicrosPerSecond;

TEST(Lock, EndsAtItsUntilAndIsACutoffThen) {
  struct Row {
    const char *name;
    Micros not_before, locked_until;
    bool locked;
    Micros cutoff;
  };
  for (const Row &row :
       {Row{"none", kNoCutoff, kNoCutoff, false, kNoCutoff},
        Row{"a cutoff alone", kNow - kHour, kNoCutoff, false, kNow - kHour},
        Row{"without an end", kNow - kHour, kNever, true, kNever},
        Row{"ends in a microsecond", kNow - kHour, kNow + 1, true, kNow + 1}, Row{"ends now", kNow - kHour, kNow, false, kNow},
        Row{"ended before another cutoff", kNow - 1, kNow - kHour, false, kNow - 1}}) {
    EXPECT_EQ(UserCutoff(row.not_before, row.locked_until), row.cutoff) << row.name;
    EXPECT_EQ(IsLocked({row.cutoff, kNoCutoff, row.locked_until}, kNow), row.locked) << row.name;
  }
}

TEST(TokenVerdict, OfASessionsToken) {
  struct Row {
    const char *name;
    SessionTokenState state;
    Cutoffs cutoffs;
    TokenVerdict verdict;
  };
  const SessionTokenState live = {kNow - kHour, kNow + kHour, kNow + kHour, false};
  const Cutoffs none = {kNoCutoff, kNoCutoff};
  const Row rows[] = {
      {"good", live, none, TokenVerdict::kGood},
      {"older cutoffs", live, {live.created_at - 1, live.created_at - 1}, TokenVerdict::kGood},
      {"the user's cutoff", live, {live.created_at, kNoCutoff}, TokenVerdict::kEnded},
      {"everybody's cutoff", live, {kNoCutoff, live.created_at}, TokenVerdict::kEnded},
      {"its absolute end", {live.created_at, kNow, kNever, false}, none, TokenVerdict::kEnded},
      {"its idle end", {live.created_at, kNever, kNow, false}, none, TokenVerdict::kIdle},
      {"its idle end and the user's cutoff",
       {live.created_at, kNever, kNow, false},
       {live.created_at, kNoCutoff},
       TokenVerdict::kEnded},
      {"its idle end, denied", {live.created_at, kNever, kNow, true}, none, TokenVerdict::kIdle},
      {"denied", {live.created_at, kNever, kNever, true}, none, TokenVerdict::kDenied},
      {"denied and ended", {live.created_at, kNow, kNow, true}, none, TokenVerdict::kEnded},
      {"older than a change of the user", {live.created_at, kNever, kNever, false, {1, 0}, {2, 0}}, none, TokenVerdict::kStale},
      {"older than a change of the session", {live.created_at, kNever, kNever, false, {}, {0, 1}}, none, TokenVerdict::kStale},
      {"newer than both", {live.created_at, kNever, kNever, false, {2, 1}, {2, 1}}, none, TokenVerdict::kGood},
      {"stale and denied", {live.created_at, kNever, kNever, true, {}, {2, 0}}, none, TokenVerdict::kDenied},
      {"stale and ended", {live.created_at, kNow, kNever, false, {}, {2, 0}}, none, TokenVerdict::kEnded},
      {"stale and locked",
       {live.created_at, kNever, kNever, false, {}, {2, 0}},
       {kNever, kNoCutoff, kNever},
       TokenVerdict::kLocked},
      {"locked", live, {kNow + 1, kNoCutoff, kNow + 1}, TokenVerdict::kLocked},
      {"locked, denied and ended", {kNow - kHour, kNow, kNow, true}, {kNever, kNow, kNever}, TokenVerdict::kLocked},
      {"the lock has ended", live, {kNow, kNoCutoff, kNow}, TokenVerdict::kEnded},
      {"a lock that ended before it began", live, {live.created_at - 1, kNoCutoff, live.created_at - 1}, TokenVerdict::kGood},
  };
  for (const Row &row : rows) EXPECT_EQ(JudgeSessionToken(row.state, row.cutoffs, kNow), row.verdict) << row.name;
}

TEST(TokenVerdict, OfATokenWithoutASession) {
  struct Row {
    const char *name;
    Micros issued_at;
    Cutoffs cutoffs;
    TokenVerdict verdict;
    std::int64_t version = 0;
  };
  const Cutoffs none = {kNoCutoff, kNoCutoff};
  const Row rows[] = {
      {"good", kNow, none, TokenVerdict::kGood},
      {"issued at the cutoff", kNow, {kNow, kNow}, TokenVerdict::kGood},
      {"issued before the user's", kNow - 1, {kNow, kNoCutoff}, TokenVerdict::kBeforeCutoff},
      {"issued before everybody's", kNow - 1, {kNoCutoff, kNow}, TokenVerdict::kBeforeCutoff},
      {"issued before a change of the user", kNow - 1, none, TokenVerdict::kStale, kNow},
      {"issued with the change", kNow, none, TokenVerdict::kGood, kNow},
      {"no iat, and a change", kNoCutoff, none, TokenVerdict::kStale, 1},
      {"issued before a change and a cutoff", kNow - 1, {kNow, kNoCutoff}, TokenVerdict::kBeforeCutoff, kNow},
      {"no iat, no cutoff", kNoCutoff, none, TokenVerdict::kGood},
      {"no iat, a cutoff long ago", kNoCutoff, {1, kNoCutoff}, TokenVerdict::kBeforeCutoff},
      {"issued while locked", kNow, {kNow + 1, kNoCutoff, kNow + 1}, TokenVerdict::kLocked},
      {"locked without an end", kNow, {kNever, kNoCutoff, kNever}, TokenVerdict::kLocked},
      {"issued while the lock lasted, which has ended", kNow - 1, {kNow, kNoCutoff, kNow}, TokenVerdict::kBeforeCutoff},
  };
  for (const Row &row : rows)
    EXPECT_EQ(JudgeIssuedToken(row.issued_at, row.cutoffs, row.version, kNow), row.verdict) << row.name;
}

TEST(TokenVerdict, OfAnActor) {
  EXPECT_EQ(JudgeActor(kNow, {kNoCutoff, kNoCutoff}, kNow), TokenVerdict::kGood);
  EXPECT_EQ(JudgeActor(kNow, {kNow - 1, kNoCutoff}, kNow), TokenVerdict::kGood);
  EXPECT_EQ(JudgeActor(kNow, {kNow, kNoCutoff}, kNow), TokenVerdict::kEnded);
  EXPECT_EQ(JudgeActor(kNow, {kNow + 1, kNoCutoff}, kNow), TokenVerdict::kEnded);
  EXPECT_EQ(JudgeActor(kNow, {kNever, kNoCutoff, kNever}, kNow), TokenVerdict::kLocked);
  EXPECT_EQ(JudgeActor(kNow - 1, {kNow, kNoCutoff, kNow}, kNow), TokenVerdict::kEnded);
}

TEST(TokenVerdict, IsAnError) {
  EXPECT_EQ(RefusalOf(TokenVerdict::kGood), nullptr);
  EXPECT_EQ(RefusalOf(TokenVerdict::kLocked)->code, ErrorCode::kBeforeCutoff);
  EXPECT_STREQ(RefusalOf(TokenVerdict::kLocked)->detail, "user is locked");
  EXPECT_EQ(RefusalOf(TokenVerdict::kEnded)->code, ErrorCode::kSessionEnded);
  EXPECT_EQ(RefusalOf(TokenVerdict::kAbsent)->code, ErrorCode::kSessionEnded);
  EXPECT_EQ(RefusalOf(TokenVerdict::kIdle)->code, ErrorCode::kSessionEnded);
  EXPECT_EQ(RefusalOf(TokenVerdict::kNotKnownYet)->code, ErrorCode::kNotKnownYet);
  EXPECT_EQ(RefusalOf(TokenVerdict::kBeforeCutoff)->code, ErrorCode::kBeforeCutoff);
  EXPECT_EQ(RefusalOf(TokenVerdict::kBeforeCutoff)->detail, nullptr);
  EXPECT_EQ(RefusalOf(TokenVerdict::kStale)->code, ErrorCode::kRefreshFirst);
  EXPECT_EQ(RefusalOf(TokenVerdict::kDenied)->code, ErrorCode::kDenied);
}

}  // namespace
}  // namespace jwt_auth::session
