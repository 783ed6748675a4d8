#include "pg/store/forgotten_user.hpp"

#include "pg/store/citus.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/sharded_deletion.hpp"
#include "pg/store/suppressed.hpp"

namespace jwt_auth::pg {

namespace {

// A tombstone is a denial that never expires by itself. A token that has no end either may be denied as well: no tombstone is
// older than the keys that can verify it, and only then does delete_tombstones() take the row away.
Statement upsert_tombstone = {
    "INSERT INTO jwt_auth.denied_token AS d (user_key, token_id, issuer, denied_at, expires_at)"
    " VALUES ($1, $2, '', $3, 'infinity') ON CONFLICT (user_key, token_id) DO UPDATE"
    " SET denied_at = greatest(d.denied_at, EXCLUDED.denied_at)",
    {INT4OID, BYTEAOID, TIMESTAMPTZOID}};

#define SELECT_SPENT                                     \
  "SELECT user_key, token_id FROM jwt_auth.denied_token" \
  " WHERE expires_at = 'infinity' AND issuer = '' AND denied_at <= $1 LIMIT $2"
Statement delete_spent = {"DELETE FROM jwt_auth.denied_token WHERE (user_key, token_id) IN (" SELECT_SPENT
                          " FOR UPDATE SKIP LOCKED)",
                          {TIMESTAMPTZOID, INT8OID}};
ShardedDeletion delete_spent_of_shards = {
    {SELECT_SPENT, {TIMESTAMPTZOID, INT8OID}},
    {"SELECT FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2 FOR UPDATE SKIP LOCKED", {INT4OID, BYTEAOID}},
    {"DELETE FROM jwt_auth.denied_token WHERE user_key = $1 AND token_id = $2 AND denied_at <= $3",
     {INT4OID, BYTEAOID, TIMESTAMPTZOID}}};
#undef SELECT_SPENT

Statement select_tombstone = {
    "SELECT FROM jwt_auth.denied_token WHERE expires_at = 'infinity' AND issuer = '' AND denied_at > $1 LIMIT 1",
    {TIMESTAMPTZOID}};

enum class KeyColumn { kKeyId };
Query<KeyColumn> delete_keys = {"DELETE FROM jwt_auth.api_key WHERE user_key = $1 AND user_id = $2 RETURNING key_id",
                                {INT4OID, TEXTOID}};
// One whose row somebody holds, to note a use, goes with purge_expired().
Statement delete_use = {
    "DELETE FROM jwt_auth.api_key_use WHERE user_key = $2 AND key_id ="
    " (SELECT u.key_id FROM jwt_auth.api_key_use u WHERE u.key_id = $1 AND u.user_key = $2 FOR UPDATE SKIP LOCKED)",
    {UUIDOID, INT4OID}};

Statement clear_denials = {"UPDATE jwt_auth.denied_token SET reason = NULL WHERE user_key = $1 AND reason IS NOT NULL",
                           {INT4OID}};

#define CLEAR_OWN_EVENTS                                                                                          \
  "UPDATE jwt_auth.auth_event e SET user_id = NULL, user_key = NULL, session_id = NULL, actor = NULL, ip = NULL," \
  " user_agent = NULL, detail = NULL WHERE user_key = $1 AND user_id = $2"                                        \
  " AND NOT (event IN ('token_denied', 'token_consumed') AND "
Statement clear_own_events = {CLEAR_OWN_EVENTS
                              "EXISTS (SELECT FROM jwt_auth.trusted_issuer t"
                              " WHERE t.issuer = e.detail ->> 'issuer' AND t.subjects = 'foreign'))",
                              {INT4OID, TEXTOID}};
// Where the issuers are on several nodes and the audit is not.
Statement clear_own_events_of_issuers = {CLEAR_OWN_EVENTS "coalesce(e.detail ->> 'issuer' = ANY ($3), false))",
                                         {INT4OID, TEXTOID, TEXTARRAYOID}};
#undef CLEAR_OWN_EVENTS
enum class ForeignColumn { kIssuers };
Query<ForeignColumn> select_foreign_issuers = {
    "SELECT coalesce(array_agg(issuer::text), '{}') FROM jwt_auth.trusted_issuer WHERE subjects = 'foreign'", {}};

Statement clear_other_events = {
    "UPDATE jwt_auth.auth_event SET actor = NULL, detail = nullif(detail - 'actor', '{}') WHERE actor = $1", {TEXTOID}};

// What is told of a token names it, and the revocation of the user covers it if it is ours: nobody has to know whose it is.
Statement delete_told = {
    "WITH token AS (UPDATE jwt_auth.revocation SET user_id = NULL WHERE user_id = $1 AND kind = 'token')"
    " DELETE FROM jwt_auth.revocation WHERE user_id = $1 AND kind <> 'token'",
    {TEXTOID}};

enum class IssuerColumn { kIssuer };
Query<IssuerColumn> select_issuers_of_ours = {"SELECT issuer FROM jwt_auth.trusted_issuer WHERE subjects = 'ours'", {}};

enum class ImpersonatedColumn { kSessionId, kUserKey, kUserId };
Query<ImpersonatedColumn> delete_impersonations = {
    "DELETE FROM jwt_auth.refresh_session WHERE actor = $1 RETURNING session_id, user_key, user_id", {TEXTOID}};

Statement delete_account_row = {"DELETE FROM jwt_auth.account WHERE user_key = $1 AND issuer = $2 AND user_id = $3",
                                {INT4OID, TEXTOID, TEXTOID}};

// What a trigger has kept.
enum class LeftColumn { kTable };
Query<LeftColumn> select_left = {
    "SELECT 'refresh_session' WHERE EXISTS (SELECT FROM jwt_auth.refresh_session WHERE user_key = $1 AND user_id = $3)"
    " UNION ALL SELECT 'api_key' WHERE EXISTS (SELECT FROM jwt_auth.api_key WHERE user_key = $1 AND user_id = $3)"
    " UNION ALL SELECT 'account' WHERE EXISTS (SELECT FROM jwt_auth.account"
    " WHERE user_key = $1 AND issuer = $2 AND user_id = $3)",
    {INT4OID, TEXTOID, TEXTOID}};

}  // namespace

void write_tombstone(session::UserKey user_key, const TokenId &name, session::Micros forgotten_at) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user_key));
  add_bytes(parameters, name.data(), name.size());
  add_time(parameters, forgotten_at);
  if (execute(upsert_tombstone, parameters) == 0) raise_suppressed("denied_token");
}

