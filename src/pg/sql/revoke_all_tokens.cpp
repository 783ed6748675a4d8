// revoke_all_tokens: a cutoff for everybody. One small write, however many sessions there are.
#include "pg/session/token_response.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::pg {

namespace {

Statement raise_global_cutoff = {
    "INSERT INTO jwt_auth.cutoff AS c (not_before) VALUES ($1)"
    " ON CONFLICT (only_row) DO UPDATE SET not_before = greatest(c.not_before, EXCLUDED.not_before) RETURNING c.not_before",
    1,
    {TIMESTAMPTZOID},
    nullptr};

// Sessions that lie ahead of the clock, because it was set back, are not before the cutoff: they are deleted. A cutoff as far
// ahead would refuse tokens without a session until the clock got there.
Statement select_ahead = {
    "SELECT DISTINCT user_key, user_id FROM jwt_auth.refresh_session WHERE session_id >= $1 AND created_at > $2"
    " ORDER BY user_key, user_id",
    2,
    {UUIDOID, TIMESTAMPTZOID},
    nullptr};

Statement delete_ahead = {
    "DELETE FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $2 AND created_at > $3"
    " RETURNING session_id, has_data",
    3,
    {INT4OID, TEXTOID, TIMESTAMPTZOID},
    nullptr};

// What can be in the way of another revocation is done in its order: the account, then its sessions.
void end_sessions_of(const UserRef &user, TimestampTz cutoff, const char *detail, TimestampTz at) {
  hold_account(user);
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  add(parameters, TimestampTzGetDatum(cutoff));
  const std::uint64_t count = execute(delete_ahead, parameters);
  SPITupleTable *ended = SPI_tuptable;
  for (std::uint64_t i = 0; i < count; i++) {
    bool is_null;
    const pg_uuid_t *id = DatumGetUUIDP(SPI_getbinval(ended->vals[i], ended->tupdesc, 1, &is_null));
    if (DatumGetBool(SPI_getbinval(ended->vals[i], ended->tupdesc, 2, &is_null))) delete_session_data(*id, user.user_key);
    AuthEvent event{};
    event.event = "all_revoked";
    event.session_id = id;
    event.user_id = {true, user.user_id};
    event.detail = detail;
    event.is_part = true;
    write_event(event, at);
  }
}

void end_sessions_ahead(session::Micros cutoff, const char *detail, TimestampTz at) {
  const pg_uuid_t first = uuid_of(session::FirstIdAfter(cutoff));
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&first));
  add(parameters, TimestampTzGetDatum(timestamp_of(cutoff)));
  const std::uint64_t count = execute(select_ahead, parameters);
  SPITupleTable *users = SPI_tuptable;
  for (std::uint64_t i = 0; i < count; i++) {
    bool is_null;
    const session::UserKey key = DatumGetInt32(SPI_getbinval(users->vals[i], users->tupdesc, 1, &is_null));
    const std::string_view id = view_of(PG_DETOAST_DATUM_PACKED(SPI_getbinval(users->vals[i], users->tupdesc, 2, &is_null)));
    end_sessions_of({key, {}, id}, timestamp_of(cutoff), detail, at);
  }
}

TimestampTz raise_cutoff_for_all(TimestampTz not_before) {
  Parameters parameters{};
  add(parameters, TimestampTzGetDatum(not_before));
  execute(raise_global_cutoff, parameters);
  bool is_null;
  return DatumGetTimestampTz(column(0, 1, &is_null));
}

Datum revoke_all_tokens(FunctionCallInfo fcinfo) {
  DetailBuilder reason;
  reason.add_optional("reason", optional_text(fcinfo, 0));
  AuthEvent event{};
  event.event = "all_revoked";
  event.detail = reason.finish();

  const OwnerScope scope = enter_owner("cutoff");
  SPI_connect();
  const session::Micros asked = now_micros();
  TimestampTz at = raise_cutoff_for_all(timestamp_of(asked));
  // Whoever held the row may have been waited for, and tokens been handed out since.
  if (has_waited(asked)) at = raise_cutoff_for_all(GetCurrentTimestamp());
  end_sessions_ahead(micros_of(at), event.detail, at);
  write_event(event, at);
  SPI_finish();
  leave_owner(scope);
  PG_RETURN_VOID();
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_revoke_all_tokens) { return jwt_auth::pg::revoke_all_tokens(fcinfo); }
