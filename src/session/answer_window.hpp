// Within which times what was found out about an accepted token may be answered again without a look at the token.
#pragma once

#include <optional>

#include "session/lifetime.hpp"

namespace jwt_auth::session {

struct AnswerWindow {
  Micros from;   // included
  Micros until;  // not included
};

// Of a token that was accepted at `accepted_at`. Not before that, for a clock may be set back, nor before its iat, which a
// tolerance may have let lie ahead; not from its exp on, though a leeway may accept it longer.
AnswerWindow WindowOf(Micros accepted_at, std::optional<Micros> iat, Micros exp) noexcept;
bool IsWithin(const AnswerWindow &window, Micros now) noexcept;

}  // namespace jwt_auth::session
