#include "pg/store/account.hpp"

#include <algorithm>

#include "pg/store/owner.hpp"
#include "pg/store/row_writer.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <access/xact.h>
#include <storage/lmgr.h>
}

namespace jwt_auth::pg {

namespace {

using session::kNoCutoff;
using session::Micros;

// In the order of AccountColumn, which is also that of the statements that return these columns.
TableOf<AccountColumn> account_table = {"account",
                                        {{"user_key", INT4OID}, {"issuer", TEXTOID}, {"user_id", TEXTOID}},
                                        {{"not_before", TIMESTAMPTZOID, false, ColumnUse::kReadAndWritten},
                                         {"locked_until", TIMESTAMPTZOID, true},
                                         {"version", INT8OID, true},
                                         {"max_sessions", INT4OID},
                                         {"ip_binding", TEXTOID},
                                         {"fingerprint_binding", TEXTOID},
                                         {"last_login", TIMESTAMPTZOID, false, ColumnUse::kWritten}}};

enum class CutoffColumn { kNotBefore };

// For what change_row() leaves. An UPDATE that finds the account costs two thirds of the upsert, which is for the first time
// and for races. `lock` is for a row that a trigger kept from being written.
struct AccountQueries {
  constexpr AccountQueries(const char *update, const char *upsert, const char *read_locked) noexcept
      : update_login(update, {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}),
        upsert_login(upsert, {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}),
        lock(read_locked, {INT4OID, TEXTOID, TEXTOID}) {}
  Query<AccountColumn> update_login, upsert_login, lock;
};

#define OF_ACCOUNT " WHERE user_key = $1 AND issuer = $2 AND user_id = $3"
#define QUERIES_WITH(columns)                                                                             \
  "UPDATE jwt_auth.account a SET last_login = $4" OF_ACCOUNT " RETURNING " columns,                       \
      "INSERT INTO jwt_auth.account AS a (user_key, issuer, user_id, last_login) VALUES ($1, $2, $3, $4)" \
      " ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET last_login = EXCLUDED.last_login"           \
      " RETURNING " columns,                                                                              \
      "SELECT " columns " FROM jwt_auth.account a" OF_ACCOUNT " FOR NO KEY UPDATE"

AccountQueries queries(
    QUERIES_WITH("a.not_before, a.locked_until, a.version, a.max_sessions, a.ip_binding, a.fingerprint_binding"));
// For a database that has not been updated to 2.0 yet.
AccountQueries queries_before_version_2(
    QUERIES_WITH("a.not_before, NULL::timestamptz, 0::bigint, a.max_sessions, a.ip_binding, a.fingerprint_binding"));

#undef QUERIES_WITH
#undef OF_ACCOUNT

AccountQueries &account_queries() { return has_account_columns() ? queries : queries_before_version_2; }

Statement upsert_nothing = {
    "INSERT INTO jwt_auth.account AS a (user_key, issuer, user_id) VALUES ($1, $2, $3)"
    " ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET not_before = a.not_before",
    {INT4OID, TEXTOID, TEXTOID}};

Statement insert_account = {
    "INSERT INTO jwt_auth.account (user_key, issuer, user_id) VALUES ($1, $2, $3) ON CONFLICT (user_key, issuer, user_id) DO "
    "NOTHING",
    {INT4OID, TEXTOID, TEXTOID}};
Statement lock_shared = {"SELECT FROM jwt_auth.account WHERE user_key = $1 AND issuer = $2 AND user_id = $3 FOR SHARE",
                         {INT4OID, TEXTOID, TEXTOID}};

Query<CutoffColumn> update_cutoff = {
    "UPDATE jwt_auth.account SET not_before = greatest(not_before, $4)"
    " WHERE user_key = $1 AND issuer = $2 AND user_id = $3 RETURNING not_before",
    {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}};

Query<CutoffColumn> upsert_cutoff = {
    "INSERT INTO jwt_auth.account AS a (user_key, issuer, user_id, not_before) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET not_before = greatest(a.not_before, EXCLUDED.not_before)"
    " RETURNING a.not_before",
    {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}};

Statement update_lock = {"UPDATE jwt_auth.account SET locked_until = $4 WHERE user_key = $1 AND issuer = $2 AND user_id = $3",
                         {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}};

Query<CutoffColumn> update_unlocked = {
    "UPDATE jwt_auth.account SET not_before = greatest(not_before, $4), locked_until = NULL"
    " WHERE user_key = $1 AND issuer = $2 AND user_id = $3 AND locked_until > $4 RETURNING not_before",
    {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}};

Statement upsert_policy = {
    "INSERT INTO jwt_auth.account (user_key, issuer, user_id, max_sessions, ip_binding, fingerprint_binding)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET"
    " max_sessions = EXCLUDED.max_sessions, ip_binding = EXCLUDED.ip_binding,"
    " fingerprint_binding = EXCLUDED.fingerprint_binding",
    {INT4OID, TEXTOID, TEXTOID, INT4OID, TEXTOID, TEXTOID}};

// Whether the row says already what upsert_policy would write.
Statement select_same_policy = {
    "SELECT FROM jwt_auth.account WHERE user_key = $1 AND issuer = $2 AND user_id = $3"
    " AND max_sessions IS NOT DISTINCT FROM $4 AND ip_binding IS NOT DISTINCT FROM $5"
    " AND fingerprint_binding IS NOT DISTINCT FROM $6",
    {INT4OID, TEXTOID, TEXTOID, INT4OID, TEXTOID, TEXTOID}};

Account default_account() {
  Account account{};
  account.not_before = kNoCutoff;
  account.locked_until = kNoCutoff;
  account.binding = settings::Binding();
  return account;
}

// Of a row that was read or returned.
template <class Found>
Account account_of(const Found &row) {
  Account account = default_account();
  account.locked_until = row.time_or(AccountColumn::kLockedUntil, kNoCutoff);
  account.not_before = session::UserCutoff(row.time_or(AccountColumn::kNotBefore, kNoCutoff), account.locked_until);
  account.version = row.is_null(AccountColumn::kVersion) ? 0 : row.int8(AccountColumn::kVersion);
  if (!row.is_null(AccountColumn::kMaxSessions)) account.max_sessions = row.int4(AccountColumn::kMaxSessions);
  // The table's constraints admit only names that are known; an unknown one would be the strictest.
  if (!row.is_null(AccountColumn::kIpBinding))
    account.binding.ip = session::IpBindingNamed(row.bytes(AccountColumn::kIpBinding)).value_or(session::IpBinding::kExact);
  if (!row.is_null(AccountColumn::kFingerprintBinding))
    account.binding.fingerprint = session::FingerprintBindingNamed(row.bytes(AccountColumn::kFingerprintBinding))
                                      .value_or(session::FingerprintBinding::kExact);
  return account;
}

bool choose_login(const KeyedRow &, RowChange &change, void *now) {
  change.set(AccountColumn::kLastLogin, TimestampTzGetDatum(*static_cast<TimestampTz *>(now)));
  return true;
}

// A cutoff never moves back.
bool choose_cutoff(const KeyedRow &row, RowChange &change, void *not_before) {
  const auto &account = static_cast<const RowOf<AccountColumn> &>(row);
  Micros &cutoff = *static_cast<Micros *>(not_before);
  const Micros present = account.time_or(AccountColumn::kNotBefore, kNoCutoff);
  const bool is_later = present > cutoff;
  change.set(AccountColumn::kNotBefore,
             is_later ? account.value(AccountColumn::kNotBefore) : TimestampTzGetDatum(timestamp_of(cutoff)));
  cutoff = std::max(cutoff, present);
  return true;
}

// The row where a trigger kept it from being written: locked, so that whoever else writes it waits.
Row<AccountColumn> locked_account(const UserRef &user) {
  Parameters parameters{};
  add_user(parameters, user);
  const Rows<AccountColumn> rows = execute(account_queries().lock, parameters);
  if (rows.empty()) raise_suppressed("account");
  return rows[0];
}

}  // namespace

bool has_account_columns() { return has_column("account", "version"); }

void lock_sessions_first() { LockRelationOid(table_oid("refresh_session"), AccessShareLock); }

void add_user(Parameters &parameters, const UserRef &user) {
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.issuer);
  add_text(parameters, user.user_id);
}

