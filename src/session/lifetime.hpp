// When sessions and their access tokens begin and end. Times are microseconds since 1970.
#pragma once

#include <cstdint>
#include <limits>

#include "session/session_id.hpp"

namespace jwt_auth::session {

constexpr Micros kNever = std::numeric_limits<Micros>::max();     // an end that does not come
constexpr Micros kNoCutoff = std::numeric_limits<Micros>::min();  // nobody was ever cut off

struct LifetimePolicy {
  Micros access_token_ttl;
  Micros refresh_token_ttl;
  Micros session_max_age;  // 0: none
};

struct Cutoffs {
  Micros user;
  Micros global;
};

// The moment at which a session is said to begin: the clock, but later than every cutoff, so a clock that stepped back can
// neither make a fresh session stillborn nor bring a dead one to life.
Micros CreationTime(Micros now, const Cutoffs &cutoffs) noexcept;

// Whether a session that began then survived the cutoffs.
bool IsAfterCutoffs(Micros created_at, const Cutoffs &cutoffs) noexcept;

// Where a session ends at the latest, and where it ends unless it is refreshed before (never later than the former).
// Sums that overflow end at kNever.
Micros AbsoluteEnd(Micros created_at, const LifetimePolicy &policy) noexcept;
Micros IdleEnd(Micros now, Micros absolute_end, const LifetimePolicy &policy) noexcept;

// `exp` of an access token in whole seconds: not after its session's end.
std::int64_t AccessExpiry(Micros now, Micros idle_end, const LifetimePolicy &policy) noexcept;
// Whole seconds, rounded down: `iat` and `auth_time`.
std::int64_t WholeSeconds(Micros time) noexcept;

// The first day (counted from 1970, UTC) on which a session that ends then may be swept away: at most a day later.
std::int32_t SweepDay(Micros idle_end) noexcept;
// The day of a moment.
std::int32_t DayOf(Micros time) noexcept;

}  // namespace jwt_auth::session
