#include "pg/store/orphans.hpp"

#include <algorithm>

#include "pg/keyring/token_lifetime.hpp"
#include "pg/store/citus.hpp"
#include "pg/store/own_users.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/session_store.hpp"
#include "session/forgetting.hpp"

extern "C" {
#include <access/xact.h>
#include <storage/procarray.h>
}

namespace jwt_auth::pg {

namespace {

using session::kNoCutoff;
using session::Micros;

enum class KeyColumn { kKid, kActiveSince, kTokenTtl, kTokensUntil, kIsImported };
Query<KeyColumn> select_key_histories = {
    "SELECT kid, activated_at, token_ttl, tokens_until, imported IS NOT FALSE FROM jwt_auth.signing_key"
    " WHERE state IN ('active', 'verify_only') OR (state = 'pending' AND imported IS NOT FALSE)",
    {}};
Statement select_issuers_of_our_users = {"SELECT FROM jwt_auth.trusted_issuer WHERE subjects = 'ours' LIMIT 1", {}};

// An account that holds nothing. Whatever else comes to be kept in the row belongs into this condition. $4: spent_cutoffs();
// those of another issuer's users are kept, for nobody knows how long its tokens last.
#define HOLDS_NOTHING                                                                 \
  "a.max_sessions IS NULL AND a.ip_binding IS NULL AND a.fingerprint_binding IS NULL" \
  " AND (a.not_before IS NULL OR (a.issuer = '' AND a.not_before <= $4))"             \
  " AND NOT EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.user_key = a.user_key AND s.user_id = a.user_id)"
// The end of a lock is a cutoff of that moment.
#define HAS_NO_LOCK " AND (a.locked_until IS NULL OR a.locked_until <= $4)"
// A transaction that began before a change of the user's rights can't see it, nor the row that has raised the version if there
// was none before. While one runs, the version stays: a log-in of its would make the account anew, without one. $5:
// age_of_spent_versions().
#define VERSION_IS_SEEN " AND (a.version = 0 OR age(a.xmin) > $5)"
#define HAS_NO_API_KEY \
  " AND NOT EXISTS (SELECT FROM jwt_auth.api_key k WHERE k.user_key = a.user_key AND k.user_id = a.user_id)"
#define SELECT_ACCOUNTS(condition)                                                  \
  "SELECT a.user_key, a.issuer, a.user_id, " condition                              \
  " FROM jwt_auth.account a WHERE (a.user_key, a.issuer, a.user_id) > ($1, $2, $3)" \
  " ORDER BY a.user_key, a.issuer, a.user_id LIMIT $6"
#define DELETE_ACCOUNT(condition) \
  "DELETE FROM jwt_auth.account a WHERE a.user_key = $1 AND a.issuer = $2 AND a.user_id = $3 AND " condition

enum class WalkColumn { kUserKey, kIssuer, kUserId, kHoldsNothing };

// The statements of a database, with API keys or, in version 1, without.
struct AccountStatements {
  Query<WalkColumn> select;
  Statement remove;
};
AccountStatements statements = {{SELECT_ACCOUNTS(HOLDS_NOTHING HAS_NO_LOCK VERSION_IS_SEEN HAS_NO_API_KEY),
                                 {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID, INT8OID}},
                                {DELETE_ACCOUNT(HOLDS_NOTHING HAS_NO_LOCK VERSION_IS_SEEN HAS_NO_API_KEY),
                                 {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID}}};
// Where accounts are in shards, the transactions of one node do not say what those of another see: a version stays.
#define HAS_NO_VERSION " AND a.version = 0 AND $5 IS NOT NULL"
AccountStatements statements_of_shards = {{SELECT_ACCOUNTS(HOLDS_NOTHING HAS_NO_LOCK HAS_NO_VERSION HAS_NO_API_KEY),
                                           {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID, INT8OID}},
                                          {DELETE_ACCOUNT(HOLDS_NOTHING HAS_NO_LOCK HAS_NO_VERSION HAS_NO_API_KEY),
                                           {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID}}};
#undef HAS_NO_VERSION
AccountStatements statements_of_version_1 = {
    {SELECT_ACCOUNTS(HOLDS_NOTHING), {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID, INT8OID}},
    {DELETE_ACCOUNT(HOLDS_NOTHING), {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID}}};

#undef DELETE_ACCOUNT
#undef SELECT_ACCOUNTS
#undef HAS_NO_API_KEY
#undef VERSION_IS_SEEN
#undef HAS_NO_LOCK
#undef HOLDS_NOTHING

Statement lock_account = {
    "SELECT FROM jwt_auth.account WHERE user_key = $1 AND issuer = $2 AND user_id = $3"
    " FOR UPDATE SKIP LOCKED",
    {INT4OID, TEXTOID, TEXTOID}};

// A log-in writes its account's row first. So once the row is locked here, the log-ins before it can be seen, by a statement
// that begins after the lock, and those that come wait; they find the row gone and make it anew. False if the row was left.
bool remove_account(Statement &remove, const UserRef &user, Micros spent, std::int32_t seen) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.issuer);
  add_text(parameters, user.user_id);
  if (execute(lock_account, parameters) == 0) return false;
  SPI_freetuptable(SPI_tuptable);
  add_time(parameters, spent);
  add(parameters, Int32GetDatum(seen));
  return execute(remove, parameters) > 0;
}

AccountStatements &account_statements() {
  if (!has_table("api_key")) return statements_of_version_1;
  return is_distributed("account") ? statements_of_shards : statements;
}

bool trusts_issuers_of_our_users() {
  return has_column("trusted_issuer", "subjects") && execute_latest(select_issuers_of_our_users, Parameters{}) > 0;
}

