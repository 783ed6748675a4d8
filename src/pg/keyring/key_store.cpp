#include "pg/keyring/key_store.hpp"

#include "pg/keyring/key_events.hpp"
#include "pg/keyring/secret_statement.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <catalog/pg_class.h>
#include <storage/lmgr.h>
#include <tcop/utility.h>
}

namespace jwt_auth::pg {

namespace {

StoredKey found_key(std::uint64_t rows, MemoryContext context) {
  if (rows == 0) return StoredKey{};
  return {true, text_column(0, 1, context).text, text_column(0, 2, context).text, text_column(0, 3, context).text,
          text_column(0, 4, context)};
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

#define KEY_COLUMNS "kid, algorithm, state, public_jwk::text"

Statement select_key = {"SELECT " KEY_COLUMNS " FROM jwt_auth.signing_key WHERE kid = $1", 1, {TEXTOID}, nullptr};
Statement select_active_key = {"SELECT " KEY_COLUMNS " FROM jwt_auth.signing_key WHERE state = 'active'", 0, {}, nullptr};
Statement select_pending_key = {"SELECT " KEY_COLUMNS
                                " FROM jwt_auth.signing_key WHERE state = 'pending' AND ($1 IS NULL OR algorithm = $1)"
                                " ORDER BY created_at, kid LIMIT 1",
                                1,
                                {TEXTOID},
                                nullptr};
Statement select_private_part = {"SELECT private_jwk FROM jwt_auth.signing_key WHERE kid = $1", 1, {TEXTOID}, nullptr};
Statement lock_row = {"SELECT FROM jwt_auth.signing_key WHERE kid = $1 FOR NO KEY UPDATE", 1, {TEXTOID}, nullptr};
Statement insert_row = {
    "INSERT INTO jwt_auth.signing_key (kid, algorithm, state, public_jwk, private_jwk, created_at, activated_at, token_ttl)"
    " SELECT $1, $2, $3, $4::jsonb, secret, $5, $6, $7 FROM " ARRIVING_SECRET " ON CONFLICT DO NOTHING",
    7,
    {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID},
    nullptr};
// Others sign with the old key until they hear of the commit, which comes after the time was taken.
#define COMMIT_GRACE " + interval '10 seconds'"

Statement demote_row = {
    "UPDATE jwt_auth.signing_key SET state = 'verify_only', rotated_at = $2,"
    " verify_until = greatest($2 + make_interval(secs => greatest(token_ttl, $3)), tokens_until) + make_interval(secs => "
    "$4)" COMMIT_GRACE " WHERE kid = $1 AND state = 'active'",
    4,
    {TEXTOID, TIMESTAMPTZOID, INT4OID, INT4OID},
    nullptr};
Statement activate_row = {
    "UPDATE jwt_auth.signing_key SET state = 'active', activated_at = $2, token_ttl = $3"
    " WHERE kid = $1 AND state = 'pending'",
    3,
    {TEXTOID, TIMESTAMPTZOID, INT4OID},
    nullptr};
Statement retire_row = {
    "UPDATE jwt_auth.signing_key SET state = 'retired', retired_at = $2, private_jwk = NULL"
    " WHERE kid = $1 AND state <> 'retired'",
    2,
    {TEXTOID, TIMESTAMPTZOID},
    nullptr};
Statement store_private = {"UPDATE jwt_auth.signing_key SET private_jwk = secret FROM " ARRIVING_SECRET " WHERE kid = $1",
                           {TEXTOID}};
// A transaction that rotates and then stays open for long.
Statement verify_longer = {
    "UPDATE jwt_auth.signing_key SET verify_until ="
    " greatest(verify_until,"
    " greatest($2 + make_interval(secs => greatest(token_ttl, $3)), tokens_until) + make_interval(secs => $4)" COMMIT_GRACE
    ")"
    " WHERE kid = $1 AND state = 'verify_only' AND (verify_until IS NULL OR rotated_at < $2 - interval '1 second')",
    4,
    {TEXTOID, TIMESTAMPTZOID, INT4OID, INT4OID},
    nullptr};
Statement select_run_out_keys = {
    "SELECT kid FROM jwt_auth.signing_key WHERE state = 'verify_only' AND verify_until < $1 ORDER BY kid",
    1,
    {TIMESTAMPTZOID},
    nullptr};

}  // namespace

OwnerScope begin_keyring_change() {
  // The lock below would refuse as well on a standby, but in words about locks.
  PreventCommandIfReadOnly("a change of the keyring");
  const Oid table = table_oid("signing_key");
  // An object lock on a relation's name is nobody else's: relations themselves are locked otherwise.
  LockDatabaseObject(RelationRelationId, table, 0, ExclusiveLock);
  const OwnerScope scope = enter_owner("signing_key");
  SPI_connect();
  return scope;
}

void end_keyring_change(const OwnerScope &scope) {
  SPI_finish();
  leave_owner(scope);
}

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
  if (execute_latest(select_private_part, parameters) == 0) return {false, {}};
  const OptionalText copy = text_column(0, 1, context);
  cleanse_column(0, 1);
  return copy;
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
  if (execute_with_secret(insert_row, parameters, key.private_jwk.view()) == 1) return;
  if (find_key(key.kid.view(), CurrentMemoryContext).found) raise_error({ErrorCode::kDuplicateKey, nullptr});
  raise_serialization_failure();
}

void demote_key(std::string_view kid, TimestampTz now) {
  Parameters parameters{};
  add_text(parameters, kid);
  add(parameters, TimestampTzGetDatum(now));
  add(parameters, Int32GetDatum(settings::access_token_ttl));
  add(parameters, Int32GetDatum(settings::leeway));
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
  Parameters parameters{};
  add_text(parameters, kid);
  add(parameters, TimestampTzGetDatum(GetCurrentTimestamp()));
  add(parameters, Int32GetDatum(settings::access_token_ttl));
  add(parameters, Int32GetDatum(settings::leeway));
  const OwnerScope scope = enter_owner("signing_key");
  SPI_connect();
  execute(verify_longer, parameters);
  SPI_finish();
  leave_owner(scope);
}

bool has_run_out_keys() {
  Parameters parameters{};
  add(parameters, TimestampTzGetDatum(GetCurrentTimestamp()));
  const OwnerScope scope = enter_owner("signing_key");
  SPI_connect();
  const bool found = execute_latest(select_run_out_keys, parameters) > 0;
  SPI_finish();
  leave_owner(scope);
  return found;
}

int retire_run_out_keys() {
  // The lock only if there is something to do: a clean-up should not wait for a rotation in an open transaction.
  if (!has_run_out_keys()) return 0;
  MemoryContext caller = CurrentMemoryContext;
  const TimestampTz now = GetCurrentTimestamp();
  const OwnerScope scope = begin_keyring_change();
  Parameters parameters{};
  add(parameters, TimestampTzGetDatum(now));
  const std::uint64_t count = execute_latest(select_run_out_keys, parameters);
  auto *kids = static_cast<std::string_view *>(MemoryContextAlloc(caller, sizeof(std::string_view) * (count + 1)));
  for (std::uint64_t i = 0; i < count; i++) kids[i] = text_column(i, 1, caller).text;
  for (std::uint64_t i = 0; i < count; i++) {
    retire_key(kids[i], now);
    record_key_event(session::Event::kKeyRetired, kids[i], now);
  }
  end_keyring_change(scope);
  return static_cast<int>(count);
}

}  // namespace jwt_auth::pg

// Sessions whose library is of version 1 let their statements call it.
JWT_AUTH_FUNCTION(jwt_auth_private_jwk_in_transit) {
  (void)fcinfo;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("private_jwk_in_transit() is for the statements of versions before 2.0")));
}
