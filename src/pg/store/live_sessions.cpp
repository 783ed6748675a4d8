#include "pg/store/live_sessions.hpp"

#include "pg/store/citus.hpp"
#include "pg/store/row_reader.hpp"
#include "pg/store/session_parameters.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

using session::Micros;

enum class SessionColumn {
  kSessionId,
  kUserId,
  kCreatedAt,
  kEndsAt,
  kIdleEndsAt,
  kRefreshedAt,
  kGeneration,
  kClass,
  kDeviceHash,
  kActor,
};
TableOf<SessionColumn> sessions_by_user = {"refresh_session",
                                           "refresh_session_user_key",
                                           {{"user_key", INT4OID}},
                                           {{"session_id", UUIDOID},
                                            {"user_id", TEXTOID},
                                            {"created_at", TIMESTAMPTZOID},
                                            {"ends_at", TIMESTAMPTZOID},
                                            {"idle_ends_at", TIMESTAMPTZOID},
                                            {"refreshed_at", TIMESTAMPTZOID},
                                            {"generation", INT4OID},
                                            {"class", TEXTOID, true},
                                            {"device_hash", BYTEAOID, true},
                                            {"actor", TEXTOID, true}}};

enum class LiveColumn { kSessionId, kCreatedAt, kRefreshedAt, kGeneration, kSameDevice };
Query<LiveColumn> select_live_sessions = {
    "SELECT session_id, created_at, refreshed_at, generation, coalesce(device_hash = $6, false) FROM jwt_auth.refresh_session"
    " WHERE user_key = $1 AND user_id = $2 AND created_at > $3 AND ends_at > $4 AND idle_ends_at > $4"
    " AND class IS NOT DISTINCT FROM $5 AND actor IS NULL",
    {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, BYTEAOID}};
