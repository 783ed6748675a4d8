// What a standby can't know yet: it is behind its primary, and what it finds missing may be on its way.
#pragma once

#include "session/token_verdict.hpp"

namespace jwt_auth::session {

// How far a server has come with the changes of its primary. Plain data.
struct Replay {
  bool is_standby;
  bool has_replayed;   // whether any commit was replayed since the server started
  Micros last_commit;  // when the primary made the last one of them
  Micros margin;       // how much later something may be and still count as known: commits are stamped before they are visible
};

// What names the time of a session to a server that does not find it alive. Plain data.
struct TokenTimes {
  Micros began;      // by its id
  Micros issued_at;  // the token's iat; kNoCutoff if it has none
};

// A session that is absent, or whose idle time has run out, may have been opened or refreshed on the primary meanwhile: then
// the verdict is kNotKnownYet, and the client asks again or is sent to the primary. Any other verdict rests on what is known,
// and stays, as does every verdict of a server that is no standby.
TokenVerdict JudgeOnStandby(TokenVerdict verdict, const TokenTimes &session, const Replay &replay) noexcept;

}  // namespace jwt_auth::session
