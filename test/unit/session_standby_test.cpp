// What a standby, which is behind its primary, says of a session that it does not find alive.
#include "session/standby.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace jwt_auth::session {
namespace {

constexpr Micros kCommit = 1'700'000'000'000'000;
constexpr Micros kMargin = 5 * kMicrosPerSecond;
constexpr Micros kHorizon = kCommit - kMargin;
constexpr TokenTimes kOld = {kHorizon - 1, kHorizon - 1};

constexpr Replay kPrimary = {false, false, 0, kMargin};
constexpr Replay kStandby = {true, true, kCommit, kMargin};
// Nothing was replayed, so the time of a last commit means nothing.
constexpr Replay kFresh = {true, false, kCommit, kMargin};

TEST(Standby, SaysNotYetOfWhatMayBeOnItsWay) {
  struct Row {
    const char *name;
    TokenVerdict verdict;
    TokenTimes times;
    Replay replay;
    TokenVerdict answer;
  };
  const Row rows[] = {
      {"absent, older than what is known", TokenVerdict::kAbsent, kOld, kStandby, TokenVerdict::kAbsent},
      {"absent, just known", TokenVerdict::kAbsent, {kHorizon, kHorizon}, kStandby, TokenVerdict::kAbsent},
      {"absent, the session is newer", TokenVerdict::kAbsent, {kHorizon + 1, kHorizon}, kStandby, TokenVerdict::kNotKnownYet},
      {"absent, the token is newer", TokenVerdict::kAbsent, {kHorizon, kHorizon + 1}, kStandby, TokenVerdict::kNotKnownYet},
      {"absent, newer than the last commit",
       TokenVerdict::kAbsent,
       {kCommit + 1, kCommit + 1},
       kStandby,
       TokenVerdict::kNotKnownYet},
      {"absent, a token without iat", TokenVerdict::kAbsent, {kHorizon, kNoCutoff}, kStandby, TokenVerdict::kAbsent},
      {"absent, without a margin", TokenVerdict::kAbsent, {kCommit, kCommit}, {true, true, kCommit, 0}, TokenVerdict::kAbsent},
      {"absent, nothing was replayed", TokenVerdict::kAbsent, kOld, kFresh, TokenVerdict::kNotKnownYet},
      {"absent, on a primary", TokenVerdict::kAbsent, {kCommit + 1, kCommit + 1}, kPrimary, TokenVerdict::kAbsent},
      {"idle, older than what is known", TokenVerdict::kIdle, kOld, kStandby, TokenVerdict::kIdle},
      {"idle, refreshed meanwhile", TokenVerdict::kIdle, {kOld.began, kHorizon + 1}, kStandby, TokenVerdict::kNotKnownYet},
      {"idle, nothing was replayed", TokenVerdict::kIdle, kOld, kFresh, TokenVerdict::kNotKnownYet},
      {"idle, on a primary", TokenVerdict::kIdle, {kOld.began, kCommit + 1}, kPrimary, TokenVerdict::kIdle},
  };
  for (const Row &row : rows) EXPECT_EQ(JudgeOnStandby(row.verdict, row.times, row.replay), row.answer) << row.name;
}

TEST(Standby, KeepsWhatRestsOnWhatIsKnown) {
  for (const TokenVerdict verdict : {TokenVerdict::kGood, TokenVerdict::kLocked, TokenVerdict::kEnded,
                                     TokenVerdict::kBeforeCutoff, TokenVerdict::kDenied, TokenVerdict::kStale})
    for (const Replay &replay : {kPrimary, kStandby, kFresh})
      EXPECT_EQ(JudgeOnStandby(verdict, {kCommit + 1, kCommit + 1}, replay), verdict);
}

TEST(Standby, NoIdIsBehindTheLastTime) {
  SessionId last;
  last.fill(0xFF);
  EXPECT_EQ(FirstIdAfter(std::numeric_limits<Micros>::max()), last);
  EXPECT_LT(FirstIdAfter(std::numeric_limits<Micros>::max() - 1), last);
}

TEST(Standby, ReadsTheTimeInAnId) {
  for (const Micros time : {Micros{0}, Micros{1'700'000'000'123'456}, Micros{1'700'000'000'999'999}}) {
    const Micros read = TimeIn(MakeSessionId(time, 7, {1, 2, 3, 4}));
    EXPECT_LE(read, time);
    EXPECT_LE(time - read, 1);
  }
}

}  // namespace
}  // namespace jwt_auth::session
