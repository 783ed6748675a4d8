#include "pg/store/api_key_store.hpp"

#include <sys/socket.h>

#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/suppressed.hpp"

extern "C" {
#include <utils/inet.h>
}

namespace jwt_auth::pg {

namespace {

using session::Micros;

Statement insert_key_row = {
    "INSERT INTO jwt_auth.api_key (key_id, user_key, user_id, name, scopes, allowed_from, claims, secret_hash, created_at,"
    " expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    {UUIDOID, INT4OID, TEXTOID, TEXTOID, TEXTARRAYOID, CIDRARRAYOID, JSONBOID, BYTEAOID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

// So that noting a use never inserts, and never waits for another insert.
Statement insert_use_row = {"INSERT INTO jwt_auth.api_key_use (key_id, user_key) VALUES ($1, $2)", {UUIDOID, INT4OID}};

enum class KeyColumn { kUserId, kScope, kAllowedFrom, kClaims, kSecretHash, kCreatedAt, kExpiresAt, kLastUsedAt };
Query<KeyColumn> select_key = {
    "SELECT k.user_id, array_to_string(k.scopes, ' '), k.allowed_from, k.claims, k.secret_hash, k.created_at, k.expires_at,"
    " u.last_used_at FROM jwt_auth.api_key k"
    " LEFT JOIN jwt_auth.api_key_use u ON u.key_id = k.key_id AND u.user_key = k.user_key"
    " WHERE k.key_id = $1 AND k.user_key = $2",
    {UUIDOID, INT4OID}};

Statement update_use = {
    "UPDATE jwt_auth.api_key_use SET last_used_at = $3 WHERE user_key = $2 AND key_id ="
    " (SELECT u.key_id FROM jwt_auth.api_key_use u WHERE u.key_id = $1 AND u.user_key = $2"
    " AND (u.last_used_at IS NULL OR u.last_used_at <= $4) FOR NO KEY UPDATE SKIP LOCKED)",
    {UUIDOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

enum class DeletedColumn { kUserId, kName };
Query<DeletedColumn> delete_key_row = {
    "DELETE FROM jwt_auth.api_key WHERE key_id = $1 AND user_key = $2 AND ($3 IS NULL OR user_id = $3)"
    " RETURNING user_id, name",
    {UUIDOID, INT4OID, TEXTOID}};

#define OF_USER_AFTER "FROM jwt_auth.api_key WHERE user_key = $1 AND user_id = $2 AND created_at > $3"
enum class UserKeyColumn { kKeyId, kName };
Query<UserKeyColumn> delete_after = {"DELETE " OF_USER_AFTER " RETURNING key_id, name", {INT4OID, TEXTOID, TIMESTAMPTZOID}};
Statement select_after = {"SELECT " OF_USER_AFTER " LIMIT 1", {INT4OID, TEXTOID, TIMESTAMPTZOID}};
#undef OF_USER_AFTER

// A transaction that noted a use and goes on must not delay a revocation: then purge_expired() removes the row.
Statement delete_use_row = {
    "DELETE FROM jwt_auth.api_key_use WHERE user_key = $2 AND key_id ="
    " (SELECT u.key_id FROM jwt_auth.api_key_use u WHERE u.key_id = $1 AND u.user_key = $2 FOR UPDATE SKIP LOCKED)",
    {UUIDOID, INT4OID}};

void add_key(Parameters &parameters, const pg_uuid_t &id, session::UserKey user_key) {
  add(parameters, UUIDPGetDatum(&id));
  add(parameters, Int32GetDatum(user_key));
}

session::Network network_of(const inet *value) {
  const bool is_v4 = ip_family(value) == PGSQL_AF_INET;
  const session::Address address =
      session::MakeAddress(is_v4 ? session::Address::Family::kV4 : session::Address::Family::kV6, ip_addr(value));
  // A network of IPv4 addresses mapped into IPv6 is the IPv4 network.
  const bool was_mapped = !is_v4 && address.family == session::Address::Family::kV4;
  const int prefix = was_mapped ? Max(ip_bits(value) - 96, 0) : ip_bits(value);
  return session::NetworkOf(address, prefix);
}

session::Hash hash_of(std::string_view bytes) {
  session::Hash hash;
  if (bytes.size() != hash.size())
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a hash in jwt_auth.api_key has the wrong length")));
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

}  // namespace

bool api_keys_exist() { return has_table("api_key"); }

Networks networks_of(Datum cidr_array, MemoryContext context) {
  Datum *values;
  bool *nulls;
  int count;
  deconstruct_array(DatumGetArrayTypeP(cidr_array), CIDROID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
  Networks result{nullptr, static_cast<std::size_t>(count)};
  result.networks = static_cast<session::Network *>(MemoryContextAlloc(context, sizeof(session::Network) * (count + 1)));
  for (int i = 0; i < count; i++) {
    if (nulls[i]) ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("allowed_from must not contain nulls")));
    result.networks[i] = network_of(DatumGetInetPP(values[i]));
  }
  return result;
}

void insert_api_key(const NewApiKey &key) {
  Parameters parameters{};
  add_key(parameters, key.id, key.user.user_key);
  Parameters use = parameters;
  add_text(parameters, key.user.user_id);
  add_text(parameters, key.name);
  add_nullable(parameters, key.scopes, !key.has_scopes);
  add_nullable(parameters, key.allowed_from, !key.has_allowed_from);
  add_nullable(parameters, key.claims, !key.has_claims);
  add_bytes(parameters, key.secret_hash.data(), key.secret_hash.size());
  add_time(parameters, key.created_at);
  add_nullable(parameters, TimestampTzGetDatum(timestamp_of(key.expires_at)), key.expires_at == session::kNever);
  if (execute(insert_key_row, parameters) == 0) raise_suppressed("api_key");
  if (execute(insert_use_row, use) == 0) raise_suppressed("api_key_use");
}

bool read_api_key(const pg_uuid_t &id, session::UserKey user_key, MemoryContext context, ApiKeyRow &row) {
  Parameters parameters{};
  add_key(parameters, id, user_key);
  const auto rows = execute_latest(select_key, parameters);
  if (rows.empty()) return false;
  const auto found = rows[0];
  row = ApiKeyRow{};
  row.id = id;
  row.user_key = user_key;
  row.user_id = found.text(KeyColumn::kUserId, context).text;
  row.scope = found.text(KeyColumn::kScope, context);
  row.has_claims = !found.is_null(KeyColumn::kClaims);
  if (row.has_claims) row.claims = copy_varlena_to(context, found.value(KeyColumn::kClaims));
  row.state.secret_hash = hash_of(found.bytes(KeyColumn::kSecretHash));
  row.state.created_at = found.time(KeyColumn::kCreatedAt);
  row.state.expires_at = found.time_or(KeyColumn::kExpiresAt, session::kNever);
  row.last_used_at = found.time_or(KeyColumn::kLastUsedAt, session::kNoCutoff);
  if (!found.is_null(KeyColumn::kAllowedFrom)) {
    const Networks networks = networks_of(found.value(KeyColumn::kAllowedFrom), context);
    row.state.allowed_from = networks.networks;
    row.state.allowed_from_count = networks.count;
  }
  return true;
}

bool use_is_due(const ApiKeyRow &row, Micros now) {
  return row.last_used_at == session::kNoCutoff || row.last_used_at <= now - session::kApiKeyUseGrain;
}

void note_use(const ApiKeyRow &row, Micros now) {
  Parameters parameters{};
  add_key(parameters, row.id, row.user_key);
  add_time(parameters, now);
  add_time(parameters, now - session::kApiKeyUseGrain);
  execute_on_latest(update_use, parameters);
}

DeletedUserKeys delete_api_keys_after(const UserRef &user, Micros time, MemoryContext context) {
  DeletedUserKeys deleted{};
  if (!api_keys_exist()) return deleted;
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.user_id);
  add_time(parameters, time);
  // Nearly always there is none.
  if (execute_latest(select_after, parameters) == 0) return deleted;
  const Rows<UserKeyColumn> rows = execute_on_latest(delete_after, parameters);
  deleted.keys = static_cast<DeletedUserKey *>(MemoryContextAlloc(context, sizeof(DeletedUserKey) * (rows.count() + 1)));
  for (; deleted.count < rows.count(); deleted.count++)
    deleted.keys[deleted.count] = {rows[deleted.count].uuid(UserKeyColumn::kKeyId),
                                   rows[deleted.count].text(UserKeyColumn::kName, context).text};
  for (std::uint64_t i = 0; i < deleted.count; i++) {
    Parameters use{};
    add_key(use, deleted.keys[i].id, user.user_key);
    execute_on_latest(delete_use_row, use);
  }
  if (execute_latest(select_after, parameters) > 0) raise_suppressed("api_key");
  return deleted;
}

DeletedApiKey delete_api_key(const pg_uuid_t &id, session::UserKey user_key, const OptionalText &user_id,
                             MemoryContext context) {
  Parameters parameters{};
  add_key(parameters, id, user_key);
  Parameters use = parameters;
  add_optional(parameters, user_id);
  const Rows<DeletedColumn> rows = execute_on_latest(delete_key_row, parameters);
  if (rows.empty()) return {};
  const Row<DeletedColumn> row = rows[0];
  const DeletedApiKey deleted = {true, row.text(DeletedColumn::kUserId, context).text,
                                 row.text(DeletedColumn::kName, context).text};
  execute_on_latest(delete_use_row, use);
  return deleted;
}

}  // namespace jwt_auth::pg
