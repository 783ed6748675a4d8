#include "pg/keyring/server_secret.hpp"

#include "jose/json/json_writer.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/private_jwk.hpp"
#include "pg/keyring/secret_statement.hpp"
#include "pg/store/forgotten_user.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/relcache_changes.hpp"
#include "pg/store/rollback.hpp"
#include "pg/store/row_reader.hpp"
#include "session/challenge.hpp"

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>
}

namespace jwt_auth::pg {

namespace {

// What a sealed secret is named within its seal, so that no signing key's row passes for it. A kid is never empty.
constexpr std::string_view kSealName = "jwt_auth server secret";

// The backend's copy. Invalidations only count and clear; they may arrive at any time.
struct SecretCache {
  bool valid;
  SecretState state;
  Error error;  // of kUnreadable
  std::uint64_t invalidations;
  bool may_hold_own_changes;
  Oid table;
  TimestampTz loaded_with;
  unsigned char secret[session::kServerSecretSize];
};
SecretCache cache;

void on_relcache_invalidation(Oid relation) {
  if (OidIsValid(relation) && relation != cache.table) return;
  cache.valid = false;
  cache.invalidations++;
}

void on_rollback_of_changes() {
  if (cache.may_hold_own_changes) on_relcache_invalidation(InvalidOid);
}

enum class SecretColumn { kSecret };
TableOf<SecretColumn> secret_table = {"server_secret", {}, {{"secret", TEXTOID, false, ColumnUse::kSecret}}};
#define INSERT_SECRET "INSERT INTO jwt_auth.server_secret (created_at, secret) "
SecretStatement insert_secret = {
    "server_secret",
    {INSERT_SECRET "SELECT $1, secret FROM " ARRIVING_SECRET " ON CONFLICT DO NOTHING", {TIMESTAMPTZOID}},
    {INSERT_SECRET "VALUES ($1, $2) ON CONFLICT DO NOTHING", {TIMESTAMPTZOID, TEXTOID}}};
SecretStatement update_secret = {
    "server_secret",
    {"UPDATE jwt_auth.server_secret SET secret = arrived.secret FROM " ARRIVING_SECRET " AS arrived", {}},
    {"UPDATE jwt_auth.server_secret SET secret = $1", {TEXTOID}}};
#undef INSERT_SECRET

Result<Bytes> MakeStoredSecret() {
  const jose::SecretBytes random = jose::RandomBytes(session::kServerSecretSize);
  jose::SecretBytes jwk;
  jose::JsonWriter writer(jwk);
  writer.BeginObject();
  jose::AppendSecretMembers(jose::AsText(random), jwk);
  writer.EndObject();
  return StoredPrivateJwk(jose::AsText(jwk), kSealName);
}

// The bytes of a row, into the cache.
Result<void> OpenInto(std::string_view stored, unsigned char *secret) {
  constexpr Error kSpoilt{ErrorCode::kUnusableKey, "the server's secret is not a JWK of 32 bytes"};
  const auto jwk = OpenStoredSecret(stored, kSealName);
  if (!jwk) return jwk.error();
  const auto document = jose::ParseJsonObject(jose::AsText(*jwk));
  if (!document) return kSpoilt;
  const auto k = document->root().FindText("k");
  if (!k) return kSpoilt;
  jose::SecretBytes bytes;
  if (!jose::AppendDecodedBase64Url(*k, bytes) || bytes.size() != session::kServerSecretSize) return kSpoilt;
  std::memcpy(secret, bytes.data(), bytes.size());
  return {};
}

void take_secret(const KeyedRow &found, void *argument) {
  const auto &row = static_cast<const RowOf<SecretColumn> &>(found);
  *static_cast<OptionalText *>(argument) = {true, row.bytes(SecretColumn::kSecret)};
}

// The row as it is stored. cleanse_text() it.
OptionalText read_stored() {
  RowOf<SecretColumn> row = {secret_table, {}};
  const WholeTable table = {&row, take_secret};
  OptionalText stored{};
  read_tables(&table, 1, &stored);
  return stored;
}

bool table_is_there() {
  const Oid schema = get_namespace_oid("jwt_auth", true);
  cache.table = OidIsValid(schema) ? get_relname_relid("server_secret", schema) : InvalidOid;
  return OidIsValid(cache.table);
}

void load() {
  const std::uint64_t seen = cache.invalidations;
  cache.state = SecretState::kNone;
  if (!table_is_there()) return;
  const OptionalText stored = read_stored();
  if (stored.present) {
    const auto opened = Guard([&] { return OpenInto(stored.text, cache.secret); });
    cleanse_text(stored);
    // A want of memory says nothing of it.
    if (!opened.ok && opened.error.code != ErrorCode::kKeySealed && opened.error.code != ErrorCode::kUnusableKey)
      raise_error(opened.error);
    cache.state = opened.ok ? SecretState::kReadable : SecretState::kUnreadable;
    if (!opened.ok) cache.error = opened.error;
  }
  // One that can't be read is tried again at each use.
  cache.valid = cache.invalidations == seen && cache.state != SecretState::kUnreadable;
  cache.may_hold_own_changes = has_written();
  cache.loaded_with = PgReloadTime;
}

}  // namespace

void init_server_secret() {
  on_relcache_change(on_relcache_invalidation);
  on_rollback(on_rollback_of_changes);
}

SecretState server_secret_state() {
  AcceptInvalidationMessages();
  if (!cache.valid || cache.loaded_with != PgReloadTime) load();
  return cache.state;
}

bool find_server_secret() {
  const SecretState state = server_secret_state();
  if (state == SecretState::kUnreadable) raise_error(cache.error);
  return state == SecretState::kReadable;
}

void need_server_secret() {
  if (find_server_secret()) return;
  refresh_keyring();
  if (XactReadOnly || RecoveryInProgress() || IsInParallelMode())
    ereport(
        ERROR,
        (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION), errmsg("the server has no secret yet"),
         errhint(
             "Call jwt_auth.create_signing_key() or jwt_auth.proof_nonce() on the primary, in a transaction that may write.")));
  as_owner("server_secret", [](MemoryContext) { create_server_secret(); });
  CommandCounterIncrement();
  cache.valid = false;
  if (find_server_secret()) return;
  if (table_is_there() && as_owner("server_secret", [](MemoryContext) { return tombstones_exist(global_cutoff()); }))
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("the server has lost its secret"),
             errdetail("Users were forgotten under it: with a new one their tokens could not be told from those of others."),
             errhint("Copy the row of jwt_auth.server_secret from where the other tables come from. If there is none, call "
                     "jwt_auth.revoke_all_tokens(); if a clock ran ahead, once more when that time has come.")));
  elog(ERROR, "jwt_auth.server_secret has no row");
}

