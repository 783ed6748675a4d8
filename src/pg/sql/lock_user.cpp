// lock_user and unlock_user: a user who may not log in, and none of whose tokens is good, until a time or until further notice.
#include "pg/keyring/keyring.hpp"
#include "pg/session/key_ending.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/session/user_ending.hpp"
#include "pg/store/owner.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

namespace {

using session::Micros;

// kNever for NULL and infinity.
Micros until_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) return session::kNever;
  const Micros until = micros_of(PG_GETARG_TIMESTAMPTZ(index));
  if (until <= now_micros())
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("until must lie in the future"),
                    errhint("Use NULL for a lock without an end, and unlock_user() to end one now.")));
  return until;
}

OptionalText text_of(Micros until) {
  if (until == session::kNever) return {};
  const char *text = timestamptz_to_str(timestamp_of(until));
  return {true, pstrdup(text)};
}

// As a revocation: the cutoff first, then the lock, then the sessions.
int lock(const UserRef &user, Micros until, const OptionalText &reason) {
  const Micros cutoff = move_cutoff(user);
  write_lock(user, until);
  refresh_keyring();
  const EndedSessions ended = delete_user_sessions(user, nullptr, CurrentMemoryContext);
  end_keys_after(user, cutoff);
  write_mass_ending({session::Event::kLocked, user, ended, nullptr, reason, text_of(until)}, timestamp_of(cutoff));
  return static_cast<int>(ended.live);
}

// An id with trailing blanks had an account of its own in version 1.
Datum lock_user(FunctionCallInfo fcinfo) {
  const Spellings spellings = spellings_argument(fcinfo, 0);
  const OptionalText reason = optional_text(fcinfo, 1);
  const Micros until = until_argument(fcinfo, 2);
  return Int32GetDatum(as_owner("account", [&](MemoryContext) {
    const int live = lock(spellings.user, until, reason);
    return spellings.has_padded && has_account(spellings.padded) ? live + lock(spellings.padded, until, reason) : live;
  }));
}

bool unlock(const UserRef &user) {
  const Micros asked = now_micros();
  const std::optional<Micros> cutoff = remove_lock(user, asked);
  if (!cutoff) return false;
  AuthEvent event{};
  event.event = session::Event::kUnlocked;
  // Whoever held the row may have had tokens signed since.
  const Micros holds = has_waited(asked) ? raise_cutoff(user, now_micros()) : *cutoff;
  end_keys_after(user, holds);
  write_event(event_source(user.user_id), event, timestamp_of(holds));
  return true;
}

Datum unlock_user(FunctionCallInfo fcinfo) {
  const Spellings spellings = spellings_argument(fcinfo, 0);
  return BoolGetDatum(as_owner("account", [&](MemoryContext) {
    const bool was_locked = unlock(spellings.user);
    return (spellings.has_padded && unlock(spellings.padded)) || was_locked;
  }));
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_lock_user) { return jwt_auth::pg::lock_user(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_unlock_user) { return jwt_auth::pg::unlock_user(fcinfo); }