// For a database that has not been updated to 2.0 yet.
Query<LiveColumn> select_live_sessions_of_version_1 = {
    "SELECT session_id, created_at, refreshed_at, generation, false FROM jwt_auth.refresh_session"
    " WHERE user_key = $1 AND user_id = $2 AND created_at > $3 AND ends_at > $4 AND idle_ends_at > $4",
    {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

// A refresh that has not committed yet may keep a session alive whose idle time has run out meanwhile. Whoever writes a row, or
// has locked it, stands in its xmax.
#define LOCK_IDLE_SESSIONS(condition)                                                                               \
  "SELECT FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $2 AND ends_at > $3 AND idle_ends_at <= " \
  "$3" condition " FOR NO KEY UPDATE"
Statement lock_idle_sessions = {LOCK_IDLE_SESSIONS(" AND xmax <> '0'"), {INT4OID, TEXTOID, TIMESTAMPTZOID}};
// Shards do not show it.
Statement lock_idle_sessions_of_shards = {LOCK_IDLE_SESSIONS(""), {INT4OID, TEXTOID, TIMESTAMPTZOID}};
#undef LOCK_IDLE_SESSIONS

// Which sessions count for a log-in, and those that were found.
struct LiveSearch {
  const UserRef &user;
  const OptionalText &session_class;
  const OptionalHash &device;
  Micros cutoff, now;
  MemoryContext context;
  LiveSessions live;
  std::size_t room;        // allocated in live
  bool has_idle_sessions;  // found one that would count, had it not been idle for too long
};

bool is_of_class(const RowOf<SessionColumn> &row, const OptionalText &session_class) {
  if (row.is_null(SessionColumn::kClass)) return !session_class.present;
  return session_class.present && row.bytes(SessionColumn::kClass) == session_class.text;
}

bool is_of_device(const RowOf<SessionColumn> &row, const OptionalHash &device) {
  if (!device.present || row.is_null(SessionColumn::kDeviceHash)) return false;
  const std::string_view hash = row.bytes(SessionColumn::kDeviceHash);
  return hash.size() == device.hash.size() && std::memcmp(hash.data(), device.hash.data(), hash.size()) == 0;
}

bool may_count(const RowOf<SessionColumn> &row, const LiveSearch &search) {
  return row.bytes(SessionColumn::kUserId) == search.user.user_id && row.time(SessionColumn::kCreatedAt) > search.cutoff &&
         row.time(SessionColumn::kEndsAt) > search.now && row.is_null(SessionColumn::kActor) &&
         is_of_class(row, search.session_class);
}

void take_live_session(const KeyedRow &found, void *argument) {
  const auto &row = static_cast<const RowOf<SessionColumn> &>(found);
  LiveSearch &search = *static_cast<LiveSearch *>(argument);
  if (!may_count(row, search)) return;
  if (row.time(SessionColumn::kIdleEndsAt) <= search.now) {
    search.has_idle_sessions = true;
    return;
  }
  LiveSessions &live = search.live;
  if (live.count == search.room) {
    search.room *= 2;
    live.sessions =
        static_cast<session::LiveSession *>(repalloc_huge(live.sessions, sizeof(session::LiveSession) * (search.room + 1)));
  }
  live.sessions[live.count++] = {SessionIdOf(*DatumGetUUIDP(row.value(SessionColumn::kSessionId))),
                                 row.time(SessionColumn::kCreatedAt), row.time(SessionColumn::kRefreshedAt),
                                 static_cast<std::uint32_t>(row.int4(SessionColumn::kGeneration)),
                                 is_of_device(row, search.device)};
}

LiveSessions live_sessions_by_statement(const LiveSearch &search) {
  const bool has_classes = has_key_columns();
  Parameters parameters{};
  add(parameters, Int32GetDatum(search.user.user_key));
  add_text(parameters, search.user.user_id);
  add_time(parameters, search.cutoff);
  add_time(parameters, search.now);
  if (has_classes) {
    add_optional(parameters, search.session_class);
    add_hash(parameters, search.device);
  }
  const Rows<LiveColumn> rows = execute(has_classes ? select_live_sessions : select_live_sessions_of_version_1, parameters);
  LiveSessions live{allocate_live_sessions(search.context, rows.count()), rows.count()};
  for (std::uint64_t i = 0; i < live.count; i++) {
    live.sessions[i] = {SessionIdOf(rows[i].uuid(LiveColumn::kSessionId)), rows[i].time(LiveColumn::kCreatedAt),
                        rows[i].time(LiveColumn::kRefreshedAt),
                        static_cast<std::uint32_t>(rows[i].int4(LiveColumn::kGeneration)),
                        rows[i].boolean(LiveColumn::kSameDevice)};
  }
  return live;
}

// False where a statement has to do it.
bool live_sessions_by_index(LiveSearch &search) {
  search.live.count = 0;
  search.has_idle_sessions = false;
  RowOf<SessionColumn> row = {sessions_by_user, {Int32GetDatum(search.user.user_key)}};
  return read_each(row, take_live_session, &search);
}

void wait_for_refreshes(const LiveSearch &search) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(search.user.user_key));
  add_text(parameters, search.user.user_id);
  add_time(parameters, search.now);
  execute(is_distributed("refresh_session") ? lock_idle_sessions_of_shards : lock_idle_sessions, parameters);
  SPI_freetuptable(SPI_tuptable);
}

}  // namespace

LiveSessions read_live_sessions(const UserRef &user, const OptionalText &session_class, const OptionalHash &device,
                                Micros cutoff, Micros now, MemoryContext context) {
  LiveSearch search = {user, session_class, device, cutoff, now, context, {}, 8, false};
  search.live.sessions = allocate_live_sessions(context, search.room);
  const bool by_index = live_sessions_by_index(search);
  if (by_index && !search.has_idle_sessions) return search.live;
  wait_for_refreshes(search);
  return by_index && live_sessions_by_index(search) ? search.live : live_sessions_by_statement(search);
}

}  // namespace jwt_auth::pg
