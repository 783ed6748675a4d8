// purge_expired: removes what nothing looks at any more, in batches, committing between them.
#include "pg/keyring/key_store.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/session/token_response.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/purge.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/statistics.hpp"
#include "session/lifetime.hpp"
#include "session/session_id.hpp"

extern "C" {
#include <pgstat.h>
#include <utils/date.h>
}

namespace jwt_auth::pg {

namespace {

// Rows are found without the user's key, over all users, and each is then handled by its key. Nothing waits for a row that
// somebody holds: it is left for the next time, so a purge can't be part of a deadlock.

// Sessions whose day has come: ended ones go, and of those that were refreshed since the day is moved.
Statement select_due = {
    "SELECT session_id, user_key FROM jwt_auth.refresh_session WHERE purge_after <= $1"
    " AND (idle_ends_at <= $2 OR purge_after < (idle_ends_at AT TIME ZONE 'UTC')::date) ORDER BY purge_after LIMIT $3 OFFSET "
    "$4",
    4,
    {DATEOID, TIMESTAMPTZOID, INT8OID, INT8OID},
    nullptr};

// Sessions from before the cutoff for everybody. Ids ascend in time.
Statement select_cut_off = {
    "SELECT session_id, user_key FROM jwt_auth.refresh_session WHERE session_id < $1 AND created_at <= $2"
    " ORDER BY session_id LIMIT $3 OFFSET $4",
    4,
    {UUIDOID, TIMESTAMPTZOID, INT8OID, INT8OID},
    nullptr};

Statement lock_session = {
    "SELECT user_id, created_at, idle_ends_at, ends_at FROM jwt_auth.refresh_session WHERE session_id = $1 AND user_key = $2"
    " FOR UPDATE SKIP LOCKED",
    2,
    {UUIDOID, INT4OID},
    nullptr};

Statement move_day = {"UPDATE jwt_auth.refresh_session SET purge_after = $3 WHERE session_id = $1 AND user_key = $2",
                      3,
                      {UUIDOID, INT4OID, DATEOID},
                      nullptr};

// The longest leeway that can be set, so that no later setting makes a purged denial matter.
Statement select_denials = {
    "SELECT user_key, token_id FROM jwt_auth.denied_token WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 OFFSET $3",
    3,
    {TIMESTAMPTZOID, INT8OID, INT8OID},
    nullptr};

Statement lock_denial = {"SELECT FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2 FOR UPDATE SKIP LOCKED",
                         2,
                         {INT4OID, BYTEAOID},
                         nullptr};

Statement delete_denial = {
    "DELETE FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2", 2, {INT4OID, BYTEAOID}, nullptr};

constexpr session::Micros kLongestLeeway = 3600 * session::kMicrosPerSecond;

struct Key {
  pg_uuid_t session_id;
  session::UserKey user_key;
};

// What one batch did. Rows that were left are not looked at again in this run.
struct Batch {
  std::uint64_t seen;
  std::uint64_t left;
};

DateADT postgres_day(session::Micros time) { return session::DayOf(time) - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE); }

void record_end(const Key &key, std::string_view user_id, const session::Ending &ending, TimestampTz at) {
  AuthEvent event{};
  event.event = session::NameOf(ending.event);
  event.user_id = {true, user_id};
  event.session_id = &key.session_id;
  event.detail = detail_of(ending);
  event.is_part = true;
  write_event(event, at);
}

// False if somebody holds the row.
bool sweep_session(const Key &key, session::Micros cutoff, session::Micros now) {
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&key.session_id));
  add(parameters, Int32GetDatum(key.user_key));
  if (execute(lock_session, parameters) == 0) return false;
  bool is_null;
  const std::string_view user_id = view_of(PG_DETOAST_DATUM_COPY(column(0, 1, &is_null)));
  const session::Micros created_at = micros_of(DatumGetTimestampTz(column(0, 2, &is_null)));
  const session::Micros idle_end = micros_of(DatumGetTimestampTz(column(0, 3, &is_null)));
  const session::Micros absolute_end = micros_of(DatumGetTimestampTz(column(0, 4, &is_null)));
  // A batch holds many rows, and SPI would keep each answer until it ends.
  SPI_freetuptable(SPI_tuptable);
  const auto ending = session::EndOf(created_at, idle_end, absolute_end, {session::kNoCutoff, cutoff}, now);
  if (ending) {
    delete_session(key.session_id, key.user_key, nullptr);
    record_end(key, user_id, *ending, timestamp_of(now));
  } else {
    add(parameters, DateADTGetDatum(idle_end == session::kNever ? DATEVAL_NOEND : postgres_day(idle_end)));
    execute(move_day, parameters);
  }
  return true;
}

