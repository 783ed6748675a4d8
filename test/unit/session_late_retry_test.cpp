// The previous token after the interval of a retry: which replays are granted.
#include "session/late_retry.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace jwt_auth::session {
namespace {

constexpr Micros kNow = 1'700'000'000'000'000;
constexpr Micros kInterval = 10 * kMicrosPerSecond;

TEST(LateRetry, OfATableOfRows) {
  struct Case {
    const char *what;
    std::uint32_t generation;
    std::optional<LateReplay> latest;
    LateRetry policy;
    Micros interval;
    LateAnswer expected;
  };
  constexpr std::uint32_t kMax = 0xFFFFFFFF;
  const Case cases[] = {
      {"the first one", 5, std::nullopt, LateRetry::kOnce, kInterval, LateAnswer::kRecorded},
      {"never", 5, std::nullopt, LateRetry::kNever, kInterval, LateAnswer::kRefused},
      {"never, although one was recorded", 5, LateReplay{5, kNow}, LateRetry::kNever, kInterval, LateAnswer::kRefused},
      {"the next generation", 6, LateReplay{5, kNow - 1}, LateRetry::kOnce, kInterval, LateAnswer::kRefused},
      {"the one after it", 7, LateReplay{5, kNow - 1}, LateRetry::kOnce, kInterval, LateAnswer::kRecorded},
      {"a row that was taken back", 4, LateReplay{5, kNow - 1}, LateRetry::kOnce, kInterval, LateAnswer::kRefused},
      {"again at once", 5, LateReplay{5, kNow}, LateRetry::kOnce, kInterval, LateAnswer::kRepeated},
      {"again just in time", 5, LateReplay{5, kNow - kInterval + 1}, LateRetry::kOnce, kInterval, LateAnswer::kRepeated},
      {"again too late", 5, LateReplay{5, kNow - kInterval}, LateRetry::kOnce, kInterval, LateAnswer::kRefused},
      {"the clock stepped back a little", 5, LateReplay{5, kNow + kInterval - 1}, LateRetry::kOnce, kInterval,
       LateAnswer::kRepeated},
      {"the clock stepped back by more", 5, LateReplay{5, kNow + kInterval}, LateRetry::kOnce, kInterval, LateAnswer::kRefused},
      {"no interval: a replay is granted once", 5, std::nullopt, LateRetry::kOnce, 0, LateAnswer::kRecorded},
      {"no interval: and not again", 5, LateReplay{5, kNow}, LateRetry::kOnce, 0, LateAnswer::kRefused},
      {"a time that does not fit", 5, LateReplay{5, kNoCutoff}, LateRetry::kOnce, kInterval, LateAnswer::kRefused},
      {"generations at their end do not wrap", 0, LateReplay{kMax, kNow}, LateRetry::kOnce, kInterval, LateAnswer::kRefused},
      {"the largest generation", kMax, LateReplay{kMax - 2, kNow}, LateRetry::kOnce, kInterval, LateAnswer::kRecorded},
  };
  for (const Case &c : cases) EXPECT_EQ(AnswerLate(c.generation, c.latest, c.policy, c.interval, kNow), c.expected) << c.what;
}

// Whoever asks late at every turn is refused at the second one; whoever loses no answer in two successive rotations is not.
TEST(LateRetry, EveryOrderOfUpToEightRotations) {
  constexpr int kSteps = 8;
  for (unsigned order = 0; order < 1U << kSteps; ++order) {
    std::optional<LateReplay> latest;
    bool refused = false, twice = false;
    for (int step = 0; step < kSteps && !refused; ++step) {
      if (!(order >> step & 1)) continue;
      twice = step > 0 && (order >> (step - 1) & 1);
      const auto generation = static_cast<std::uint32_t>(step + 1);
      const Micros now = kNow + (step + 1) * 2 * kInterval;
      refused = AnswerLate(generation, latest, LateRetry::kOnce, kInterval, now) == LateAnswer::kRefused;
      EXPECT_EQ(refused, twice) << order << " at " << step;
      latest = LateReplay{generation, now};
    }
  }
}

TEST(LateRetry, NamesAreThoseOfTheSetting) {
  EXPECT_STREQ(NameOf(LateRetry::kOnce), "once");
  EXPECT_STREQ(NameOf(LateRetry::kNever), "never");
}

}  // namespace
}  // namespace jwt_auth::session
