// user_sessions: a person's live sessions, as "your devices" shows them.
#include "pg/identity/identity.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/citus.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/result_set.hpp"
#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

namespace {

enum class ListedColumn {
  kSessionId,
  kCreatedAt,
  kRefreshedAt,
  kExpiresAt,
  kIp,
  kUserAgent,
  kMetadata,
  kClass,
  kHasDevice,
  kBound,
  kIsCurrent,
};

#define FROM_LIVE_SESSIONS                                                                                              \
  " FROM jwt_auth.refresh_session s LEFT JOIN jwt_auth.session_data d ON d.session_id = s.session_id AND d.user_key = " \
  "s.user_key"                                                                                                          \
  " WHERE s.user_key = $1 AND s.user_id = $2 AND s.created_at > $3 AND s.ends_at > $4 AND s.idle_ends_at > $4"

#define SELECT_LISTED(of_listed_class)                                                                          \
  "SELECT s.session_id, s.created_at, s.refreshed_at, s.idle_ends_at, s.ip, s.user_agent, d.metadata, s.class," \
  " s.device_hash IS NOT NULL, CASE s.bound_kind WHEN 'p' THEN 'dpop' WHEN 'b' THEN 'dbsc' END,"                \
  " coalesce(s.session_id = $5, false)" FROM_LIVE_SESSIONS " AND s.actor IS NULL AND " of_listed_class          \
  " ORDER BY s.refreshed_at DESC, s.session_id"
Query<ListedColumn> select_user_sessions = {
    SELECT_LISTED("NOT EXISTS (SELECT FROM jwt_auth.session_class c WHERE c.name = s.class AND NOT c.listed)"),
    {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID}};
// Where sessions are in shards, and classes may be on one node: these are read first.
Query<ListedColumn> select_user_sessions_of_shards = {
    SELECT_LISTED("(s.class IS NULL OR s.class NOT IN (SELECT c.name FROM jwt_auth.session_class c WHERE NOT c.listed))"),
    {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID}};
#undef SELECT_LISTED
// For a database that has not been updated to 2.0 yet.
Query<ListedColumn> select_user_sessions_of_version_1 = {
    "SELECT s.session_id, s.created_at, s.refreshed_at, s.idle_ends_at, s.ip, s.user_agent, d.metadata" FROM_LIVE_SESSIONS
    " ORDER BY s.refreshed_at DESC, s.session_id",
    {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

#undef FROM_LIVE_SESSIONS

void put_sessions(const UserRef &user, const pg_uuid_t *current, ReturnSetInfo &set) {
  const bool has_classes = has_key_columns();
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  add_time(parameters, std::max(global_cutoff(), read_account(user).not_before));
  add_time(parameters, now_micros());
  if (has_classes) add_nullable(parameters, UUIDPGetDatum(current), current == nullptr);
  Query<ListedColumn> &listed = is_distributed("refresh_session") ? select_user_sessions_of_shards : select_user_sessions;
  put_rows(set, execute_latest(has_classes ? listed : select_user_sessions_of_version_1, parameters));
}

Datum user_sessions(FunctionCallInfo fcinfo) {
  const Spellings spellings = spellings_argument(fcinfo, 0);
  refresh_keyring();
  const Identity *identity = identity_for_record();
  const bool has_current = identity != nullptr && identity->has_session;
  const pg_uuid_t current = has_current ? identity->session : pg_uuid_t{};
  ReturnSetInfo &set = result_set(fcinfo);
  as_owner("refresh_session", [&](MemoryContext) {
    put_sessions(spellings.user, has_current ? &current : nullptr, set);
    if (spellings.has_padded) put_sessions(spellings.padded, has_current ? &current : nullptr, set);
  });
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_user_sessions) { return jwt_auth::pg::user_sessions(fcinfo); }
