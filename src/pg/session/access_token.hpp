// The access token of a session.
#pragma once

#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "session/policy.hpp"

namespace jwt_auth::pg {

// The lifetimes that the settings give.
session::LifetimePolicy lifetime_policy();

// The names that an access token sets itself: a caller's claims can't have them.
bool is_reserved_claim(std::string_view name);
// Raises 22023 unless `claims` is an object without reserved names.
void check_session_claims(Jsonb *claims);
// The members of a claims object as JSON text without the braces, "" for none; reserved names are left out.
Bytes claim_members(Jsonb *claims);

struct AccessTokenRequest {
  std::string_view user_id;
  session::SessionId session_id;
  session::Micros now;
  session::Micros auth_time;  // of the log-in
  session::Micros idle_end;   // of the session; its absolute end is not earlier
  std::string_view claim_members;
  session::Client bound;  // what the session is bound to
  session::BindingPolicy binding;
};

struct AccessToken {
  Datum text;
  std::int64_t expires_at;  // seconds since 1970
};

// C++ phase, after prepare_to_sign_access_token(): signs it with the active key.
Result<AccessToken> MintAccessToken(const AccessTokenRequest &request);

}  // namespace jwt_auth::pg