Account touch_account(const UserRef &user, TimestampTz now) {
  lock_sessions_first();
  RowOf<AccountColumn> row = account_row(user);
  if (change_row(row, choose_login, &now)) return account_of(row);
  Parameters parameters{};
  add_user(parameters, user);
  add(parameters, TimestampTzGetDatum(now));
  AccountQueries &login = account_queries();
  Rows<AccountColumn> rows = execute(login.update_login, parameters);
  if (rows.empty()) rows = execute(login.upsert_login, parameters);
  if (!rows.empty()) return account_of(rows[0]);
  if (IsolationUsesXactSnapshot()) raise_suppressed("account");
  return account_of(locked_account(user));
}

void hold_account(const UserRef &user) {
  lock_sessions_first();
  Parameters parameters{};
  add_user(parameters, user);
  if (execute(upsert_nothing, parameters) == 0) (void)locked_account(user);
}

void share_account(const UserRef &user) {
  lock_sessions_first();
  Parameters parameters{};
  add_user(parameters, user);
  // It may be removed between the two.
  for (int attempt = 0; attempt < 10; attempt++) {
    const bool found = execute(lock_shared, parameters) > 0;
    SPI_freetuptable(SPI_tuptable);
    if (found) return;
    execute(insert_account, parameters);
  }
  raise_suppressed("account");
}

