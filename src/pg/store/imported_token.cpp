#include "pg/store/imported_token.hpp"

#include "pg/store/citus.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/row_reader.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

enum class TokenColumn { kSessionId };
TableOf<TokenColumn> token_table = {"imported_token", {{"token_hash", BYTEAOID}}, {{"session_id", UUIDOID}}};

Statement insert_row = {
    "INSERT INTO jwt_auth.imported_token (token_hash, session_id, user_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    {BYTEAOID, UUIDOID, INT4OID}};
Statement delete_row = {"DELETE FROM jwt_auth.imported_token WHERE session_id = $1 AND user_key = $2", {UUIDOID, INT4OID}};
Statement delete_orphans = {
    "DELETE FROM jwt_auth.imported_token WHERE token_hash IN (SELECT t.token_hash FROM jwt_auth.imported_token t"
    " WHERE NOT EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.session_id = t.session_id AND s.user_key = t.user_key)"
    " LIMIT $1 FOR UPDATE OF t SKIP LOCKED)",
    {INT8OID}};

// Where sessions are in shards: a part of the table, and which of its sessions there are.
enum class WalkColumn { kTokenHash, kSessionId };
Query<WalkColumn> select_tokens = {
    "SELECT token_hash, session_id FROM jwt_auth.imported_token WHERE token_hash > $1 ORDER BY token_hash LIMIT $2",
    {BYTEAOID, INT8OID}};
enum class SessionColumn { kSessionId };
Query<SessionColumn> select_sessions = {"SELECT session_id FROM jwt_auth.refresh_session WHERE session_id = ANY ($1)",
                                        {UUIDARRAYOID}};
Statement delete_token = {"DELETE FROM jwt_auth.imported_token WHERE token_hash = $1", {BYTEAOID}};

bool is_among(const pg_uuid_t &id, const Rows<SessionColumn> &sessions) {
  for (std::uint64_t i = 0; i < sessions.count(); i++) {
    const pg_uuid_t session = sessions[i].uuid(SessionColumn::kSessionId);
    if (std::memcmp(&session, &id, sizeof(id)) == 0) return true;
  }
  return false;
}

std::uint64_t delete_orphans_among(const Rows<WalkColumn> &tokens) {
  auto *ids = static_cast<Datum *>(palloc(sizeof(Datum) * tokens.count()));
  for (std::uint64_t i = 0; i < tokens.count(); i++) ids[i] = tokens[i].value(WalkColumn::kSessionId);
  Parameters parameters{};
  add(parameters,
      PointerGetDatum(construct_array(ids, static_cast<int>(tokens.count()), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR)));
  const Rows<SessionColumn> sessions = execute(select_sessions, parameters);
  std::uint64_t deleted = 0;
  for (std::uint64_t i = 0; i < tokens.count(); i++) {
    CHECK_FOR_INTERRUPTS();
    if (is_among(tokens[i].uuid(WalkColumn::kSessionId), sessions)) continue;
    Parameters token{};
    add(token, tokens[i].value(WalkColumn::kTokenHash));
    deleted += execute(delete_token, token);
  }
  sessions.free();
  return deleted;
}

void delete_orphans_of_shards(std::int64_t size) {
  const unsigned char nothing[1] = {};
  Datum after = bytes_datum(nothing, 0);
  for (;;) {
    Parameters parameters{};
    add(parameters, after);
    add(parameters, Int64GetDatum(size));
    const Rows<WalkColumn> tokens = execute(select_tokens, parameters);
    if (tokens.empty()) return;
    after = copy_varlena_to(CurrentMemoryContext, tokens[tokens.count() - 1].value(WalkColumn::kTokenHash));
    (void)delete_orphans_among(tokens);
    tokens.free();
  }
}

Datum hash_datum(std::string_view text) {
  const session::Hash hash = value_or_raise([&]() -> Result<session::Hash> { return session::HashOf(text); });
  return bytes_datum(hash.data(), hash.size());
}

bool has_imported_tokens() { return has_table("imported_token") && !is_surely_empty(token_table); }

}  // namespace

std::optional<session::SessionId> find_imported_session(std::string_view text) {
  if (text.empty() || text.size() > static_cast<std::size_t>(settings::max_token_size) || !has_imported_tokens())
    return std::nullopt;
  RowOf<TokenColumn> row = {token_table, {hash_datum(text)}};
  read_rows({&row}, ReadMode::kLatest);
  if (!row.found) return std::nullopt;
  return SessionIdOf(*DatumGetUUIDP(row.value(TokenColumn::kSessionId)));
}

void insert_imported_token(const pg_uuid_t &session_id, session::UserKey user_key, std::string_view text) {
  Parameters parameters{};
  add(parameters, hash_datum(text));
  add(parameters, UUIDPGetDatum(&session_id));
  add(parameters, Int32GetDatum(user_key));
  if (execute(insert_row, parameters) > 0) return;
  if (!find_imported_session(text)) raise_suppressed("imported_token");
  ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION), errmsg("the refresh token was imported before"),
                  errdetail("The session that it was imported for has not ended.")));
}

void delete_imported_token(const pg_uuid_t &session_id, session::UserKey user_key) {
  // Over all shards that would cost more than the log-out itself: purge_expired() does it.
  if (!has_imported_tokens() || is_distributed("imported_token")) return;
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&session_id));
  add(parameters, Int32GetDatum(user_key));
  execute(delete_row, parameters);
}

std::uint64_t delete_orphaned_imports(std::int64_t size) {
  if (!has_imported_tokens()) return 0;
  if (is_distributed("refresh_session")) {
    delete_orphans_of_shards(size);
    return 0;
  }
  Parameters parameters{};
  add(parameters, Int64GetDatum(size));
  return execute(delete_orphans, parameters);
}

}  // namespace jwt_auth::pg
