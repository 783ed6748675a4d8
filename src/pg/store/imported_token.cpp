#include "pg/store/imported_token.hpp"

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
  if (!has_imported_tokens()) return;
  Parameters parameters{};
  add(parameters, UUIDPGetDatum(&session_id));
  add(parameters, Int32GetDatum(user_key));
  execute(delete_row, parameters);
}

std::uint64_t delete_orphaned_imports(std::int64_t size) {
  if (!has_imported_tokens()) return 0;
  Parameters parameters{};
  add(parameters, Int64GetDatum(size));
  return execute(delete_orphans, parameters);
}

}  // namespace jwt_auth::pg