// As age(xid) counts: versions in rows that are older are asked for by nobody. Every transaction that runs sees such a row. A
// token of another issuer for a user of ours is judged by the version for as long as the issuer likes: then none is old enough.
std::int32_t age_of_spent_versions() {
  if (trusts_issuers_of_our_users()) return PG_INT32_MAX;
  const TransactionId oldest = GetOldestNonRemovableTransactionId(nullptr);
  return static_cast<std::int32_t>(GetStableLatestTransactionId() - oldest);
}

enum class DataColumn { kSessionId, kUserKey, kIsOrphan };
#define HAS_NO_SESSION \
  "NOT EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.session_id = d.session_id AND s.user_key = d.user_key)"
Query<DataColumn> select_data = {"SELECT d.session_id, d.user_key, " HAS_NO_SESSION
                                 " FROM jwt_auth.session_data d WHERE (d.session_id, d.user_key) > ($1, $2)"
                                 " ORDER BY d.session_id, d.user_key LIMIT $3",
                                 {UUIDOID, INT4OID, INT8OID}};
Statement lock_data = {"SELECT FROM jwt_auth.session_data WHERE session_id = $1 AND user_key = $2 FOR UPDATE SKIP LOCKED",
                       {UUIDOID, INT4OID}};
Statement delete_data = {"DELETE FROM jwt_auth.session_data d WHERE session_id = $1 AND user_key = $2 AND " HAS_NO_SESSION,
                         {UUIDOID, INT4OID}};
#undef HAS_NO_SESSION

bool remove_data(const pg_uuid_t &session_id, session::UserKey user_key) {
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&session_id));
  add(parameters, Int32GetDatum(user_key));
  if (execute(lock_data, parameters) == 0) return false;
  SPI_freetuptable(SPI_tuptable);
  return execute(delete_data, parameters) > 0;
}

}  // namespace

Micros spent_cutoffs(Micros now) {
  if (!has_column("signing_key", "imported") || trusts_issuers_of_our_users()) return kNoCutoff;
  const auto rows = execute_latest(select_key_histories, Parameters{});
  auto *keys = static_cast<session::KeyHistory *>(palloc(sizeof(session::KeyHistory) * (rows.count() + 1)));
  for (std::uint64_t i = 0; i < rows.count(); i++) {
    const TokenLifetime recorded = longest_lifetime(rows[i].bytes(KeyColumn::kKid));
    keys[i] = {rows[i].time_or(KeyColumn::kActiveSince, kNoCutoff),
               std::max(rows[i].int4(KeyColumn::kTokenTtl), recorded.ttl) * session::kMicrosPerSecond,
               std::max(rows[i].time_or(KeyColumn::kTokensUntil, kNoCutoff), micros_of(recorded.until)),
               rows[i].boolean(KeyColumn::kIsImported)};
  }
  return session::SpentCutoffs(keys, rows.count(), now, kLongestLeeway);
}

AccountBatch sweep_accounts(AccountWalk &walk, std::int64_t size, Micros now, MemoryContext context) {
  AccountStatements &use = account_statements();
  const Micros spent = spent_cutoffs(now);
  const std::int32_t seen = age_of_spent_versions();
  if (!walk.started) walk = {true, PG_INT32_MIN, {}, {}};
  Parameters parameters{};
  add(parameters, Int32GetDatum(walk.user_key));
  add_text(parameters, walk.issuer);
  add_text(parameters, walk.user_id);
  add_time(parameters, spent);
  add(parameters, Int32GetDatum(seen));
  add(parameters, Int64GetDatum(size));
  const auto rows = execute(use.select, parameters);

  AccountBatch result{};
  result.more = rows.count() == static_cast<std::uint64_t>(size);
  for (std::uint64_t i = 0; i < rows.count(); i++) {
    CHECK_FOR_INTERRUPTS();
    const UserRef user = {rows[i].int4(WalkColumn::kUserKey), rows[i].bytes(WalkColumn::kIssuer),
                          rows[i].bytes(WalkColumn::kUserId)};
    // Somebody of another server who acts for a user of this one is revoked by this row.
    const bool may_act_here = user.issuer.empty() && !is_own_user_key(user.user_key);
    if (may_act_here || !rows[i].boolean(WalkColumn::kHoldsNothing)) continue;
    result.batch.seen++;
    if (!remove_account(use.remove, user, spent, seen)) result.batch.left++;
  }
  if (result.more) {
    const auto last = rows[rows.count() - 1];
    walk.user_key = last.int4(WalkColumn::kUserKey);
    walk.issuer = last.text(WalkColumn::kIssuer, context).text;
    walk.user_id = last.text(WalkColumn::kUserId, context).text;
  }
  return result;
}

DataBatch sweep_session_data(DataWalk &walk, std::int64_t size) {
  if (!walk.started) walk = {true, {}, PG_INT32_MIN};
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&walk.session_id));
  add(parameters, Int32GetDatum(walk.user_key));
  add(parameters, Int64GetDatum(size));
  const auto rows = execute(select_data, parameters);

  DataBatch result{};
  result.more = rows.count() == static_cast<std::uint64_t>(size);
  for (std::uint64_t i = 0; i < rows.count(); i++) {
    CHECK_FOR_INTERRUPTS();
    if (!rows[i].boolean(DataColumn::kIsOrphan)) continue;
    result.batch.seen++;
    if (!remove_data(rows[i].uuid(DataColumn::kSessionId), rows[i].int4(DataColumn::kUserKey))) result.batch.left++;
  }
  if (result.more) {
    walk.session_id = rows[rows.count() - 1].uuid(DataColumn::kSessionId);
    walk.user_key = rows[rows.count() - 1].int4(DataColumn::kUserKey);
  }
  return result;
}

}  // namespace jwt_auth::pg
