#include "pg/keyring/stored_key.hpp"

#include <algorithm>

#include "pg/keyring/add_key.hpp"
#include "pg/keyring/secret_statement.hpp"
#include "pg/keyring/token_lifetime.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

enum class KeyColumn { kKid, kAlgorithm, kState, kPublicJwk };
#define KEY_COLUMNS "kid, algorithm, state, public_jwk::text"

Query<KeyColumn> select_key = {"SELECT " KEY_COLUMNS " FROM jwt_auth.signing_key WHERE kid = $1", {TEXTOID}};
Query<KeyColumn> select_active_key = {"SELECT " KEY_COLUMNS " FROM jwt_auth.signing_key WHERE state = 'active'", {}};
Query<KeyColumn> select_pending_key = {
    "SELECT " KEY_COLUMNS
    " FROM jwt_auth.signing_key WHERE state = 'pending' AND ($1 IS NULL OR algorithm = $1) ORDER BY created_at, kid LIMIT 1",
    {TEXTOID}};

enum class PrivateColumn { kPrivateJwk };
Query<PrivateColumn> select_private_part = {"SELECT private_jwk FROM jwt_auth.signing_key WHERE kid = $1", {TEXTOID}};
enum class KidColumn { kKid };
Query<KidColumn> select_private_keys = {
    "SELECT kid FROM jwt_auth.signing_key WHERE private_jwk IS NOT NULL ORDER BY created_at, kid", {}};

Statement lock_row = {"SELECT FROM jwt_auth.signing_key WHERE kid = $1 FOR NO KEY UPDATE", {TEXTOID}};
#define INSERT_KEY(columns, values)                                                                                            \
  {                                                                                                                            \
    "signing_key",                                                                                                             \
        {"INSERT INTO jwt_auth.signing_key (kid, algorithm, state, public_jwk, private_jwk, created_at, activated_at," columns \
         ") SELECT $1, $2, $3, $4::jsonb, secret, $5, $6," values " FROM " ARRIVING_SECRET " ON CONFLICT DO NOTHING",          \
         {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID}},                                       \
        {"INSERT INTO jwt_auth.signing_key (kid, algorithm, state, public_jwk, private_jwk, created_at, activated_at," columns \
         ") VALUES ($1, $2, $3, $4::jsonb, $8, $5, $6," values ") ON CONFLICT DO NOTHING",                                     \
         {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID, TEXTOID}},                              \
  }
SecretStatement insert_row = INSERT_KEY(" token_ttl, imported", " $7, false");
SecretStatement insert_row_of_version_1 = INSERT_KEY(" token_ttl", " $7");
#undef INSERT_KEY

// What a demotion and its end are worked out from. They are worked out here and not in the UPDATE: its every node would do it.
enum class LockedColumn { kTokenTtl, kTokensUntil };
#define LOCK_LIFETIMES(state) \
  "SELECT token_ttl, tokens_until FROM jwt_auth.signing_key WHERE kid = $1 AND state = '" state "' FOR NO KEY UPDATE"
Query<LockedColumn> lock_active = {LOCK_LIFETIMES("active"), {TEXTOID}};
Query<LockedColumn> lock_demoted = {LOCK_LIFETIMES("verify_only"), {TEXTOID}};
#undef LOCK_LIFETIMES

Statement demote_row = {
    "UPDATE jwt_auth.signing_key SET state = 'verify_only', rotated_at = $2, token_ttl = $3, tokens_until = $4,"
    " verify_until = $5 WHERE kid = $1 AND state = 'active'",
    {TEXTOID, TIMESTAMPTZOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID}};
Statement activate_row = {
    "UPDATE jwt_auth.signing_key SET state = 'active', activated_at = $2, token_ttl = $3 WHERE kid = $1 AND state = 'pending'",
    {TEXTOID, TIMESTAMPTZOID, INT4OID}};
Statement retire_row = {
    "UPDATE jwt_auth.signing_key SET state = 'retired', retired_at = $2, private_jwk = NULL"
    " WHERE kid = $1 AND state <> 'retired'",
    {TEXTOID, TIMESTAMPTZOID}};
SecretStatement store_private = {
    "signing_key",
    {"UPDATE jwt_auth.signing_key SET private_jwk = secret FROM " ARRIVING_SECRET " WHERE kid = $1", {TEXTOID}},
    {"UPDATE jwt_auth.signing_key SET private_jwk = $2 WHERE kid = $1", {TEXTOID, TEXTOID}}};
// A transaction that rotates and then stays open for long.
Statement verify_longer = {
    "UPDATE jwt_auth.signing_key SET verify_until = greatest(verify_until, $3)"
    " WHERE kid = $1 AND state = 'verify_only' AND (verify_until IS NULL OR rotated_at < $2)",
    {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

// A key that was demoted before, and made active again by hand. The column is not there before version 2.0.
Statement forget_sight = {
    "UPDATE jwt_auth.signing_key SET rotation_seen_at = NULL"
    " WHERE kid = $1 AND state = 'verify_only' AND rotation_seen_at IS NOT NULL",
    {TEXTOID}};

StoredKey found_key(const Rows<KeyColumn> &rows, MemoryContext context) {
  if (rows.empty()) return StoredKey{};
  const auto row = rows[0];
  return {true, row.text(KeyColumn::kKid, context).text, row.text(KeyColumn::kAlgorithm, context).text,
          row.text(KeyColumn::kState, context).text, row.text(KeyColumn::kPublicJwk, context)};
}

// The row is not, or not so, in the transaction's snapshot.
[[noreturn]] void raise_serialization_failure() {
  ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                  errmsg("could not serialize access due to concurrent change of the keyring"),
                  errhint("The transaction might succeed if retried.")));
  pg_unreachable();
}

