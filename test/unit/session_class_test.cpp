// Classes of sessions: names, what they say over the settings, and what a refresh makes of a class that has changed.
#include "session/session_class.hpp"

#include <gtest/gtest.h>

namespace jwt_auth::session {
namespace {

constexpr Micros kSecond = kMicrosPerSecond;
constexpr LifetimePolicy kSettings = {1800 * kSecond, 1000000 * kSecond, 8000000 * kSecond};
constexpr LimitRule kRule = {5, LimitPolicy::kEvictOldest};

SessionClass Listed() {
  SessionClass value{};
  value.listed = true;
  return value;
}

TEST(SessionClass, Names) {
  for (const char *good : {"remember me", "kiosk", "K", "phone-app_2.0", "\xc3\xa9t\xc3\xa9", "'; DROP TABLE x", "\"", "null"})
    EXPECT_TRUE(IsClassName(good)) << good;
  EXPECT_TRUE(IsClassName(std::string(63, 'a')));
  EXPECT_FALSE(IsClassName(std::string(64, 'a')));
  for (const char *bad : {"", " ", " a", "a ", "a\nb", "\x7f", "a\tb"}) EXPECT_FALSE(IsClassName(bad)) << bad;
  EXPECT_FALSE(IsClassName(std::string_view("a\0b", 3)));
}

TEST(SessionClass, LifetimesGoOverTheSettings) {
  const auto expect = [](const std::optional<SessionClass> &value, Micros access, Micros refresh, Micros age) {
    const LifetimePolicy lifetimes = LifetimesOf(value, kSettings);
    EXPECT_EQ(lifetimes.access_token_ttl, access);
    EXPECT_EQ(lifetimes.refresh_token_ttl, refresh);
    EXPECT_EQ(lifetimes.session_max_age, age);
  };
  expect(std::nullopt, 1800 * kSecond, 1000000 * kSecond, 8000000 * kSecond);
  SessionClass value = Listed();
  expect(value, 1800 * kSecond, 1000000 * kSecond, 8000000 * kSecond);
  value.access_token_ttl = 60 * kSecond;
  expect(value, 60 * kSecond, 1000000 * kSecond, 8000000 * kSecond);
  value.refresh_token_ttl = 70 * kSecond;
  expect(value, 60 * kSecond, 70 * kSecond, 8000000 * kSecond);
  value.max_age = 0;
  expect(value, 60 * kSecond, 70 * kSecond, 0);
}

TEST(SessionClass, TheLimitOfAClassIsItsOwn) {
  SessionClass silent = Listed(), said = Listed(), none = Listed(), unlisted{};
  said.max_sessions = 2;
  said.limit_policy = LimitPolicy::kReject;
  none.max_sessions = 0;
  unlisted.max_sessions = 2;
  struct Row {
    std::optional<SessionClass> value;
    std::optional<int> user;
    int limit;
    LimitPolicy policy;
  };
  for (const Row &row : {
           Row{std::nullopt, std::nullopt, 5, LimitPolicy::kEvictOldest},
           Row{std::nullopt, 1, 1, LimitPolicy::kEvictOldest},
           Row{std::nullopt, 0, 0, LimitPolicy::kEvictOldest},
           Row{silent, std::nullopt, 5, LimitPolicy::kEvictOldest},
           Row{silent, 1, 5, LimitPolicy::kEvictOldest},
           Row{said, std::nullopt, 2, LimitPolicy::kReject},
           Row{said, 0, 2, LimitPolicy::kReject},
           Row{none, 1, 0, LimitPolicy::kEvictOldest},
           Row{unlisted, 1, 0, LimitPolicy::kEvictOldest},
       }) {
    const LimitRule rule = LimitOf(row.value, kRule, row.user);
    EXPECT_EQ(rule.limit, row.limit);
    EXPECT_EQ(rule.policy, row.policy);
  }
}

TEST(SessionClass, TheEndMovesWithTheClassAtARefresh) {
  constexpr Micros kBegin = 1000 * kSecond, kEnd = 2000 * kSecond;
  EXPECT_EQ(EndAtRefresh(kBegin, kEnd, false, kSettings), kEnd);
  EXPECT_EQ(EndAtRefresh(kBegin, kEnd, true, kSettings), kBegin + 8000000 * kSecond);
  LifetimePolicy lifetimes = kSettings;
  lifetimes.session_max_age = 10 * kSecond;
  EXPECT_EQ(EndAtRefresh(kBegin, kEnd, true, lifetimes), kBegin + 10 * kSecond);
  lifetimes.session_max_age = 0;
  EXPECT_EQ(EndAtRefresh(kBegin, kEnd, true, lifetimes), kNever);
  EXPECT_EQ(EndAtRefresh(kBegin, kNever, false, kSettings), kNever);
}

}  // namespace
}  // namespace jwt_auth::session
