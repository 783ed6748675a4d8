// A session that another system began and that goes on here: whether it may, and when it ends.
#pragma once

#include <cstdint>

#include "session/lifetime.hpp"

namespace jwt_auth::session {

enum class ImportVerdict : std::uint8_t {
  kGood,
  kEndless,       // created_at is no moment
  kAhead,         // created_at is later than now
  kExpired,       // expires_at has come
  kTooOld,        // past the greatest age that the policy has for it
  kLocked,        // the user is locked
  kBeforeCutoff,  // the user, or everybody, was cut off since it began
};

struct ImportedTimes {
  Micros created_at;
  Micros expires_at;  // of the other system's refresh token; kNever: it has no end
};

// `absolute_end` and `idle_end` are those of the session here, where the verdict is kGood: the greatest age counts from
// created_at, and until the first refresh the session is idle as long as the other system's token would have been good.
struct ImportDecision {
  ImportVerdict verdict;
  Micros absolute_end, idle_end;
};
ImportDecision DecideImport(const ImportedTimes &times, const LifetimePolicy &policy, const Cutoffs &cutoffs,
                            Micros now) noexcept;

}  // namespace jwt_auth::session
