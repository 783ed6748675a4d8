// explain_session: alive, or why it ended, when, and by which event.
#include "pg/identity/token_state.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/result_row.hpp"
#include "pg/support/uuid.hpp"
#include "session/lifetime.hpp"

namespace jwt_auth::pg {

namespace {

using session::Event;

// The last event that ends a session, or else the log-in.
enum class EventColumn { kEvent, kAt, kUserId, kDetail, kStatus };
Query<EventColumn> select_last_event = {
    "SELECT event, coalesce((detail ->> 'ended_at')::timestamptz, at), user_id, detail, detail ->> 'status'"
    " FROM jwt_auth.auth_event WHERE session_id = $1"
    " AND event IN ('login', " SESSION_ENDINGS
    ")"
    " AND (detail -> 'enforced') IS DISTINCT FROM 'false'::jsonb"
    " ORDER BY event = 'login', at DESC, id DESC LIMIT 1",
    {UUIDOID}};

enum class Column { kAlive, kUserId, kEvent, kAt, kDetail, kExplanation };

// The answer, and the memory context that its values are to be in.
struct Answer {
  ResultRow row;
  MemoryContext context;
};

void set_text(Answer &answer, Column column, std::string_view text) {
  set(answer.row, column, in_context(answer.context, [&] { return text_datum(text); }));
}

void set_copy(Answer &answer, Column column, const Row<EventColumn> &row, EventColumn from) {
  bool is_null;
  const Datum value = row.nullable(from, &is_null);
  if (!is_null) set(answer.row, column, copy_varlena_to(answer.context, value));
}

// The event that ended a session, in words. `reached_its_end`: it was the session's time that ran out, not its idle time.
const char *why(Event event, bool reached_its_end) {
  switch (event) {
    case Event::kEvicted:
      return "it made room for a newer session";
    case Event::kReplaced:
      return "a newer session of the same device took its place";
    case Event::kReuseDetected:
      return "an old refresh token was presented: theft";
    case Event::kUnknownRotation:
      return "a refresh token was presented that is newer than the row, which lost a rotation";
    case Event::kIpMismatch:
      return "it was refreshed from an address that it is not bound to";
    case Event::kFingerprintMismatch:
      return "it was refreshed with a fingerprint that it is not bound to";
    case Event::kExpired:
      return reached_its_end ? "it reached its greatest age" : "it was not refreshed in time";
    case Event::kLogout:
      return "its user logged out";
    case Event::kSessionRevoked:
      return "it was revoked";
    case Event::kOthersRevoked:
      return "its user ended all other sessions";
    case Event::kUserRevoked:
      return "every token of the user was revoked";
    case Event::kRefused:
      return "the application refused it at a refresh";
    case Event::kLocked:
      return "its user was locked";
    default:
      return "every token of everybody was revoked";
  }
}

// The row of an impersonation stays when a revocation or lock of the actor ends it, and its token is refused. False: it goes
// on.
bool explain_end_by_actor(Answer &answer, const SessionRow &row, session::Micros now) {
  const ActorState actor = actor_state(row.actor.text, row.state.created_at, now);
  if (actor.verdict == session::TokenVerdict::kGood) return false;
  const bool is_locked = actor.verdict == session::TokenVerdict::kLocked;
  set(answer.row, Column::kAlive, BoolGetDatum(false));
  set_text(answer, Column::kEvent, session::NameOf(is_locked ? Event::kLocked : Event::kUserRevoked));
  if (!is_locked && actor.not_before != session::kNoCutoff)
    set(answer.row, Column::kAt, TimestampTzGetDatum(timestamp_of(actor.not_before)));
  set_text(answer, Column::kExplanation, is_locked ? "its actor was locked" : "every token of its actor was revoked");
  return true;
}

// A row is there: the session lives, or it has ended and is not swept yet.
void explain_row(Answer &answer, const SessionRow &row, const session::Cutoffs &cutoffs, session::Micros now) {
  const session::SessionState &state = row.state;
  set_text(answer, Column::kUserId, row.user_id);
  const auto ending = session::EndOf(state.created_at, state.idle_end, state.absolute_end, cutoffs, now);
  set(answer.row, Column::kAlive, BoolGetDatum(!ending));
  if (ending) {
    set_text(answer, Column::kEvent, session::NameOf(ending->event));
    set(answer.row, Column::kAt, TimestampTzGetDatum(timestamp_of(ending->at)));
    set_text(answer, Column::kExplanation, why(ending->event, ending->status == session::Status::kExpired));
    return;
  }
  if (row.actor.present && explain_end_by_actor(answer, row, now)) return;
  const char *end = timestamptz_to_str(timestamp_of(state.idle_end));
  set_text(answer, Column::kExplanation,
           row.actor.present ? psprintf("alive until %s", end) : psprintf("alive until %s unless it is refreshed before", end));
}

// No row is there: what the audit knows.
void explain_absence(Answer &answer, const pg_uuid_t &id) {
  set(answer.row, Column::kAlive, BoolGetDatum(false));
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&id));
  const Rows<EventColumn> events = execute_latest(select_last_event, parameters);
  if (events.empty()) return set_text(answer, Column::kExplanation, "no trace of such a session");
  const Row<EventColumn> last = events[0];
  set_copy(answer, Column::kUserId, last, EventColumn::kUserId);
  const Event event = session::EventNamed(last.bytes(EventColumn::kEvent));
  if (event == Event::kLogin) return set_text(answer, Column::kExplanation, "it is gone, and no event says why");
  set_copy(answer, Column::kEvent, last, EventColumn::kEvent);
  set(answer.row, Column::kAt, last.value(EventColumn::kAt));
  set_copy(answer, Column::kDetail, last, EventColumn::kDetail);
  const OptionalText status = last.text(EventColumn::kStatus, answer.context);
  set_text(answer, Column::kExplanation, why(event, status.text == session::NameOf(session::Status::kExpired)));
}

Datum explain_session(FunctionCallInfo fcinfo) {
  const pg_uuid_t id = required_uuid(fcinfo, 0, "session_id");
  const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
  refresh_keyring();
  Answer answer{result_row(fcinfo, {BOOLOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, JSONBOID, TEXTOID}), CurrentMemoryContext};
  as_owner("refresh_session", [&](MemoryContext caller) {
    SessionRow row;
    if (!read_session(id, user_key, ReadMode::kLatest, caller, row)) return explain_absence(answer, id);
    const session::Cutoffs cutoffs = {read_account({user_key, {}, row.user_id}).not_before, global_cutoff()};
    explain_row(answer, row, cutoffs, now_micros());
  });
  return row_datum(answer.row);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_explain_session) { return jwt_auth::pg::explain_session(fcinfo); }
