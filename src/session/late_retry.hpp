// A client that lost the answer to its refresh and asks again after the interval of a retry.
#pragma once

#include <cstdint>
#include <optional>

#include "session/lifetime.hpp"

namespace jwt_auth::session {

// jwt_auth.late_retry.
enum class LateRetry : std::uint8_t { kOnce, kNever };
constexpr LateRetry kLateRetries[] = {LateRetry::kOnce, LateRetry::kNever};
const char *NameOf(LateRetry policy) noexcept;

// The latest late replay of a session: columns late_generation and late_at of its row.
struct LateReplay {
  std::uint32_t generation;  // whose token was handed out again
  Micros at;
};

enum class LateAnswer : std::uint8_t {
  kRefused,   // the previous token is taken for a stolen one
  kRecorded,  // the current token again; the caller records this replay in the row, under its lock
  kRepeated,  // the current token again; this replay was recorded before
};

// Whether less than the interval lies between a moment and now, whichever is earlier: the clock may have stepped back.
bool IsWithinInterval(Micros since, Micros now, Micros interval) noexcept;

// What to answer to the previous token once the interval since the rotation is over. `generation` is the row's, whose token is
// unused. Late replays of two successive generations are refused: somebody then presents an old token at each turn, which a
// client that keeps what it is given does not.
LateAnswer AnswerLate(std::uint32_t generation, const std::optional<LateReplay> &latest, LateRetry policy, Micros interval,
                      Micros now) noexcept;

}  // namespace jwt_auth::session
