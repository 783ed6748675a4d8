// jwt_auth.imported_token: which session a refresh token of another system stands for.
#pragma once

#include <optional>

#include "pg/store/plans.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::pg {

// The session that a text was imported for. Nothing is looked up where nothing was ever imported: the table has no page then.
std::optional<session::SessionId> find_imported_session(std::string_view text);

// 23505 if the token was imported before and its session is still there. Inside as_owner(), after the session's row.
void insert_imported_token(const pg_uuid_t &session_id, session::UserKey user_key, std::string_view text);
// What was imported for a session that ends. Inside as_owner().
void delete_imported_token(const pg_uuid_t &session_id, session::UserKey user_key);

// Deletes up to so many rows whose session's row was deleted otherwise; answers how many. Inside as_owner().
std::uint64_t delete_orphaned_imports(std::int64_t size);

}  // namespace jwt_auth::pg