Batch sweep_sessions(Statement &select, const Parameters &parameters, session::Micros cutoff, session::Micros now) {
  Batch batch{};
  batch.seen = execute(select, parameters);
  SPITupleTable *found = SPI_tuptable;
  for (std::uint64_t i = 0; i < batch.seen; i++) {
    CHECK_FOR_INTERRUPTS();
    bool is_null;
    const Key key = {*DatumGetUUIDP(SPI_getbinval(found->vals[i], found->tupdesc, 1, &is_null)),
                     DatumGetInt32(SPI_getbinval(found->vals[i], found->tupdesc, 2, &is_null))};
    if (!sweep_session(key, cutoff, now)) batch.left++;
  }
  return batch;
}

Batch sweep_due(std::int64_t size, std::uint64_t left, session::Micros now) {
  Parameters parameters{};
  add(parameters, DateADTGetDatum(postgres_day(now)));
  add(parameters, TimestampTzGetDatum(timestamp_of(now)));
  add(parameters, Int64GetDatum(size));
  add(parameters, Int64GetDatum(static_cast<std::int64_t>(left)));
  return sweep_sessions(select_due, parameters, session::kNoCutoff, now);
}

Batch sweep_cut_off(std::int64_t size, std::uint64_t left, session::Micros now) {
  const session::Micros cutoff = global_cutoff();
  if (cutoff == session::kNoCutoff) return {};
  const pg_uuid_t first = uuid_of(session::FirstIdAfter(cutoff));
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&first));
  add(parameters, TimestampTzGetDatum(timestamp_of(cutoff)));
  add(parameters, Int64GetDatum(size));
  add(parameters, Int64GetDatum(static_cast<std::int64_t>(left)));
  return sweep_sessions(select_cut_off, parameters, cutoff, now);
}

Batch sweep_denials(std::int64_t size, std::uint64_t left, session::Micros now) {
  Parameters parameters{};
  add(parameters, TimestampTzGetDatum(timestamp_of(now - kLongestLeeway)));
  add(parameters, Int64GetDatum(size));
  add(parameters, Int64GetDatum(static_cast<std::int64_t>(left)));
  Batch batch{};
  batch.seen = execute(select_denials, parameters);
  SPITupleTable *found = SPI_tuptable;
  for (std::uint64_t i = 0; i < batch.seen; i++) {
    CHECK_FOR_INTERRUPTS();
    bool is_null;
    Parameters key{};
    add(key, SPI_getbinval(found->vals[i], found->tupdesc, 1, &is_null));
    add(key, SPI_getbinval(found->vals[i], found->tupdesc, 2, &is_null));
    const bool locked = execute(lock_denial, key) > 0;
    SPI_freetuptable(SPI_tuptable);
    if (locked)
      execute(delete_denial, key);
    else
      batch.left++;
  }
  return batch;
}

// What this call has done so far, where a DBA looks: in pg_stat_activity.
struct Progress {
  std::uint64_t sessions, denied_tokens;
};
Progress progress;

void show_progress(PurgeOutcome done, std::uint64_t count) {
  (done == PurgeOutcome::kSession ? progress.sessions : progress.denied_tokens) += count;
  const char *text =
      psprintf("CALL jwt_auth.purge_expired(): " UINT64_FORMAT " sessions and " UINT64_FORMAT " denied tokens done",
               progress.sessions, progress.denied_tokens);
  pgstat_report_activity(STATE_RUNNING, text);
}

// Runs one kind of sweep until a batch comes back short, committing after each.
void run(Batch (*sweep)(std::int64_t, std::uint64_t, session::Micros), std::int64_t size, PurgeOutcome done) {
  std::uint64_t left = 0;
  for (;;) {
    const OwnerScope scope = begin_batch("refresh_session");
    refresh_keyring();
    const Batch batch = sweep(size, left, now_micros());
    commit_batch(scope);
    left += batch.left;
    Count(Counted::kPurge, static_cast<unsigned>(done), batch.seen - batch.left);
    Count(Counted::kPurge, static_cast<unsigned>(PurgeOutcome::kLeft), batch.left);
    show_progress(done, batch.seen - batch.left);
    if (batch.seen < static_cast<std::uint64_t>(size)) return;
  }
}

void retire_keys() {
  SPI_connect_ext(SPI_OPT_NONATOMIC);
  PushActiveSnapshot(GetTransactionSnapshot());
  retire_run_out_keys();
  PopActiveSnapshot();
  SPI_commit();
  SPI_finish();
}

Datum purge_expired(FunctionCallInfo fcinfo) {
  const int size = batch_size_argument(fcinfo, 0);
  require_own_transactions(fcinfo, "purge_expired");
  progress = {};
  run(sweep_due, size, PurgeOutcome::kSession);
  run(sweep_cut_off, size, PurgeOutcome::kSession);
  run(sweep_denials, size, PurgeOutcome::kDeniedToken);
  retire_keys();
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_purge_expired) { return jwt_auth::pg::purge_expired(fcinfo); }
