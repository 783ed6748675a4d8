// The application's own function for the claims of an access token.
#pragma once

#include "pg/support/arguments.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// Whether jwt_auth.claims_function is set.
bool has_claims_function();

// What goes into an access token. Plain data.
struct TokenClaims {
  bool is_refused;           // by the application: there is to be no token
  std::string_view members;  // as claim_members() has them
};

// The claims of `stored` (a jsonb object, or none), or, where jwt_auth.claims_function is set, what that function makes of
// them: it is given {} where none are stored. By NULL it refuses.
//
// The function runs as its own owner under SECURITY_RESTRICTED_OPERATION, with a search_path of pg_catalog and pg_temp, and
// settings that it changes are undone. 42883 if there is none of that signature, 22004 if it is strict and an argument is NULL,
// 22023 if it does not answer an object; what it raises surfaces. Not inside SPI, and not as the tables' owner.
TokenClaims token_claims(std::string_view user_id, const pg_uuid_t &session_id, Datum stored, bool has_stored);

// 42501 within a security-restricted operation: a claims function can't issue or refresh.
void refuse_restricted_operation();

}  // namespace jwt_auth::pg
