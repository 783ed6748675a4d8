// When sessions and their access tokens begin and end. Times are microseconds since 1970.
#pragma once

#include <cstdint>
#include <limits>

#include "session/session_id.hpp"

namespace jwt_auth::session {

constexpr Micros kNever = std::numeric_limits<Micros>::max();     // an end that does not come
constexpr Micros kNoCutoff = std::numeric_limits<Micros>::min();  // before every time: no cutoff was set

struct LifetimePolicy {
  Micros access_token_ttl;
  Micros refresh_token_ttl;
  Micros session_max_age;  // 0: none
};

struct Cutoffs {
  Micros user;  // the end of the user's lock counts as one, also while it lies ahead
  Micros global;
  Micros locked_until = kNoCutoff;  // of the user: kNoCutoff if there is no lock, kNever if it has no end
};

// The cutoff of a user's tokens and sessions. What was issued before a lock, or while it lasted, is not good after it either.
constexpr Micros UserCutoff(Micros not_before, Micros locked_until) noexcept {
  return not_before < locked_until ? locked_until : not_before;
}

// Whether the user is locked at this moment: a lock ends at its `until`.
constexpr bool IsLocked(const Cutoffs &cutoffs, Micros now) noexcept { return now < cutoffs.locked_until; }

// When a new session begins: now, or just after the latest cutoff if that lies ahead. So a clock that stepped back neither
// makes a new session that a cutoff has already ended nor revives an old one.
Micros CreationTime(Micros now, const Cutoffs &cutoffs) noexcept;

// Whether a session that began then survived the cutoffs.
bool IsAfterCutoffs(Micros created_at, const Cutoffs &cutoffs) noexcept;

// When a session ends at the latest, and when it ends unless it is refreshed before (never later than the former).
// Sums that overflow end at kNever.
Micros AbsoluteEnd(Micros created_at, const LifetimePolicy &policy) noexcept;
Micros IdleEnd(Micros now, Micros absolute_end, const LifetimePolicy &policy) noexcept;

// When a user logged in whose session's row says this; kNoCutoff stands for an auth_time that is not stored, as it is unless it
// differs from created_at. Never later than now.
Micros AuthTime(Micros stored_auth_time, Micros created_at, Micros now) noexcept;

// The times of a session that lies ahead of the clock.
struct SessionTimes {
  Micros auth_time, absolute_end, idle_end;
};
// Whether a session was begun by a clock that ran ahead and has been set right since, and nobody has corrected it yet. A log-in
// after a cutoff that lies ahead begins ahead too, but its row has an auth_time.
bool LiesAhead(Micros stored_auth_time, Micros created_at, Micros now) noexcept;
// What the times of such a session should be: as if the user had logged in now, the earliest moment that is known. created_at
// stays, since it is compared with cutoffs that may be of the same clock.
SessionTimes CorrectedTimes(Micros created_at, Micros refreshed_at, Micros absolute_end, Micros idle_end, Micros now) noexcept;

// `exp` of an access token in whole seconds: not after its session's end.
std::int64_t AccessExpiry(Micros now, Micros idle_end, const LifetimePolicy &policy) noexcept;
// Whole seconds, rounded down: `iat` and `auth_time`.
std::int64_t WholeSeconds(Micros time) noexcept;

// The first day (counted from 1970, UTC) on which a session that ends then may be deleted: at most a day later.
std::int32_t SweepDay(Micros idle_end) noexcept;
// The day of a moment.
std::int32_t DayOf(Micros time) noexcept;

}  // namespace jwt_auth::session