bool create_server_secret() {
  if (!table_is_there()) return false;
  const OptionalText former = read_stored();
  cleanse_text(former);
  if (former.present || tombstones_exist(global_cutoff())) return false;
  const Bytes stored = value_or_raise([] { return MakeStoredSecret(); });
  Parameters parameters{};
  add_time(parameters, now_micros());
  const bool created = execute_with_secret(insert_secret, parameters, stored.view()) == 1;
  cleanse(stored);
  return created;
}

void reseal_server_secret() {
  if (!table_is_there()) return;
  const OptionalText stored = read_stored();
  if (!stored.present) return;
  const auto resealed = Guard([&] { return ResealStoredSecret(stored.text, kSealName); });
  cleanse_text(stored);
  if (!resealed.ok && IsLost(resealed.error)) {
    const Bytes made = value_or_raise([] { return MakeStoredSecret(); });
    execute_with_secret(update_secret, Parameters{}, made.view());
    cleanse(made);
    refresh_keyring();
    const bool loses_tombstones = tombstones_exist(global_cutoff());
    ereport(WARNING, (errmsg("the secret of the server could not be opened and was replaced"),
                      errdetail("Nonces and challenges that were made under it are no longer good."),
                      loses_tombstones ? errhint("Tokens without a session of users who were forgotten may be good again: "
                                                 "jwt_auth.revoke_all_tokens() refuses them.")
                                       : 0));
    return;
  }
  if (!resealed.ok) raise_error(resealed.error);
  if (resealed.value.changed) execute_with_secret(update_secret, Parameters{}, resealed.value.private_jwk.view());
}

std::string_view ServerSecret() noexcept { return {reinterpret_cast<const char *>(cache.secret), sizeof(cache.secret)}; }

}  // namespace jwt_auth::pg
