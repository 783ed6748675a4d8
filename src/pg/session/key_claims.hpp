// What an API key says of its bearer: as the identity of a transaction, and as an access token.
#pragma once

#include "pg/session/access_token.hpp"
#include "pg/store/api_key_store.hpp"
#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

// Plain data. `members` are those of the key's own claims, as claim_members() has them.
struct KeyClaims {
  std::string_view user_id;
  pg_uuid_t key_id;
  OptionalText scope;
  std::string_view members;
  session::Micros issued_at;
  session::Micros expires_at;  // kNever: no exp
};
KeyClaims key_claims(const ApiKeyRow &row);

// Postgres phase: the claims of a key that is presented itself, as jsonb.
Datum claims_of_key(const ApiKeyRow &row);

// C++ phase, after prepare_to_sign_access_token(): a short access token that is good while the key is. It has key_id and scope
// and, unlike a session's, neither sid nor auth_time.
Result<AccessToken> MintKeyToken(const KeyClaims &claims, session::Micros now);

}  // namespace jwt_auth::pg
