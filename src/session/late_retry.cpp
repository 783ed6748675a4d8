#include "session/late_retry.hpp"

namespace jwt_auth::session {

const char *NameOf(LateRetry policy) noexcept {
  switch (policy) {
    case LateRetry::kOnce:
      return "once";
    case LateRetry::kNever:
      return "never";
  }
  return "";
}

bool IsWithinInterval(Micros since, Micros now, Micros interval) noexcept {
  Micros elapsed = 0;
  if (__builtin_sub_overflow(now, since, &elapsed)) return false;
  return elapsed < interval && elapsed > -interval;
}

LateAnswer AnswerLate(std::uint32_t generation, const std::optional<LateReplay> &latest, LateRetry policy, Micros interval,
                      Micros now) noexcept {
  if (policy == LateRetry::kNever) return LateAnswer::kRefused;
  if (!latest) return LateAnswer::kRecorded;
  if (generation == latest->generation)
    return IsWithinInterval(latest->at, now, interval) ? LateAnswer::kRepeated : LateAnswer::kRefused;
  // Counted in 64 bits: the sum of 32-bit numbers could wrap. A row from before the latest replay is one that was restored.
  return std::uint64_t{generation} >= std::uint64_t{latest->generation} + 2 ? LateAnswer::kRecorded : LateAnswer::kRefused;
}

}  // namespace jwt_auth::session
