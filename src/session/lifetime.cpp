#include "session/lifetime.hpp"

#include <algorithm>

namespace jwt_auth::session {

namespace {

constexpr Micros kMicrosPerDay = 86400 * kMicrosPerSecond;

Micros Sum(Micros time, Micros span) noexcept {
  Micros sum = 0;
  return __builtin_add_overflow(time, span, &sum) ? kNever : sum;
}

Micros FloorDivide(Micros time, Micros unit) noexcept { return time / unit - (time % unit < 0 ? 1 : 0); }

}  // namespace

Micros CreationTime(Micros now, const Cutoffs &cutoffs) noexcept {
  return std::max({now, Sum(cutoffs.user, 1), Sum(cutoffs.global, 1)});
}

bool IsAfterCutoffs(Micros created_at, const Cutoffs &cutoffs) noexcept {
  return created_at > cutoffs.user && created_at > cutoffs.global;
}

Micros AbsoluteEnd(Micros created_at, const LifetimePolicy &policy) noexcept {
  return policy.session_max_age == 0 ? kNever : Sum(created_at, policy.session_max_age);
}

Micros IdleEnd(Micros now, Micros absolute_end, const LifetimePolicy &policy) noexcept {
  return std::min(Sum(now, policy.refresh_token_ttl), absolute_end);
}

std::int64_t AccessExpiry(Micros now, Micros idle_end, const LifetimePolicy &policy) noexcept {
  return WholeSeconds(std::min(Sum(now, policy.access_token_ttl), idle_end));
}

std::int64_t WholeSeconds(Micros time) noexcept { return FloorDivide(time, kMicrosPerSecond); }

std::int32_t SweepDay(Micros idle_end) noexcept { return DayOf(idle_end) + 1; }

std::int32_t DayOf(Micros time) noexcept { return static_cast<std::int32_t>(FloorDivide(time, kMicrosPerDay)); }

}  // namespace jwt_auth::session
