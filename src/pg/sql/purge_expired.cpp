// purge_expired: removes what nothing looks at any more, in batches, committing between them.
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/retirement.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/store/api_key_purge.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/forgotten_user.hpp"
#include "pg/store/imported_token.hpp"
#include "pg/store/key_binding.hpp"
#include "pg/store/orphans.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/purge.hpp"
#include "pg/store/revocation.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/statistics.hpp"
#include "pg/support/uuid.hpp"
#include "session/lifetime.hpp"
#include "session/session_id.hpp"

extern "C" {
#include <pgstat.h>
}

namespace jwt_auth::pg {

namespace {

// Rows are found without the user's key, over all users, and each is then handled by its key. Nothing waits for a row that
// somebody holds: it is left for the next time, so a purge can't be part of a deadlock.

// Sessions whose day has come: ended ones go, and of those that were refreshed since the day is moved.
enum class SessionColumn { kSessionId, kUserKey };
Query<SessionColumn> select_due = {
    "SELECT session_id, user_key FROM jwt_auth.refresh_session WHERE purge_after <= $1"
    " AND (idle_ends_at <= $2 OR purge_after < (idle_ends_at AT TIME ZONE 'UTC')::date) ORDER BY purge_after LIMIT $3 OFFSET "
    "$4",
    {DATEOID, TIMESTAMPTZOID, INT8OID, INT8OID}};

// Sessions from before the cutoff for everybody. Ids ascend in time.
Query<SessionColumn> select_cut_off = {
    "SELECT session_id, user_key FROM jwt_auth.refresh_session WHERE session_id < $1 AND created_at <= $2"
    " ORDER BY session_id LIMIT $3 OFFSET $4",
    {UUIDOID, TIMESTAMPTZOID, INT8OID, INT8OID}};

enum class LockedColumn { kUserId, kCreatedAt, kIdleEndsAt, kEndsAt };
Query<LockedColumn> lock_session = {
    "SELECT user_id, created_at, idle_ends_at, ends_at FROM jwt_auth.refresh_session WHERE session_id = $1 AND user_key = $2"
    " FOR UPDATE SKIP LOCKED",
    {UUIDOID, INT4OID}};

Statement move_day = {"UPDATE jwt_auth.refresh_session SET purge_after = $3 WHERE session_id = $1 AND user_key = $2",
                      {UUIDOID, INT4OID, DATEOID}};

// Sessions that lie ahead of the clock and whose times were not corrected yet. Ids ascend in time.
Query<SessionColumn> select_ahead = {
    "SELECT session_id, user_key FROM jwt_auth.refresh_session WHERE session_id >= $1 AND created_at > $2 AND auth_time IS NULL"
    " ORDER BY session_id LIMIT $3 OFFSET $4",
    {UUIDOID, TIMESTAMPTZOID, INT8OID, INT8OID}};

enum class AheadColumn { kCreatedAt, kRefreshedAt, kEndsAt, kIdleEndsAt, kAuthTime };
Query<AheadColumn> lock_ahead = {
    "SELECT created_at, refreshed_at, ends_at, idle_ends_at, auth_time FROM jwt_auth.refresh_session"
    " WHERE session_id = $1 AND user_key = $2 FOR UPDATE SKIP LOCKED",
    {UUIDOID, INT4OID}};

// The longest leeway that can be set, so that no later setting makes a purged denial matter.
enum class DenialColumn { kUserKey, kTokenId };
Query<DenialColumn> select_denials = {
    "SELECT user_key, token_id FROM jwt_auth.denied_token WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 OFFSET $3",
    {TIMESTAMPTZOID, INT8OID, INT8OID}};

Statement lock_denial = {"SELECT FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2 FOR UPDATE SKIP LOCKED",
                         {INT4OID, BYTEAOID}};

Statement delete_denial = {"DELETE FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2", {INT4OID, BYTEAOID}};

struct Key {
  pg_uuid_t session_id;
  session::UserKey user_key;
};

void record_end(const Key &key, std::string_view user_id, const session::Ending &ending, TimestampTz at) {
  AuthEvent event{};
  event.event = ending.event;
  event.session_id = &key.session_id;
  event.detail = detail_of(ending);
  event.is_part = true;
  write_event(event_source(user_id), event, at);
}

// False if the row was left: somebody holds it, or a trigger keeps it.
bool sweep_session(const Key &key, session::Micros cutoff, session::Micros now) {
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&key.session_id));
  add(parameters, Int32GetDatum(key.user_key));
  const Rows<LockedColumn> rows = execute(lock_session, parameters);
  if (rows.empty()) return false;
  const OptionalText user_id = rows[0].text(LockedColumn::kUserId, CurrentMemoryContext);
  const session::Micros created_at = rows[0].time(LockedColumn::kCreatedAt);
  const session::Micros idle_end = rows[0].time(LockedColumn::kIdleEndsAt);
  const session::Micros absolute_end = rows[0].time(LockedColumn::kEndsAt);
  // A batch holds many rows, and SPI would keep each answer until it ends.
  rows.free();
  const auto ending = session::EndOf(created_at, idle_end, absolute_end, {session::kNoCutoff, cutoff}, now);
  if (!ending) {
    add(parameters, DateADTGetDatum(date_of(idle_end)));
    return execute(move_day, parameters) > 0;
  }
  if (!delete_session(key.session_id, key.user_key)) return false;
  record_end(key, user_id.text, *ending, timestamp_of(now));
  return true;
}

