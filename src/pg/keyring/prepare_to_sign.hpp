// Before a token is signed: its key must not be retired before the token has run out. Postgres phase.
#pragma once

#include "jose/jwt/claims.hpp"

namespace jwt_auth::pg {

// Instead of refresh_keyring() before a signature, for a token that ends at `exp`. One that ends no later than what is recorded
// of the active key costs a comparison; another one is recorded, rarely. Where that can't be written (a standby, a read-only
// transaction) it is refused with 25006. Waits for nobody.
void prepare_to_sign(jose::Micros exp, jose::Micros now);
// The same for a token that ends with jwt_auth.access_token_ttl or before.
void prepare_to_sign_access_token(jose::Micros now);

}  // namespace jwt_auth::pg
