// When a user's cutoff can refuse nothing any more.
#include "session/forgetting.hpp"

#include <gtest/gtest.h>

#include <vector>

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

}  // namespace
}  // namespace jwt_auth::session