void change_row(Statement &statement, const Parameters &parameters) {
  if (execute(statement, parameters) != 1) raise_serialization_failure();
}

TokenLifetime lifetime_of(const Row<LockedColumn> &row, std::string_view kid) {
  return committed_lifetime(kid, {row.int4(LockedColumn::kTokenTtl), row.timestamp_or(LockedColumn::kTokensUntil, DT_NOBEGIN)});
}

// When the tokens run out that are signed until then.
TimestampTz end_of_tokens(const TokenLifetime &lifetime, TimestampTz signed_until) {
  // Others sign with the old key until they hear of the commit, which comes after the time was taken.
  constexpr std::int32_t kCommitGrace = 10;
  return end_after(std::max(end_after(signed_until, lifetime.ttl), lifetime.until), settings::leeway + kCommitGrace);
}

}  // namespace

StoredKey find_key(std::string_view kid, MemoryContext context) {
  Parameters parameters{};
  add_text(parameters, kid);
  return found_key(execute_latest(select_key, parameters), context);
}

StoredKey find_active_key(MemoryContext context) { return found_key(execute_latest(select_active_key, Parameters{}), context); }

StoredKey find_pending_key(const OptionalText &algorithm, MemoryContext context) {
  Parameters parameters{};
  add_optional(parameters, algorithm);
  return found_key(execute_latest(select_pending_key, parameters), context);
}

OptionalText private_part_of(std::string_view kid, MemoryContext context) {
  Parameters parameters{};
  add_text(parameters, kid);
  const auto rows = execute_latest(select_private_part, parameters);
  if (rows.empty()) return {false, {}};
  const OptionalText copy = rows[0].text(PrivateColumn::kPrivateJwk, context);
  rows[0].cleanse(PrivateColumn::kPrivateJwk);
  return copy;
}

Kids keys_with_private_part(MemoryContext context) {
  const auto rows = execute_latest(select_private_keys, Parameters{});
  auto *kids = static_cast<std::string_view *>(MemoryContextAlloc(context, sizeof(std::string_view) * (rows.count() + 1)));
  for (std::uint64_t i = 0; i < rows.count(); i++) kids[i] = rows[i].text(KidColumn::kKid, context).text;
  return {kids, rows.count()};
}

void insert_key(const NewKey &key, bool active, TimestampTz now) {
  Parameters parameters{};
  add_text(parameters, key.kid.view());
  add_text(parameters, key.algorithm.view());
  add(parameters, CStringGetTextDatum(active ? "active" : "pending"));
  add_optional(parameters, {key.has_public, key.public_jwk.view()});
  add(parameters, TimestampTzGetDatum(now));
  add_nullable(parameters, TimestampTzGetDatum(now), !active);
  add(parameters, Int32GetDatum(settings::access_token_ttl));
  SecretStatement &insert = has_column("signing_key", "imported") ? insert_row : insert_row_of_version_1;
  if (execute_with_secret(insert, parameters, key.private_jwk.view()) == 1) return;
  if (find_key(key.kid.view(), CurrentMemoryContext).found) raise_error({ErrorCode::kDuplicateKey, nullptr});
  raise_serialization_failure();
}

void demote_key(std::string_view kid, TimestampTz now) {
  Parameters parameters{};
  add_text(parameters, kid);
  const Rows<LockedColumn> rows = execute(lock_active, parameters);
  if (rows.empty()) raise_serialization_failure();
  const TokenLifetime lifetime = lifetime_of(rows[0], kid);
  add(parameters, TimestampTzGetDatum(now));
  add(parameters, Int32GetDatum(lifetime.ttl));
  add_nullable(parameters, TimestampTzGetDatum(lifetime.until), TIMESTAMP_IS_NOBEGIN(lifetime.until));
  add(parameters, TimestampTzGetDatum(end_of_tokens(lifetime, now)));
  change_row(demote_row, parameters);
}

void activate_key(std::string_view kid, TimestampTz now) {
  Parameters parameters{};
  add_text(parameters, kid);
  add(parameters, TimestampTzGetDatum(now));
  add(parameters, Int32GetDatum(settings::access_token_ttl));
  change_row(activate_row, parameters);
}

void retire_key(std::string_view kid, TimestampTz now) {
  Parameters parameters{};
  add_text(parameters, kid);
  add(parameters, TimestampTzGetDatum(now));
  change_row(retire_row, parameters);
}

void lock_key(std::string_view kid) {
  Parameters parameters{};
  add_text(parameters, kid);
  execute(lock_row, parameters);
}

void store_private_part(std::string_view kid, Bytes private_jwk) {
  Parameters parameters{};
  add_text(parameters, kid);
  if (execute_with_secret(store_private, parameters, private_jwk.view()) != 1) raise_serialization_failure();
}

void extend_verification(std::string_view kid) {
  as_owner("signing_key", [&](MemoryContext) {
    Parameters key{};
    add_text(key, kid);
    const Rows<LockedColumn> rows = execute(lock_demoted, key);
    const TimestampTz now = GetCurrentTimestamp();
    if (!rows.empty()) {
      Parameters parameters = key;
      add(parameters, TimestampTzGetDatum(now - USECS_PER_SEC));
      add(parameters, TimestampTzGetDatum(end_of_tokens(lifetime_of(rows[0], kid), now)));
      execute(verify_longer, parameters);
    }
    (void)keep_imported_key(kid);
    if (has_token_lifetimes()) execute(forget_sight, key);
  });
}

}  // namespace jwt_auth::pg

// Sessions whose library is of version 1 let their statements call it.
JWT_AUTH_FUNCTION(jwt_auth_private_jwk_in_transit) {
  (void)fcinfo;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("private_jwk_in_transit() is for the statements of versions before 2.0")));
}
