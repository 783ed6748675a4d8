// A user's live sessions, for a log-in that asks for room among them. Inside as_owner().
#pragma once

#include "pg/store/session_store.hpp"
#include "session/limit.hpp"

namespace jwt_auth::pg {

// Memory for so many.
inline session::LiveSession *allocate_live_sessions(MemoryContext context, std::size_t count) {
  return static_cast<session::LiveSession *>(MemoryContextAlloc(context, sizeof(session::LiveSession) * (count + 1)));
}

// The live sessions of a user, in `context`.
struct LiveSessions {
  session::LiveSession *sessions;
  std::size_t count;
};
// Of one class, or with none of those without one; whether one has the same device is in it.
LiveSessions read_live_sessions(const UserRef &user, const OptionalText &session_class, const OptionalHash &device,
                                session::Micros cutoff, session::Micros now, MemoryContext context);

}  // namespace jwt_auth::pg
