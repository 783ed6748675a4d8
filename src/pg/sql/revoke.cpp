// What ends sessions: revoke_refresh_session, revoke_refresh_token, revoke_user_tokens, revoke_other_sessions, the trigger.
#include "pg/keyring/keyring.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/uuid.hpp"

extern "C" {
#include <commands/trigger.h>
#include <utils/rel.h>
}

namespace jwt_auth::pg {

namespace {

const char *reason_detail(const OptionalText &reason) {
  DetailBuilder detail;
  detail.add_optional("reason", reason);
  return detail.finish();
}

// The end of several sessions of a user: one event for the user, and one for each session, of the same name.
struct MassEnding {
  session::Event event;
  UserRef user;
  EndedSessions sessions;
  const pg_uuid_t *kept;  // null: none
  OptionalText reason;
};

// What ended one of them: the same, unless it was over before.
AuthEvent ending_of(const EndedSession &one, session::Event event, const char *detail) {
  AuthEvent ending{};
  ending.session_id = &one.id;
  ending.event = one.before ? one.before->event : event;
  ending.detail = one.before ? detail_of(*one.before) : detail;
  return ending;
}

void write_mass_ending(const MassEnding &ending, TimestampTz at) {
  const char *reason = reason_detail(ending.reason);
  const auto count = static_cast<int>(ending.sessions.count);
  auto *events = static_cast<AuthEvent *>(palloc(sizeof(AuthEvent) * (ending.sessions.count + 1)));
  for (int i = 0; i < count; i++) {
    events[i] = ending_of(ending.sessions.sessions[i], ending.event, reason);
    events[i].is_part = true;
  }

  DetailBuilder detail;
  detail.add_number("sessions", static_cast<std::int64_t>(ending.sessions.live));
  if (ending.kept != nullptr) detail.add_text("kept", uuid_text(*ending.kept));
  detail.add_optional("reason", ending.reason);
  events[count] = AuthEvent{};
  events[count].event = ending.event;
  events[count].detail = detail.finish();
  write_events(event_source(ending.user.user_id), events, count + 1, at);
}

// Locks the row, so that what the event says of it is what was deleted. One that was over before is cleaned away, under the
// name of what ended it.
bool end_session(const pg_uuid_t &id, session::Event event, const char *detail) {
  const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
  SessionRow row;
  if (!read_session(id, user_key, ReadMode::kLocked, CurrentMemoryContext, row)) {
    raise_if_unseen(id, user_key);
    return false;
  }
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
  if (PG_ARGISNULL(0)) raise_null_argument("session_id");
  const pg_uuid_t id = *PG_GETARG_UUID_P(0);
  const char *detail = reason_detail(optional_text(fcinfo, 1));
  return BoolGetDatum(
      as_owner("refresh_session", [&](MemoryContext) { return end_session(id, session::Event::kSessionRevoked, detail); }));
}

// Any authentic token of a session ends it, an old one as well: the family secret says that it is one.
Datum revoke_refresh_token(FunctionCallInfo fcinfo) {
  const std::string_view text = required_bytes(fcinfo, 0, "refresh_token");
  const auto hashes = value_or_raise([&]() -> Result<std::optional<session::RefreshTokenHashes>> {
    const auto token = session::RefreshToken::Decode(text);
    if (!token) return std::optional<session::RefreshTokenHashes>();
    return std::optional(token->Hashes());
  });
  if (!hashes) return BoolGetDatum(false);

  const pg_uuid_t id = UuidOf(hashes->session_id);
  const session::UserKey user_key = session::UserKeyIn(hashes->session_id);
  return BoolGetDatum(as_owner("refresh_session", [&](MemoryContext) {
    SessionRow row;
    const bool authentic = read_session(id, user_key, ReadMode::kLatest, CurrentMemoryContext, row) &&
                           session::SameHash(row.state.family_hash, hashes->family_hash);
    return authentic && end_session(id, session::Event::kLogout, nullptr);
  }));
}

// Returns the new cutoff, read from the clock after the row lock is held.
session::Micros move_cutoff(const UserRef &user) {
  const session::Micros asked = now_micros();
  const session::Micros cutoff = raise_cutoff(user, asked);
  // Whoever held the row may have been given tokens since: then the clock counts from when the row was ours.
  return has_waited(asked) ? raise_cutoff(user, now_micros()) : cutoff;
}

// Cutoff first, so that a log-in that races waits or comes after it; then the sessions.
int revoke_user(const UserRef &user, const OptionalText &reason) {
  const session::Micros cutoff = move_cutoff(user);
  refresh_keyring();
  const EndedSessions ended = delete_user_sessions(user, nullptr, CurrentMemoryContext);
  write_mass_ending({session::Event::kUserRevoked, user, ended, nullptr, reason}, timestamp_of(cutoff));
  return static_cast<int>(ended.live);
}

// An id with trailing blanks had an account of its own in version 1.
int revoke_spellings(const Spellings &spellings, const OptionalText &reason) {
  return as_owner("account", [&](MemoryContext) {
    const int live = revoke_user(spellings.user, reason);
    return spellings.has_padded && has_account(spellings.padded) ? live + revoke_user(spellings.padded, reason) : live;
  });
}

Datum revoke_user_tokens(FunctionCallInfo fcinfo) {
  return Int32GetDatum(revoke_spellings(spellings_argument(fcinfo, 0), optional_text(fcinfo, 1)));
}

// The account's row is written, so that a log-in that races comes before (and ends) or after (and stays).
int revoke_others(const UserRef &user, const pg_uuid_t &keep) {
  hold_account(user);
  refresh_keyring();
  const EndedSessions ended = delete_user_sessions(user, &keep, CurrentMemoryContext);
  write_mass_ending({session::Event::kOthersRevoked, user, ended, &keep, {false, {}}}, GetCurrentTimestamp());
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

// Why a row of the application's table of users ends sessions.
const char *reason_of(const TriggerData &trigger, int id, std::string_view old_id) {
  if (TRIGGER_FIRED_BY_DELETE(trigger.tg_event)) return "user deleted";
  const OptionalText new_id = id_column_as_text(trigger.tg_newtuple, RelationGetDescr(trigger.tg_relation), id);
  return new_id.present && new_id.text == old_id ? "password changed" : "id changed";
}

// The old id of the row: an UPDATE that changes both id and password must not spare the old one.
Datum revoke_on_password_change(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR,
            (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("revoke_on_password_change is a trigger function")));
  auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
  if (!TRIGGER_FIRED_AFTER(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
      TRIGGER_FIRED_BY_INSERT(trigger->tg_event) || trigger->tg_trigger->tgnargs != 1)
    ereport(ERROR,
            (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
             errmsg("revoke_on_password_change must be fired AFTER UPDATE OR DELETE FOR EACH ROW, with the name of the id "
                    "column as its argument")));
  TupleDesc columns = RelationGetDescr(trigger->tg_relation);
  const int id = SPI_fnumber(columns, trigger->tg_trigger->tgargs[0]);
  if (id <= 0)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("column \"%s\" of table \"%s\" does not exist", trigger->tg_trigger->tgargs[0],
                           RelationGetRelationName(trigger->tg_relation))));
  const OptionalText user_id = id_column_as_text(trigger->tg_trigtuple, columns, id);
  // An id that no session can have ends none.
  if (!user_id.present || user_id.text.empty() || user_id.text.size() > kMaxUserId) return static_cast<Datum>(0);
  // What version 1 took for the id.
  const char *printed = SPI_getvalue(trigger->tg_trigtuple, columns, id);
  Spellings spellings{user_ref({}, user_id.text), false, {}};
  if (printed != user_id.text && std::strlen(printed) <= kMaxUserId) spellings = {spellings.user, true, user_ref({}, printed)};
  revoke_spellings(spellings, {true, reason_of(*trigger, id, user_id.text)});
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_revoke_refresh_session) { return jwt_auth::pg::revoke_refresh_session(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_refresh_token) { return jwt_auth::pg::revoke_refresh_token(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_user_tokens) { return jwt_auth::pg::revoke_user_tokens(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_other_sessions) { return jwt_auth::pg::revoke_other_sessions(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_on_password_change) { return jwt_auth::pg::revoke_on_password_change(fcinfo); }
