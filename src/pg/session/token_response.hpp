// What issue_refresh_session and refresh_session share: their arguments, and the row that they answer.
#pragma once

#include "pg/session/access_token.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/postgres.hpp"
#include "session/policy.hpp"

namespace jwt_auth::pg {

// The client of a call.
struct ClientArgument {
  Datum ip;
  bool has_ip;
  OptionalText user_agent;  // cut at 512 bytes
  session::Client client;
};
ClientArgument client_argument(FunctionCallInfo fcinfo, int ip, int user_agent, int fingerprint);

// A row of type token_response.
struct TokenResponse {
  const char *status;
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

pg_uuid_t uuid_of(const session::SessionId &id);
session::SessionId session_id_of(const pg_uuid_t &uuid);

}  // namespace jwt_auth::pg
