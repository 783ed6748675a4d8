// The rows of denied_token that a verification looks for.
#pragma once

#include "pg/store/row_reader.hpp"
#include "session/refresh_token.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::pg {

// SHA-256 that names a token in the deny list.
using TokenId = session::Hash;

// For read_rows() with other rows of the user; the token is denied if it is found.
enum class DeniedColumn {};
RowOf<DeniedColumn> denied_row(session::UserKey user_key, const TokenId &token_id);

// A tombstone is a row of the same table that never expires by itself: its denied_at is when the user was forgotten.
enum class TombstoneColumn { kForgottenAt };
RowOf<TombstoneColumn> tombstone_row(session::UserKey user_key, const TokenId &name);

}  // namespace jwt_auth::pg
