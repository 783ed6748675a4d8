// explain_session: alive, or why it ended, when, and by which event.
#include "pg/keyring/keyring.hpp"
#include "pg/session/token_response.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "session/lifetime.hpp"

namespace jwt_auth::pg {

namespace {

// The last event that ends a session, or else the log-in.
enum class EndColumn { kEvent, kAt, kUserId, kDetail, kIsLogin, kStatus };
Query<EndColumn> select_last_event = {
    "SELECT event, coalesce((detail ->> 'ended_at')::timestamptz, at), user_id, detail, event = 'login', detail ->> 'status'"
    " FROM jwt_auth.auth_event WHERE session_id = $1"
    " AND event IN ('login', 'evicted', 'reuse_detected', 'unknown_rotation', 'ip_mismatch', 'fingerprint_mismatch', 'expired',"
    " 'logout', 'session_revoked', 'others_revoked', 'user_revoked', 'all_revoked')"
    " AND (detail -> 'enforced') IS DISTINCT FROM 'false'::jsonb"
    " ORDER BY event = 'login', at DESC, id DESC LIMIT 1",
    {UUIDOID}};

// The columns of the answer.
enum Column { kAlive, kUserId, kEvent, kAt, kDetail, kExplanation, kColumns };

struct Answer {
  Datum values[kColumns];
  bool nulls[kColumns];
  MemoryContext context;  // where the values are
};

void set(Answer &answer, Column column, Datum value) {
  answer.values[column] = value;
  answer.nulls[column] = false;
}

void set_text(Answer &answer, Column column, std::string_view text) {
  set(answer, column, in_context(answer.context, [&] { return text_datum(text); }));
}

void set_copy(Answer &answer, Column column, const Row<EndColumn> &row, EndColumn from) {
  bool is_null;
  const Datum value = row.nullable(from, &is_null);
  if (!is_null) set(answer, column, copy_varlena_to(answer.context, value));
}

// The event that ended a session, in words. `status` is a refresh's, if it was its time that ran out.
const char *why(std::string_view event, std::string_view status) {
  if (event == "evicted") return "it made room for a newer session";
  if (event == "reuse_detected") return "an old refresh token was presented: theft";
  if (event == "unknown_rotation") return "a refresh token was presented that is newer than the row, which lost a rotation";
  if (event == "ip_mismatch") return "it was refreshed from an address that it is not bound to";
  if (event == "fingerprint_mismatch") return "it was refreshed with a fingerprint that it is not bound to";
  if (event == "expired") return status == "expired" ? "it reached its greatest age" : "it was not refreshed in time";
  if (event == "logout") return "its user logged out";
  if (event == "session_revoked") return "it was revoked";
  if (event == "others_revoked") return "its user ended all other sessions";
  if (event == "user_revoked") return "every token of the user was revoked";
  return "every token of everybody was revoked";
}

// A row is there: the session lives, or nobody has swept it yet.
void explain_row(Answer &answer, const SessionRow &row, const session::Cutoffs &cutoffs, session::Micros now) {
  const session::SessionState &state = row.state;
  set_text(answer, kUserId, row.user_id);
  const std::optional<session::Ending> ending =
      session::EndOf(state.created_at, state.idle_end, state.absolute_end, cutoffs, now);
  if (ending) {
    set(answer, kAlive, BoolGetDatum(false));
    set_text(answer, kEvent, session::NameOf(ending->event));
    set(answer, kAt, TimestampTzGetDatum(timestamp_of(ending->at)));
    set_text(answer, kExplanation, why(session::NameOf(ending->event), session::NameOf(ending->status)));
    return;
  }
  set(answer, kAlive, BoolGetDatum(true));
  set_text(answer, kExplanation,
           psprintf("alive until %s unless it is refreshed before", timestamptz_to_str(timestamp_of(state.idle_end))));
}

// No row is there: what the audit knows.
void explain_absence(Answer &answer, const pg_uuid_t &id) {
  set(answer, kAlive, BoolGetDatum(false));
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&id));
  const Rows<EndColumn> events = execute_latest(select_last_event, parameters);
  if (events.empty()) return set_text(answer, kExplanation, "no trace of such a session");
  const Row<EndColumn> last = events[0];
  set_copy(answer, kUserId, last, EndColumn::kUserId);
  if (last.boolean(EndColumn::kIsLogin)) return set_text(answer, kExplanation, "it is gone, and no event says why");
  set_copy(answer, kEvent, last, EndColumn::kEvent);
  set(answer, kAt, last.value(EndColumn::kAt));
  set_copy(answer, kDetail, last, EndColumn::kDetail);
  const OptionalText status = last.text(EndColumn::kStatus, answer.context);
  set_text(answer, kExplanation, why(last.bytes(EndColumn::kEvent), status.text));
}

Datum explain_session(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(0)) raise_null_argument("session_id");
  const pg_uuid_t id = *PG_GETARG_UUID_P(0);
  const session::UserKey user_key = session::UserKeyIn(session_id_of(id));
  refresh_keyring();
  Answer answer{};
  for (bool &is_null : answer.nulls) is_null = true;
  as_owner("refresh_session", [&](MemoryContext caller) {
    answer.context = caller;
    SessionRow row;
    if (!read_session(id, user_key, ReadMode::kLatest, caller, row)) return explain_absence(answer, id);
    const session::Cutoffs cutoffs = {read_account({user_key, {}, row.user_id}).not_before, global_cutoff()};
    explain_row(answer, row, cutoffs, now_micros());
  });
  return composite(fcinfo, answer.values, answer.nulls);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_explain_session) { return jwt_auth::pg::explain_session(fcinfo); }
