#include "session/import.hpp"

#include <algorithm>

namespace jwt_auth::session {

ImportDecision DecideImport(const ImportedTimes &times, const LifetimePolicy &policy, const Cutoffs &cutoffs,
                            Micros now) noexcept {
  const auto refused = [](ImportVerdict verdict) { return ImportDecision{verdict, 0, 0}; };
  if (times.created_at == kNever || times.created_at == kNoCutoff) return refused(ImportVerdict::kEndless);
  if (times.created_at > now) return refused(ImportVerdict::kAhead);
  if (times.expires_at <= now) return refused(ImportVerdict::kExpired);
  if (IsLocked(cutoffs, now)) return refused(ImportVerdict::kLocked);
  if (!IsAfterCutoffs(times.created_at, cutoffs)) return refused(ImportVerdict::kBeforeCutoff);
  const Micros absolute_end = AbsoluteEnd(times.created_at, policy);
  if (absolute_end <= now) return refused(ImportVerdict::kTooOld);
  return {ImportVerdict::kGood, absolute_end, std::min(times.expires_at, absolute_end)};
}

}  // namespace jwt_auth::session