std::uint64_t delete_api_keys_of(const UserRef &user) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  const Rows<KeyColumn> keys = execute_on_latest(delete_keys, parameters);
  for (std::uint64_t i = 0; i < keys.count(); i++) {
    Parameters use{};
    add(use, keys[i].value(KeyColumn::kKeyId));
    add(use, Int32GetDatum(user.user_key));
    execute_on_latest(delete_use, use);
  }
  return keys.count();
}

std::uint64_t clear_denials_of(session::UserKey user_key) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user_key));
  return execute_on_latest(clear_denials, parameters);
}

std::uint64_t clear_events_of(const UserRef &user) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  if (!is_distributed("trusted_issuer")) return execute_on_latest(clear_own_events, parameters);
  add(parameters, execute_latest(select_foreign_issuers, Parameters{})[0].value(ForeignColumn::kIssuers));
  return execute_on_latest(clear_own_events_of_issuers, parameters);
}

std::uint64_t clear_events_by(std::string_view actor) {
  Parameters parameters{};
  add_text(parameters, actor);
  return execute_on_latest(clear_other_events, parameters);
}

std::uint64_t delete_revocations_of(const UserRef &user) {
  Parameters parameters{};
  add_text(parameters, user.user_id);
  return execute_on_latest(delete_told, parameters);
}

IssuerList issuers_of_our_users() {
  const Rows<IssuerColumn> rows = execute_latest(select_issuers_of_ours, Parameters{});
  IssuerList list = {nullptr, rows.count()};
  list.issuers = static_cast<std::string_view *>(palloc(sizeof(std::string_view) * (rows.count() + 1)));
  for (std::uint64_t i = 0; i < rows.count(); i++)
    list.issuers[i] = rows[i].text(IssuerColumn::kIssuer, CurrentMemoryContext).text;
  return list;
}

ImpersonatedList delete_sessions_by(std::string_view actor) {
  Parameters parameters{};
  add_text(parameters, actor);
  const Rows<ImpersonatedColumn> rows = execute_on_latest(delete_impersonations, parameters);
  ImpersonatedList list = {nullptr, rows.count()};
  list.sessions = static_cast<Impersonated *>(palloc(sizeof(Impersonated) * (rows.count() + 1)));
  for (std::uint64_t i = 0; i < rows.count(); i++)
    list.sessions[i] = {rows[i].uuid(ImpersonatedColumn::kSessionId), rows[i].int4(ImpersonatedColumn::kUserKey),
                        rows[i].text(ImpersonatedColumn::kUserId, CurrentMemoryContext).text};
  return list;
}

void delete_account(const UserRef &user) {
  Parameters parameters{};
  add_user(parameters, user);
  execute(delete_account_row, parameters);
  const Rows<LeftColumn> left = execute_latest(select_left, parameters);
  if (!left.empty()) raise_suppressed(copy_to(CurrentMemoryContext, left[0].bytes(LeftColumn::kTable)).data());
}

std::uint64_t delete_tombstones(session::Micros spent, std::int64_t size) {
  Parameters parameters{};
  add_time(parameters, spent);
  add(parameters, Int64GetDatum(size));
  if (is_distributed("denied_token")) return delete_one_by_one(delete_spent_of_shards, parameters);
  return execute(delete_spent, parameters);
}

bool tombstones_exist(session::Micros after) {
  Parameters parameters{};
  add_time(parameters, after);
  return execute_latest(select_tombstone, parameters) > 0;
}

}  // namespace jwt_auth::pg
