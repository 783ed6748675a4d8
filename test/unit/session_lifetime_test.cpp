// When sessions begin and end, and who makes room for a new one.
#include "session/lifetime.hpp"

#include <gtest/gtest.h>

#include "session/limit.hpp"

namespace jwt_auth::session {
namespace {

constexpr Micros kNow = 1'700'000'000'900'000;
constexpr Micros kSecond = kMicrosPerSecond;
constexpr Micros kDay = 86400 * kSecond;

TEST(Lifetime, CreationIsLaterThanEveryCutoffWhateverTheClockSays) {
  struct Row {
    Micros user, global, created;
  };
  for (const Row &row :
       {Row{kNoCutoff, kNoCutoff, kNow}, Row{kNow - 1, kNoCutoff, kNow}, Row{kNow, kNoCutoff, kNow + 1},
        Row{kNoCutoff, kNow, kNow + 1}, Row{kNow + kDay, kNow, kNow + kDay + 1}, Row{kNow, kNow + kDay, kNow + kDay + 1}}) {
    const Cutoffs cutoffs = {row.user, row.global};
    EXPECT_EQ(CreationTime(kNow, cutoffs), row.created);
    EXPECT_TRUE(IsAfterCutoffs(row.created, cutoffs));
  }
  EXPECT_FALSE(IsAfterCutoffs(kNow, {kNow, kNoCutoff}));
  EXPECT_FALSE(IsAfterCutoffs(kNow, {kNoCutoff, kNow}));
  EXPECT_FALSE(IsAfterCutoffs(kNow, {kNow + 1, kNoCutoff}));
}

TEST(Lifetime, IdleEndSlidesUpToTheAbsoluteOne) {
  const LifetimePolicy policy = {1800 * kSecond, 14 * kDay, 90 * kDay};
  const Micros end = AbsoluteEnd(kNow, policy);
  EXPECT_EQ(end, kNow + 90 * kDay);
  EXPECT_EQ(IdleEnd(kNow, end, policy), kNow + 14 * kDay);
  EXPECT_EQ(IdleEnd(kNow + 76 * kDay, end, policy), end);
  EXPECT_EQ(IdleEnd(kNow + 76 * kDay + 1, end, policy), end);
  EXPECT_EQ(AbsoluteEnd(kNow, {1, 1, 0}), kNever);
  EXPECT_EQ(IdleEnd(kNow, kNever, policy), kNow + 14 * kDay);
}

TEST(Lifetime, AccessTokensEndWithTheirSession) {
  const LifetimePolicy policy = {1800 * kSecond, 14 * kDay, 90 * kDay};
  EXPECT_EQ(WholeSeconds(kNow), 1'700'000'000);
  EXPECT_EQ(AccessExpiry(kNow, kNow + kDay, policy), 1'700'001'800);
  EXPECT_EQ(AccessExpiry(kNow, kNow + 10 * kSecond, policy), 1'700'000'010);
  EXPECT_EQ(AccessExpiry(kNow, kNow + 10 * kSecond + 200'000, policy), 1'700'000'011);
  EXPECT_EQ(AccessExpiry(kNow, kNow + kDay, {kSecond, kDay, 0}), 1'700'000'001);
}

TEST(Lifetime, AbsurdSpansEndNever) {
  const LifetimePolicy policy = {kNever, kNever, kNever};
  EXPECT_EQ(AbsoluteEnd(kNow, policy), kNever);
  EXPECT_EQ(IdleEnd(kNow, kNever, policy), kNever);
  EXPECT_EQ(AccessExpiry(kNow, kNever, policy), kNever / kSecond);
}

TEST(Lifetime, SweepDayIsTheDayAfterTheEnd) {
  EXPECT_EQ(DayOf(0), 0);
  EXPECT_EQ(DayOf(kDay - 1), 0);
  EXPECT_EQ(DayOf(kDay), 1);
  EXPECT_EQ(DayOf(-1), -1);
  EXPECT_EQ(SweepDay(19 * kDay), 20);
  EXPECT_EQ(SweepDay(20 * kDay - 1), 20);
  EXPECT_EQ(WholeSeconds(-1), -1);
}

LiveSession Live(unsigned char name, Micros created_at, Micros refreshed_at) {
  LiveSession session{};
  session.id.fill(name);
  session.created_at = created_at;
  session.refreshed_at = refreshed_at;
  return session;
}

std::string Names(const std::vector<LiveSession> &sessions) {
  std::string names;
  for (const LiveSession &session : sessions) names.push_back(static_cast<char>(session.id[0]));
  return names;
}

TEST(Limit, WhoMakesRoom) {
  // Created a, b, c, d; last refreshed c, a, d, b; two of a tie.
  const std::vector<LiveSession> live = {Live('c', 3, 10), Live('a', 1, 20), Live('d', 4, 30), Live('b', 2, 30)};
  struct Row {
    int limit;
    LimitPolicy policy;
    bool granted;
    const char *evicted;
  };
  for (const Row &row : {
           Row{0, LimitPolicy::kEvictOldest, true, ""},
           Row{0, LimitPolicy::kReject, true, ""},
           Row{5, LimitPolicy::kEvictOldest, true, ""},
           Row{5, LimitPolicy::kReject, true, ""},
           Row{4, LimitPolicy::kEvictOldest, true, "a"},
           Row{4, LimitPolicy::kEvictIdle, true, "c"},
           Row{4, LimitPolicy::kReject, false, ""},
           Row{3, LimitPolicy::kEvictOldest, true, "ab"},
           Row{3, LimitPolicy::kEvictIdle, true, "ca"},
           Row{2, LimitPolicy::kEvictIdle, true, "cab"},
           Row{1, LimitPolicy::kEvictOldest, true, "abcd"},
           Row{1, LimitPolicy::kEvictIdle, true, "cabd"},
           Row{1, LimitPolicy::kReject, false, ""},
       }) {
    const Room room = MakeRoom(live, row.limit, row.policy);
    EXPECT_EQ(room.granted, row.granted) << row.limit << NameOf(row.policy);
    EXPECT_EQ(Names(room.evicted), row.evicted) << row.limit << NameOf(row.policy);
  }
  EXPECT_TRUE(MakeRoom({}, 1, LimitPolicy::kReject).granted);
}

// The session of the same device makes room by itself, is not counted, and stays where the log-in is refused.
TEST(Limit, TheDevicesOwnSessionIsReplaced) {
  const auto on_device = [](LiveSession session) {
    session.is_same_device = true;
    return session;
  };
  const std::vector<LiveSession> live = {Live('c', 3, 10), on_device(Live('a', 1, 20)), Live('d', 4, 30), Live('b', 2, 30)};
  const std::vector<LiveSession> twice = {on_device(Live('b', 2, 5)), on_device(Live('a', 1, 9)), Live('c', 3, 10)};
  struct Row {
    const std::vector<LiveSession> &live;
    int limit;
    LimitPolicy policy;
    bool granted;
    const char *replaced;
    const char *evicted;
  };
  for (const Row &row : {
           Row{live, 0, LimitPolicy::kReject, true, "a", ""},
           Row{live, 4, LimitPolicy::kReject, true, "a", ""},
           Row{live, 3, LimitPolicy::kReject, false, "", ""},
           Row{live, 3, LimitPolicy::kEvictOldest, true, "a", "b"},
           Row{live, 3, LimitPolicy::kEvictIdle, true, "a", "c"},
           Row{live, 1, LimitPolicy::kEvictOldest, true, "a", "bcd"},
           Row{twice, 2, LimitPolicy::kReject, true, "ab", ""},
           Row{twice, 1, LimitPolicy::kEvictIdle, true, "ab", "c"},
       }) {
    const Room room = MakeRoom(row.live, row.limit, row.policy);
    EXPECT_EQ(room.granted, row.granted) << row.limit << NameOf(row.policy);
    EXPECT_EQ(Names(room.replaced), row.replaced) << row.limit << NameOf(row.policy);
    EXPECT_EQ(Names(room.evicted), row.evicted) << row.limit << NameOf(row.policy);
  }
}

TEST(Limit, NamesComeBack) {
  for (const char *name : {"evict_oldest", "evict_idle", "reject"}) {
    ASSERT_TRUE(LimitPolicyNamed(name));
    EXPECT_STREQ(NameOf(*LimitPolicyNamed(name)), name);
  }
  EXPECT_FALSE(LimitPolicyNamed("evict"));
}

TEST(SessionLifetime, AuthTimeIsNeverAheadOfTheClock) {
  EXPECT_EQ(AuthTime(kNoCutoff, 100, 200), 100) << "nothing stored: when the session began";
  EXPECT_EQ(AuthTime(kNoCutoff, 300, 200), 200);
  EXPECT_EQ(AuthTime(150, 300, 200), 150) << "stored";
  EXPECT_EQ(AuthTime(250, 300, 200), 200);
  EXPECT_EQ(AuthTime(150, 100, 200), 150);
}

TEST(SessionLifetime, ASessionLiesAheadUntilItIsCorrected) {
  EXPECT_TRUE(LiesAhead(kNoCutoff, 201, 200));
  EXPECT_FALSE(LiesAhead(kNoCutoff, 200, 200));
  EXPECT_FALSE(LiesAhead(kNoCutoff, 199, 200));
  EXPECT_FALSE(LiesAhead(200, 201, 200));
}

TEST(SessionLifetime, CorrectedTimesKeepWhatWasLeft) {
  constexpr Micros kNow = 1'700'000'000'000'000, kYear = 365LL * 86400 * kMicrosPerSecond, kDay = 86400 * kMicrosPerSecond;
  struct Case {
    const char *what;
    Micros created_at, refreshed_at, absolute_end, idle_end;
    Micros corrected_absolute, corrected_idle;
  };
  const Case cases[] = {
      {"never refreshed", kNow + kYear, kNow + kYear, kNow + kYear + 90 * kDay, kNow + kYear + 14 * kDay, kNow + 90 * kDay,
       kNow + 14 * kDay},
      {"refreshed by the same clock", kNow + kYear, kNow + kYear + kDay, kNow + kYear + 90 * kDay, kNow + kYear + 15 * kDay,
       kNow + 90 * kDay, kNow + 14 * kDay},
      {"refreshed since by the right clock", kNow + kYear, kNow - kDay, kNow + kYear + 90 * kDay, kNow + 13 * kDay,
       kNow + 90 * kDay, kNow + 13 * kDay},
      {"no absolute end", kNow + kYear, kNow + kYear, kNever, kNow + kYear + 14 * kDay, kNever, kNow + 14 * kDay},
      {"no end at all", kNow + kYear, kNow + kYear, kNever, kNever, kNever, kNever},
      {"an idle end at the absolute one", kNow + kYear, kNow + kYear + 89 * kDay, kNow + kYear + 90 * kDay,
       kNow + kYear + 90 * kDay, kNow + 90 * kDay, kNow + kDay},
      {"an end before its beginning", kNow + kYear, kNow + kYear, kNow + kDay, kNow + kDay, kNow + kDay - kYear,
       kNow + kDay - kYear},
  };
  for (const Case &c : cases) {
    const SessionTimes times = CorrectedTimes(c.created_at, c.refreshed_at, c.absolute_end, c.idle_end, kNow);
    EXPECT_EQ(times.auth_time, kNow) << c.what;
    EXPECT_EQ(times.absolute_end, c.corrected_absolute) << c.what;
    EXPECT_EQ(times.idle_end, c.corrected_idle) << c.what;
  }
}

}  // namespace
}  // namespace jwt_auth::session
