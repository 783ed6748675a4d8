#include "session/lifetime.hpp"

#include <algorithm>

#include "jose/jwt/saturating_add.hpp"

namespace jwt_auth::session {

namespace {

constexpr Micros kMicrosPerDay = 86400 * kMicrosPerSecond;

Micros FloorDivide(Micros time, Micros unit) noexcept { return time / unit - (time % unit < 0 ? 1 : 0); }

}  // namespace

Micros CreationTime(Micros now, const Cutoffs &cutoffs) noexcept {
  return std::max({now, jose::SaturatingAdd(cutoffs.user, 1), jose::SaturatingAdd(cutoffs.global, 1)});
}

bool IsAfterCutoffs(Micros created_at, const Cutoffs &cutoffs) noexcept {
  return created_at > cutoffs.user && created_at > cutoffs.global;
}

Micros AbsoluteEnd(Micros created_at, const LifetimePolicy &policy) noexcept {
  return policy.session_max_age == 0 ? kNever : jose::SaturatingAdd(created_at, policy.session_max_age);
}

Micros IdleEnd(Micros now, Micros absolute_end, const LifetimePolicy &policy) noexcept {
  return std::min(jose::SaturatingAdd(now, policy.refresh_token_ttl), absolute_end);
}

Micros AuthTime(Micros stored_auth_time, Micros created_at, Micros now) noexcept {
  return std::min(stored_auth_time == kNoCutoff ? created_at : stored_auth_time, now);
}

bool LiesAhead(Micros stored_auth_time, Micros created_at, Micros now) noexcept {
  return stored_auth_time == kNoCutoff && created_at > now;
}

SessionTimes CorrectedTimes(Micros created_at, Micros refreshed_at, Micros absolute_end, Micros idle_end, Micros now) noexcept {
  // How long it has yet, counted from when the wrong clock wrote it.
  const auto moved = [now](Micros end, Micros written_at) {
    return end == kNever || written_at <= now ? end : std::min(end, jose::SaturatingAdd(now, end - written_at));
  };
  const Micros absolute = moved(absolute_end, created_at);
  return {now, absolute, std::min(moved(idle_end, refreshed_at), absolute)};
}

std::int64_t AccessExpiry(Micros now, Micros idle_end, const LifetimePolicy &policy) noexcept {
  return WholeSeconds(std::min(jose::SaturatingAdd(now, policy.access_token_ttl), idle_end));
}

std::int64_t WholeSeconds(Micros time) noexcept { return FloorDivide(time, kMicrosPerSecond); }

std::int32_t SweepDay(Micros idle_end) noexcept { return DayOf(idle_end) + 1; }

std::int32_t DayOf(Micros time) noexcept { return static_cast<std::int32_t>(FloorDivide(time, kMicrosPerDay)); }

}  // namespace jwt_auth::session
