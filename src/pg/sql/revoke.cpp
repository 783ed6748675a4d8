// What ends sessions: revoke_refresh_session, revoke_own_session, revoke_refresh_token, revoke_user_tokens,
// revoke_other_sessions.
#include "pg/keyring/keyring.hpp"
#include "pg/session/presented_token.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/session/user_ending.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

// Locks the row, so that what the event says of it is what was deleted. One that was over before is cleaned away, under the
// name of what ended it. `owner`: it must be that user's; null: anybody's.
bool end_session(const pg_uuid_t &id, session::Event event, const char *detail, const UserRef *owner) {
  const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
  SessionRow row;
  if (!read_session(id, user_key, ReadMode::kLocked, CurrentMemoryContext, row)) {
    raise_if_unseen(id, user_key);
    return false;
  }
  if (owner != nullptr && row.user_id != owner->user_id) return false;
  if (!delete_live_session(id, user_key)) return false;
  refresh_keyring();
  const session::Cutoffs cutoffs = {read_account({user_key, {}, row.user_id}).not_before, global_cutoff()};
  const std::optional<session::Ending> before =
      session::EndOf(row.state.created_at, row.state.idle_end, row.state.absolute_end, cutoffs, now_micros());
  AuthEvent ending = ending_of({id, before}, event, detail);
  ending.session_id = &id;
  ending.is_part = before.has_value();
  write_event(event_source(row.user_id), ending, GetCurrentTimestamp());
  return !before;
}

Datum revoke_refresh_session(FunctionCallInfo fcinfo) {
  const pg_uuid_t id = required_uuid(fcinfo, 0, "session_id");
  const char *detail = reason_detail(optional_text(fcinfo, 1));
  return BoolGetDatum(as_owner(
      "refresh_session", [&](MemoryContext) { return end_session(id, session::Event::kSessionRevoked, detail, nullptr); }));
}

// Both spellings of an id with padding are looked at; a session of another key can be of neither.
Datum revoke_own_session(FunctionCallInfo fcinfo) {
  const Spellings spellings = spellings_argument(fcinfo, 0);
  const pg_uuid_t id = required_uuid(fcinfo, 1, "session_id");
  const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
  const bool is_padded = spellings.has_padded && spellings.padded.user_key == user_key;
  if (spellings.user.user_key != user_key && !is_padded) return BoolGetDatum(false);
  const UserRef owner = is_padded ? spellings.padded : spellings.user;
  return BoolGetDatum(as_owner(
      "refresh_session", [&](MemoryContext) { return end_session(id, session::Event::kSessionRevoked, nullptr, &owner); }));
}

// Any authentic token of a session ends it, an old one as well: the family secret says that it is one.
Datum revoke_refresh_token(FunctionCallInfo fcinfo) {
  const std::string_view text = required_bytes(fcinfo, 0, "refresh_token");
  const std::optional<PresentedToken> presented = presented_token(text);
  if (!presented) return BoolGetDatum(false);

  const session::RefreshTokenHashes hashes = presented->hashes;
  const pg_uuid_t id = UuidOf(hashes.session_id);
  const session::UserKey user_key = session::UserKeyIn(hashes.session_id);
  return BoolGetDatum(as_owner("refresh_session", [&](MemoryContext) {
    SessionRow row;
    const bool authentic = read_session(id, user_key, ReadMode::kLatest, CurrentMemoryContext, row) &&
                           session::SameHash(row.state.family_hash, hashes.family_hash);
    return authentic && end_session(id, session::Event::kLogout, nullptr, nullptr);
  }));
}

Datum revoke_user_tokens(FunctionCallInfo fcinfo) {
  return Int32GetDatum(revoke_spellings(spellings_argument(fcinfo, 0), optional_text(fcinfo, 1)));
}

// The account's row is written, so that a log-in that races comes before (and ends) or after (and stays).
int revoke_others(const UserRef &user, const pg_uuid_t &keep) {
  hold_account(user);
  refresh_keyring();
  const EndedSessions ended = delete_user_sessions(user, &keep, CurrentMemoryContext);
  write_mass_ending({session::Event::kOthersRevoked, user, ended, &keep, {}, {}}, GetCurrentTimestamp());
  return static_cast<int>(ended.live);
}

Datum revoke_other_sessions(FunctionCallInfo fcinfo) {
  const Spellings spellings = spellings_argument(fcinfo, 0);
  if (PG_ARGISNULL(1)) raise_null_argument("keep");
  const pg_uuid_t keep = *PG_GETARG_UUID_P(1);
  const int ended = as_owner("account", [&](MemoryContext) {
    const int live = revoke_others(spellings.user, keep);
    return spellings.has_padded && has_account(spellings.padded) ? live + revoke_others(spellings.padded, keep) : live;
  });
  return Int32GetDatum(ended);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_revoke_refresh_session) { return jwt_auth::pg::revoke_refresh_session(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_own_session) { return jwt_auth::pg::revoke_own_session(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_refresh_token) { return jwt_auth::pg::revoke_refresh_token(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_user_tokens) { return jwt_auth::pg::revoke_user_tokens(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_other_sessions) { return jwt_auth::pg::revoke_other_sessions(fcinfo); }
