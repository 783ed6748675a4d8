#include "session/answer_window.hpp"

#include <algorithm>

namespace jwt_auth::session {

AnswerWindow WindowOf(Micros accepted_at, std::optional<Micros> iat, Micros exp) noexcept {
  return {std::max(accepted_at, iat.value_or(accepted_at)), exp};
}

bool IsWithin(const AnswerWindow &window, Micros now) noexcept { return now >= window.from && now < window.until; }

}  // namespace jwt_auth::session
