// When a backend may answer again what it found out about a token.
#include "session/answer_window.hpp"

#include <gtest/gtest.h>

namespace jwt_auth::session {
namespace {

struct Case {
  const char *what;
  Micros accepted_at;
  std::optional<Micros> iat;
  Micros exp;
  Micros now;
  bool answers;
};

TEST(AnswerWindow, FollowsTheClockAndTheToken) {
  constexpr Case kCases[] = {
      {"at the moment it was accepted", 100, 50, 200, 100, true},
      {"later", 100, 50, 200, 150, true},
      {"a clock that was set back", 100, 50, 200, 99, false},
      {"before its iat, accepted with a tolerance", 100, 120, 200, 119, false},
      {"from its iat on", 100, 120, 200, 120, true},
      {"no iat", 100, std::nullopt, 200, 100, true},
      {"no iat, a clock that was set back", 100, std::nullopt, 200, 99, false},
      {"the last moment", 100, 50, 200, 199, true},
      {"its exp", 100, 50, 200, 200, false},
      {"accepted behind its exp with a leeway", 210, 50, 200, 210, false},
      {"issued behind its end", 100, 300, 200, 250, false},
  };
  for (const Case &one : kCases)
    EXPECT_EQ(IsWithin(WindowOf(one.accepted_at, one.iat, one.exp), one.now), one.answers) << one.what;
}

}  // namespace
}  // namespace jwt_auth::session
