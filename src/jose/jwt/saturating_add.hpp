// Sums of times.
#pragma once

#include <limits>

#include "jose/jwt/claims.hpp"

namespace jwt_auth::jose {

// The sum; what would overflow is the largest or the smallest time: a leeway or a lifetime of ages must not wrap around.
constexpr Micros SaturatingAdd(Micros a, Micros b) noexcept {
  Micros sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<Micros>::max() : std::numeric_limits<Micros>::min();
}

}  // namespace jwt_auth::jose