Batch sweep_sessions(Query<SessionColumn> &select, const Parameters &parameters, session::Micros cutoff, session::Micros now) {
  const Rows<SessionColumn> found = execute(select, parameters);
  Batch batch{found.count(), 0};
  for (std::uint64_t i = 0; i < found.count(); i++) {
    CHECK_FOR_INTERRUPTS();
    const Key key = {found[i].uuid(SessionColumn::kSessionId), found[i].int4(SessionColumn::kUserKey)};
    if (!sweep_session(key, cutoff, now)) batch.left++;
  }
  return batch;
}

// False if somebody holds the row, or has corrected it meanwhile.
bool correct_row_if_ahead(const Key &key, session::Micros now) {
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&key.session_id));
  add(parameters, Int32GetDatum(key.user_key));
  const Rows<AheadColumn> rows = execute(lock_ahead, parameters);
  if (rows.empty()) return false;
  const Row<AheadColumn> row = rows[0];
  const session::Micros created_at = row.time(AheadColumn::kCreatedAt);
  const bool is_ahead = session::LiesAhead(row.time_or(AheadColumn::kAuthTime, session::kNoCutoff), created_at, now);
  const session::SessionTimes times = session::CorrectedTimes(
      created_at, row.time(AheadColumn::kRefreshedAt), row.time(AheadColumn::kEndsAt), row.time(AheadColumn::kIdleEndsAt), now);
  rows.free();
  return is_ahead && correct_session(key.session_id, key.user_key, times);
}

Batch correct_ahead(std::int64_t size, std::uint64_t left, session::Micros now) {
  if (!has_column("refresh_session", "auth_time")) return {};
  const pg_uuid_t first = UuidOf(session::FirstIdAfter(now));
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&first));
  add_time(parameters, now);
  add(parameters, Int64GetDatum(size));
  add(parameters, Int64GetDatum(static_cast<std::int64_t>(left)));
  const Rows<SessionColumn> found = execute(select_ahead, parameters);
  Batch batch{found.count(), 0};
  for (std::uint64_t i = 0; i < found.count(); i++) {
    CHECK_FOR_INTERRUPTS();
    const Key key = {found[i].uuid(SessionColumn::kSessionId), found[i].int4(SessionColumn::kUserKey)};
    if (!correct_row_if_ahead(key, now)) batch.left++;
  }
  return batch;
}

Batch sweep_due(std::int64_t size, std::uint64_t left, session::Micros now) {
  Parameters parameters{};
  add(parameters, DateADTGetDatum(date_of(now)));
  add_time(parameters, now);
  add(parameters, Int64GetDatum(size));
  add(parameters, Int64GetDatum(static_cast<std::int64_t>(left)));
  return sweep_sessions(select_due, parameters, session::kNoCutoff, now);
}

Batch sweep_cut_off(std::int64_t size, std::uint64_t left, session::Micros now) {
  const session::Micros cutoff = global_cutoff();
  if (cutoff == session::kNoCutoff) return {};
  const pg_uuid_t first = UuidOf(session::FirstIdAfter(cutoff));
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&first));
  add_time(parameters, cutoff);
  add(parameters, Int64GetDatum(size));
  add(parameters, Int64GetDatum(static_cast<std::int64_t>(left)));
  return sweep_sessions(select_cut_off, parameters, cutoff, now);
}

Batch sweep_denials(std::int64_t size, std::uint64_t left, session::Micros now) {
  Parameters parameters{};
  add_time(parameters, now - kLongestLeeway);
  add(parameters, Int64GetDatum(size));
  add(parameters, Int64GetDatum(static_cast<std::int64_t>(left)));
  const Rows<DenialColumn> found = execute(select_denials, parameters);
  Batch batch{found.count(), 0};
  for (std::uint64_t i = 0; i < found.count(); i++) {
    CHECK_FOR_INTERRUPTS();
    Parameters key{};
    add(key, found[i].value(DenialColumn::kUserKey));
    add(key, found[i].value(DenialColumn::kTokenId));
    const bool locked = execute(lock_denial, key) > 0;
    SPI_freetuptable(SPI_tuptable);
    if (!locked || execute(delete_denial, key) == 0) batch.left++;
  }
  return batch;
}

// What this call has done so far, where a DBA looks: in pg_stat_activity.
struct Progress {
  std::uint64_t sessions, denied_tokens, session_data, accounts, corrected;
};
Progress progress;

std::uint64_t &progress_of(PurgeOutcome done) {
  switch (done) {
    case PurgeOutcome::kDeniedToken:
      return progress.denied_tokens;
    case PurgeOutcome::kSessionData:
      return progress.session_data;
    case PurgeOutcome::kAccount:
      return progress.accounts;
    case PurgeOutcome::kCorrected:
      return progress.corrected;
    default:
      return progress.sessions;
  }
}