RowOf<AccountColumn> account_row(const UserRef &user) {
  return {account_table, {Int32GetDatum(user.user_key), text_datum(user.issuer), text_datum(user.user_id)}};
}

Account account_in(const RowOf<AccountColumn> &row) { return row.found ? account_of(row) : default_account(); }

Account read_account(const UserRef &user) {
  RowOf<AccountColumn> row = account_row(user);
  read_rows({&row}, ReadMode::kLatest);
  Account account = account_in(row);
  account.not_before = std::max(account.not_before, unpadded_cutoff(user));
  return account;
}

Micros unpadded_cutoff(const UserRef &user) {
  const std::string_view user_id = session::WithoutPadding(user.user_id);
  if (user_id.size() == user.user_id.size() || user_id.empty() || !user.issuer.empty()) return kNoCutoff;
  const session::UserKey key = value_or_raise([&]() -> Result<session::UserKey> { return session::UserKeyOf({}, user_id); });
  return read_account({key, {}, user_id}).not_before;
}

bool has_account(const UserRef &user) {
  RowOf<AccountColumn> row = account_row(user);
  read_rows({&row}, ReadMode::kLatest);
  return row.found;
}

Micros raise_cutoff(const UserRef &user, Micros not_before) {
  lock_sessions_first();
  RowOf<AccountColumn> row = account_row(user);
  Micros moved = not_before;
  if (change_row(row, choose_cutoff, &moved)) return moved;
  Parameters parameters{};
  add_user(parameters, user);
  add_time(parameters, not_before);
  Rows<CutoffColumn> rows = execute(update_cutoff, parameters);
  if (rows.empty()) rows = execute(upsert_cutoff, parameters);
  if (!rows.empty()) return rows[0].time(CutoffColumn::kNotBefore);
  // A trigger may suppress an UPDATE that changes nothing, since the cutoff is later already.
  const Micros holds = account_of(locked_account(user)).not_before;
  if (holds < not_before) raise_suppressed("account");
  return holds;
}

void write_lock(const UserRef &user, Micros until) {
  Parameters parameters{};
  add_user(parameters, user);
  add_time(parameters, until);
  if (execute(update_lock, parameters) == 0) raise_suppressed("account");
}

std::optional<Micros> remove_lock(const UserRef &user, Micros now) {
  lock_sessions_first();
  Parameters parameters{};
  add_user(parameters, user);
  add_time(parameters, now);
  Rows<CutoffColumn> rows = execute(update_unlocked, parameters);
  if (rows.empty()) {
    if (read_account(user).locked_until <= now) return std::nullopt;
    RowOf<AccountColumn> seen = account_row(user);
    read_rows({&seen}, ReadMode::kPlain);
    if (account_in(seen).locked_until <= now)
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                      errmsg("could not serialize access: the lock is newer than this transaction")));
    // It may have been committed since.
    rows = execute(update_unlocked, parameters);
  }
  if (rows.empty()) raise_suppressed("account");
  return rows[0].time(CutoffColumn::kNotBefore);
}

void write_user_policy(const UserRef &user, const UserPolicy &policy) {
  lock_sessions_first();
  Parameters parameters{};
  add_user(parameters, user);
  add_nullable(parameters, Int32GetDatum(policy.max_sessions), !policy.has_max_sessions);
  add_optional(parameters, policy.ip_binding);
  add_optional(parameters, policy.fingerprint_binding);
  if (execute(upsert_policy, parameters) == 0 && execute(select_same_policy, parameters) == 0) raise_suppressed("account");
}

}  // namespace jwt_auth::pg
