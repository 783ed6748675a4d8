#include "pg/store/session_store.hpp"

#include "pg/keyring/keyring.hpp"
#include "pg/store/imported_token.hpp"
#include "pg/store/own_users.hpp"
#include "pg/store/session_parameters.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/address.hpp"
#include "pg/support/uuid.hpp"

extern "C" {
#include <access/xact.h>
}

namespace jwt_auth::pg {

namespace {

using session::kNoCutoff;
using session::Micros;

enum class SessionColumn {
  kCreatedAt,
  kEndsAt,
  kIdleEndsAt,
  kRefreshedAt,
  kGeneration,
  kFamilyHash,
  kCurrentHash,
  kPreviousHash,
  kNonce,
  kHasData,
  kUserId,
  kLoginIp,
  kLoginFingerprint,
  kIp,
  kFingerprint,
  kBoundKind,
  kBoundKey,
  kClass,
  kVersion,
  kAuthTime,
  kAuthContext,
  kActor,
  kLateGeneration,
  kLateAt,
};

// In the order of SessionColumn.
TableOf<SessionColumn> session_table = {"refresh_session",
                                        {{"session_id", UUIDOID}, {"user_key", INT4OID}},
                                        {{"created_at", TIMESTAMPTZOID},
                                         {"ends_at", TIMESTAMPTZOID},
                                         {"idle_ends_at", TIMESTAMPTZOID},
                                         {"refreshed_at", TIMESTAMPTZOID},
                                         {"generation", INT4OID},
                                         {"family_hash", BYTEAOID},
                                         {"current_hash", BYTEAOID},
                                         {"previous_hash", BYTEAOID},
                                         {"nonce", BYTEAOID},
                                         {"has_data", BOOLOID},
                                         {"user_id", TEXTOID},
                                         {"login_ip", INETOID},
                                         {"login_fingerprint", BYTEAOID},
                                         {"ip", INETOID},
                                         {"fingerprint", BYTEAOID},
                                         {"bound_kind", CHAROID, true},
                                         {"bound_key", BYTEAOID, true},
                                         {"class", TEXTOID, true},
                                         {"version", INT8OID, true},
                                         {"auth_time", TIMESTAMPTZOID, true},
                                         {"auth_context", TEXTOID, true},
                                         {"actor", TEXTOID, true},
                                         {"late_generation", INT4OID, true},
                                         {"late_at", TIMESTAMPTZOID, true}}};

Statement insert_session_row = {
    "INSERT INTO jwt_auth.refresh_session (session_id, user_key, user_id, created_at, refreshed_at, ends_at, idle_ends_at,"
    " purge_after, generation, has_data, family_hash, current_hash, login_ip, ip, login_fingerprint, fingerprint, user_agent)"
    " VALUES ($1, $2, $3, $4, $4, $5, $6, $7, 0, $8, $9, $10, $11, $11, $12, $12, $13)",
    {UUIDOID, INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, DATEOID, BOOLOID, BYTEAOID, BYTEAOID, INETOID,
     BYTEAOID, TEXTOID}};

// The same for a session with a class or a device.
Statement insert_classed_row = {
    "INSERT INTO jwt_auth.refresh_session (session_id, user_key, user_id, created_at, refreshed_at, ends_at, idle_ends_at,"
    " purge_after, generation, has_data, family_hash, current_hash, login_ip, ip, login_fingerprint, fingerprint, user_agent,"
    " class, device_hash)"
    " VALUES ($1, $2, $3, $4, $4, $5, $6, $7, 0, $8, $9, $10, $11, $11, $12, $12, $13, $14, $15)",
    {UUIDOID, INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, DATEOID, BOOLOID, BYTEAOID, BYTEAOID, INETOID,
     BYTEAOID, TEXTOID, TEXTOID, BYTEAOID}};

Statement insert_data_row = {
    "INSERT INTO jwt_auth.session_data (session_id, user_key, claims, metadata) VALUES ($1, $2, $3, $4)",
    {UUIDOID, INT4OID, JSONBOID, JSONBOID}};

Statement update_times = {
    "UPDATE jwt_auth.refresh_session SET auth_time = $3, ends_at = $4, idle_ends_at = $5, purge_after = least(purge_after, $6)"
    " WHERE session_id = $1 AND user_key = $2",
    {UUIDOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, DATEOID}};

Statement update_late_replay = {
    "UPDATE jwt_auth.refresh_session SET late_generation = $3, late_at = $4 WHERE session_id = $1 AND user_key = $2",
    {UUIDOID, INT4OID, INT4OID, TIMESTAMPTZOID}};

enum class DeletedColumn { kHasData };
Query<DeletedColumn> delete_session_row = {
    "DELETE FROM jwt_auth.refresh_session WHERE session_id = $1 AND user_key = $2 AND ($3 IS NULL OR generation = $3)"
    " RETURNING has_data",
    {UUIDOID, INT4OID, INT4OID}};

Statement delete_data_row = {"DELETE FROM jwt_auth.session_data WHERE session_id = $1 AND user_key = $2", {UUIDOID, INT4OID}};

enum class EndedColumn { kSessionId, kHasData, kCreatedAt, kIdleEndsAt, kEndsAt, kCounts };
#define DELETE_SESSIONS_OF_USER                                               \
  "DELETE FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $2" \
  " AND ($3 IS NULL OR session_id <> $3) RETURNING session_id, has_data, created_at, idle_ends_at, ends_at, "
Query<EndedColumn> delete_sessions_of_user = {DELETE_SESSIONS_OF_USER "actor IS NULL", {INT4OID, TEXTOID, UUIDOID}};
// For a database that has not been updated to 2.0 yet.
Query<EndedColumn> delete_sessions_of_user_of_version_1 = {DELETE_SESSIONS_OF_USER "true", {INT4OID, TEXTOID, UUIDOID}};
#undef DELETE_SESSIONS_OF_USER

Statement select_other_sessions = {
    "SELECT FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $2 AND session_id <> $3 LIMIT 1",
    {INT4OID, TEXTOID, UUIDOID}};

enum class ClaimsColumn { kClaims };
TableOf<ClaimsColumn> data_table = {"session_data", {{"session_id", UUIDOID}, {"user_key", INT4OID}}, {{"claims", JSONBOID}}};

// A bytea column of exactly the array's size; false for NULL.
template <std::size_t N>
bool read_bytes(const RowOf<SessionColumn> &row, SessionColumn column, std::array<unsigned char, N> &out) {
  if (row.is_null(column)) return false;
  const std::string_view bytes = row.bytes(column);
  if (bytes.size() != N)
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a hash in jwt_auth.refresh_session has the wrong length")));
  std::memcpy(out.data(), bytes.data(), N);
  return true;
}

// What a client was, from an inet and a bytea column.
session::Client read_client(const RowOf<SessionColumn> &row, SessionColumn ip, SessionColumn fingerprint) {
  session::Client client = session::kUnknownClient;
  if (!row.is_null(ip)) client.address = address_of(row.value(ip));
  client.has_fingerprint = read_bytes(row, fingerprint, client.fingerprint);
  return client;
}

OptionalText copy_of(const RowOf<SessionColumn> &row, SessionColumn column, MemoryContext context) {
  if (row.is_null(column)) return {false, {}};
  return {true, copy_to(context, row.bytes(column))};
}

RowOf<SessionColumn> session_row(const pg_uuid_t &id, session::UserKey user_key) {
  return {session_table, {UUIDPGetDatum(&id), Int32GetDatum(user_key)}};
}

}  // namespace

bool read_session(const pg_uuid_t &id, session::UserKey user_key, ReadMode mode, MemoryContext context, SessionRow &row) {
  require_own_user_key(user_key);
  RowOf<SessionColumn> found = session_row(id, user_key);
  read_rows({&found}, mode);
  if (!found.found) return false;
  row.id = id;
  row.user_key = user_key;
  row.state = session::SessionState{};
  row.state.created_at = found.time(SessionColumn::kCreatedAt);
  row.state.absolute_end = found.time(SessionColumn::kEndsAt);
  row.state.idle_end = found.time(SessionColumn::kIdleEndsAt);
  row.state.auth_time = found.time_or(SessionColumn::kAuthTime, kNoCutoff);
  row.state.refreshed_at = found.time(SessionColumn::kRefreshedAt);
  row.state.generation = static_cast<std::uint32_t>(found.int4(SessionColumn::kGeneration));
  read_bytes(found, SessionColumn::kFamilyHash, row.state.family_hash);
  read_bytes(found, SessionColumn::kCurrentHash, row.state.current_hash);
  row.state.has_previous = read_bytes(found, SessionColumn::kPreviousHash, row.state.previous_hash);
  read_bytes(found, SessionColumn::kNonce, row.nonce);
  row.has_data = found.boolean(SessionColumn::kHasData);
  row.state.bound = read_client(found, SessionColumn::kLoginIp, SessionColumn::kLoginFingerprint);
  row.state.latest = read_client(found, SessionColumn::kIp, SessionColumn::kFingerprint);
  row.user_id = copy_to(context, found.bytes(SessionColumn::kUserId));
  row.key = KeyBinding{};
  if (!found.is_null(SessionColumn::kBoundKind)) {
    row.key.kind = static_cast<KeyKind>(DatumGetChar(found.value(SessionColumn::kBoundKind)));
    row.key.key = copy_to(context, found.bytes(SessionColumn::kBoundKey));
  }
  row.session_class = copy_of(found, SessionColumn::kClass, context);
  row.version = found.int8_or(SessionColumn::kVersion, 0);
  row.auth_time = found.time_or(SessionColumn::kAuthTime, row.state.created_at);
  row.auth_context = copy_of(found, SessionColumn::kAuthContext, context);
  row.actor = copy_of(found, SessionColumn::kActor, context);
  if (!found.is_null(SessionColumn::kLateGeneration)) {
    row.state.late = session::LateReplay{static_cast<std::uint32_t>(found.int4(SessionColumn::kLateGeneration)),
                                         found.time_or(SessionColumn::kLateAt, kNoCutoff)};
  }
  return true;
}

void insert_session(const NewSession &session) {
  Parameters parameters{};
  const bool has_data = session.has_claims || session.has_metadata;
  const bool has_rows = has_data || session.imported_token.present;
  add_session(parameters, session.id, session.user.user_key);
  add_text(parameters, session.user.user_id);
  add_time(parameters, session.created_at);
  add_time(parameters, session.ends_at);
  add_time(parameters, session.idle_ends_at);
  add(parameters, DateADTGetDatum(date_of(session.idle_ends_at)));
  add(parameters, BoolGetDatum(has_rows));
  add_bytes(parameters, session.family.data(), session.family.size());
  add_bytes(parameters, session.current.data(), session.current.size());
  add_nullable(parameters, session.ip, !session.has_ip);
  add_fingerprint(parameters, session.client);
  add_optional(parameters, session.user_agent);
  const bool is_classed = session.session_class.present || session.device.present;
  if (is_classed) {
    add_optional(parameters, session.session_class);
    add_hash(parameters, session.device);
  }
  if (execute(is_classed ? insert_classed_row : insert_session_row, parameters) == 0) raise_suppressed("refresh_session");
  if (session.imported_token.present) insert_imported_token(session.id, session.user.user_key, session.imported_token.text);
  if (!has_data) return;

  Parameters data{};
  add_session(data, session.id, session.user.user_key);
  add_nullable(data, session.claims, !session.has_claims);
  add_nullable(data, session.metadata, !session.has_metadata);
  if (execute(insert_data_row, data) == 0) raise_suppressed("session_data");
}

bool correct_if_ahead(session::SessionState &state, session::Micros now) {
  if (!session::LiesAhead(state.auth_time, state.created_at, now)) return false;
  const session::SessionTimes times =
      session::CorrectedTimes(state.created_at, state.refreshed_at, state.absolute_end, state.idle_end, now);
  state.auth_time = times.auth_time;
  state.absolute_end = times.absolute_end;
  state.idle_end = times.idle_end;
  return true;
}

bool correct_session(const pg_uuid_t &id, session::UserKey user_key, const session::SessionTimes &times) {
  if (!has_key_columns()) return false;
  Parameters parameters{};
  add_session(parameters, id, user_key);
  add_time(parameters, times.auth_time);
  add_time(parameters, times.absolute_end);
  add_time(parameters, times.idle_end);
  add(parameters, DateADTGetDatum(date_of(times.idle_end)));
  return execute(update_times, parameters) > 0;
}

void record_late_replay(const pg_uuid_t &id, session::UserKey user_key, const session::LateReplay &replay) {
  Parameters parameters{};
  add_session(parameters, id, user_key);
  add(parameters, Int32GetDatum(static_cast<std::int32_t>(replay.generation)));
  add_time(parameters, replay.at);
  if (execute(update_late_replay, parameters) == 0) raise_suppressed("refresh_session");
}

void raise_if_unseen(const pg_uuid_t &id, session::UserKey user_key) {
  SessionRow unseen;
  if (IsolationUsesXactSnapshot() && read_session(id, user_key, ReadMode::kLatest, CurrentMemoryContext, unseen))
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not serialize access: the session is newer than this transaction")));
}

void delete_session_data(const pg_uuid_t &id, session::UserKey user_key) {
  Parameters data{};
  add_session(data, id, user_key);
  execute(delete_data_row, data);
  delete_imported_token(id, user_key);
}

bool delete_session(const pg_uuid_t &id, session::UserKey user_key, const std::uint32_t *generation) {
  Parameters parameters{};
  add_session(parameters, id, user_key);
  add_nullable(parameters, generation != nullptr ? Int32GetDatum(static_cast<std::int32_t>(*generation)) : 0,
               generation == nullptr);
  const Rows<DeletedColumn> rows = execute(delete_session_row, parameters);
  const bool deleted = !rows.empty();
  const bool has_data = deleted && rows[0].boolean(DeletedColumn::kHasData);
  rows.free();
  if (has_data) delete_session_data(id, user_key);
  return deleted;
}

bool delete_live_session(const pg_uuid_t &id, session::UserKey user_key) {
  if (delete_session(id, user_key)) return true;
  RowOf<SessionColumn> row = session_row(id, user_key);
  read_rows({&row}, ReadMode::kPlain);
  if (row.found) raise_suppressed("refresh_session");
  return false;
}

EndedSessions delete_user_sessions(const UserRef &user, const pg_uuid_t *keep, MemoryContext context) {
  // Cutoffs of the user's are what this is about.
  const session::Cutoffs cutoffs = {kNoCutoff, global_cutoff()};
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  add_nullable(parameters, UUIDPGetDatum(keep), keep == nullptr);
  const Rows<EndedColumn> rows =
      execute(has_key_columns() ? delete_sessions_of_user : delete_sessions_of_user_of_version_1, parameters);
  EndedSessions ended{};
  ended.count = rows.count();
  ended.sessions = static_cast<EndedSession *>(MemoryContextAlloc(context, sizeof(EndedSession) * (ended.count + 1)));
  const Micros now = now_micros();
  for (std::uint64_t i = 0; i < ended.count; i++) {
    const Row<EndedColumn> row = rows[i];
    ended.sessions[i].id = row.uuid(EndedColumn::kSessionId);
    ended.sessions[i].before = session::EndOf(row.time(EndedColumn::kCreatedAt), row.time(EndedColumn::kIdleEndsAt),
                                              row.time(EndedColumn::kEndsAt), cutoffs, now);
    if (!ended.sessions[i].before && row.boolean(EndedColumn::kCounts)) ended.live++;
    if (row.boolean(EndedColumn::kHasData)) delete_session_data(ended.sessions[i].id, user.user_key);
  }
  // Without `keep` there is a cutoff, which ends them all the same.
  if (keep != nullptr && execute(select_other_sessions, parameters) > 0) raise_suppressed("refresh_session");
  return ended;
}

bool read_claims(const pg_uuid_t &id, session::UserKey user_key, MemoryContext context, Datum &claims) {
  RowOf<ClaimsColumn> row = {data_table, {UUIDPGetDatum(&id), Int32GetDatum(user_key)}};
  read_rows({&row}, ReadMode::kLatest);
  if (!row.found || row.is_null(ClaimsColumn::kClaims)) return false;
  claims = copy_varlena_to(context, row.value(ClaimsColumn::kClaims));
  return true;
}

}  // namespace jwt_auth::pg
