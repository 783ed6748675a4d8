// The end of several sessions of a user at once: the cutoff that comes first, and the events that come last.
#pragma once

#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

// Returns the user's new cutoff, read from the clock after the row lock is held. Inside as_owner().
session::Micros move_cutoff(const UserRef &user);

// The detail {"reason"}; null without one.
const char *reason_detail(const OptionalText &reason);

// What ended one session: the event, unless the session was over before.
AuthEvent ending_of(const EndedSession &one, session::Event event, const char *detail);

// One event for the user, and one for each session, of the same name.
struct MassEnding {
  session::Event event;
  UserRef user;
  EndedSessions sessions;
  const pg_uuid_t *kept;  // null: none
  OptionalText reason;
  OptionalText until;  // of a lock
};
void write_mass_ending(const MassEnding &ending, TimestampTz at);

// Refuses every token that the user was given until now and ends every session; answers how many were alive.
int revoke_spellings(const Spellings &spellings, const OptionalText &reason);

}  // namespace jwt_auth::pg
