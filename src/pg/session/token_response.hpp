// The row that issue_refresh_session and refresh_session answer.
#pragma once

#include "pg/session/access_token.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/memory.hpp"
#include "pg/support/postgres.hpp"
#include "session/policy.hpp"

namespace jwt_auth::pg {

// A row of type token_response.
struct TokenResponse {
  session::Status status;
  bool has_tokens;
  Datum access_token;
  std::int64_t access_expires_at;  // seconds since 1970
  Bytes refresh_token;             // null: none; cleansed by response_datum
  session::Micros refresh_expires_at;
  const pg_uuid_t *session_id;  // null: unknown
  OptionalText user_id;
  const pg_uuid_t *evicted;
  int evicted_count;
};
Datum response_datum(FunctionCallInfo fcinfo, const TokenResponse &response);

}  // namespace jwt_auth::pg