void count_batch(PurgeOutcome done, const Batch &batch) {
  const std::uint64_t removed = batch.seen - batch.left;
  Count(Counted::kPurge, static_cast<unsigned>(done), removed);
  Count(Counted::kPurge, static_cast<unsigned>(PurgeOutcome::kLeft), batch.left);
  progress_of(done) += removed;
  const char *text = psprintf("CALL jwt_auth.purge_expired(): " UINT64_FORMAT " sessions, " UINT64_FORMAT
                              " denied tokens, data of " UINT64_FORMAT " sessions and " UINT64_FORMAT " accounts done",
                              progress.sessions, progress.denied_tokens, progress.session_data, progress.accounts);
  pgstat_report_activity(STATE_RUNNING, text);
}

// Runs one kind of sweep until a batch comes back short, committing after each.
void run(Batch (*sweep)(std::int64_t, std::uint64_t, session::Micros), std::int64_t size, PurgeOutcome done) {
  std::uint64_t left = 0;
  for (;;) {
    const Batch batch = in_batch("refresh_session", [&] {
      refresh_keyring();
      return sweep(size, left, now_micros());
    });
    left += batch.left;
    count_batch(done, batch);
    if (batch.seen < static_cast<std::uint64_t>(size)) return;
  }
}

void sweep_all_session_data(std::int64_t size) {
  DataWalk walk{};
  for (bool more = true; more;) {
    const DataBatch result = in_batch("session_data", [&] { return sweep_session_data(walk, size); });
    count_batch(PurgeOutcome::kSessionData, result.batch);
    more = result.more;
  }
}

// Last of the sweeps: what they removed may have been all that an account held.
void sweep_all_accounts(std::int64_t size) {
  // Where the walk is outlives the memory of a batch's transaction.
  MemoryContext context = AllocSetContextCreate(PortalContext, "jwt_auth account walk", ALLOCSET_SMALL_SIZES);
  AccountWalk walk{};
  for (bool more = true; more;) {
    const AccountBatch result = in_batch("account", [&] { return sweep_accounts(walk, size, now_micros(), context); });
    count_batch(PurgeOutcome::kAccount, result.batch);
    more = result.more;
  }
  MemoryContextDelete(context);
}

// The same for rows that one statement finds and deletes.
void run_deletions(std::uint64_t (*delete_some)(std::int64_t), std::int64_t size) {
  std::uint64_t deleted;
  do {
    deleted = in_batch("refresh_session", [&] {
      refresh_keyring();
      return delete_some(size);
    });
  } while (deleted >= static_cast<std::uint64_t>(size));
}

std::uint64_t delete_api_keys(std::int64_t size) { return delete_ended_api_keys(global_cutoff(), now_micros(), size); }

std::uint64_t delete_spent_tombstones(std::int64_t size) { return delete_tombstones(spent_cutoffs(now_micros()), size); }

std::uint64_t delete_old_revocations(std::int64_t size) {
  const session::Micros now = now_micros();
  return delete_revocations(now - kLongestLeeway, spent_cutoffs(now), size);
}

std::uint64_t delete_old_proofs(std::int64_t size) {
  return has_table("used_proof") ? delete_used_proofs(now_micros(), size) : 0;
}

Statement select_any_key = {"SELECT FROM jwt_auth.signing_key LIMIT 1", {}};

// What rests on other rows than its own.
void sweep_what_is_needed_no_longer(int size) {
  run_deletions(delete_spent_tombstones, size);
  sweep_all_session_data(size);
  run_deletions(delete_orphaned_uses, size);
  run_deletions(delete_orphaned_imports, size);
  run_deletions(delete_old_revocations, size);
  in_batch("signing_key", [] {
    retire_run_out_keys();
    return 0;
  });
  sweep_all_accounts(size);
  // A database that was updated to 2.0 gets its secret here, in a transaction that nobody waits for.
  if (!has_table("server_secret")) return;
  in_batch("server_secret", [] {
    refresh_keyring();
    return create_server_secret();
  });
}

Datum purge_expired(FunctionCallInfo fcinfo) {
  const int size = batch_size_argument(fcinfo, 0);
  begin_own_transactions(fcinfo, "purge_expired");
  progress = {};
  // A dump that is being restored has its keys among the last. Until then it can't be known what is needed, and an event would
  // take a number that the dump has.
  const bool has_keys = in_batch("signing_key", [] { return execute(select_any_key, Parameters{}) > 0; });
  if (has_keys) {
    run(correct_ahead, size, PurgeOutcome::kCorrected);
    run(sweep_due, size, PurgeOutcome::kSession);
    run(sweep_cut_off, size, PurgeOutcome::kSession);
  }
  run(sweep_denials, size, PurgeOutcome::kDeniedToken);
  run_deletions(delete_api_keys, size);
  run_deletions(delete_old_proofs, size);
  if (has_keys) sweep_what_is_needed_no_longer(size);
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_purge_expired) { return jwt_auth::pg::purge_expired(fcinfo); }
