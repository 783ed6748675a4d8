// Before a token is signed: its key must not be retired before the token has run out. Postgres phase.
#pragma once

#include "jose/jwt/claims.hpp"

namespace jwt_auth::pg {

// Instead of refresh_keyring() before a signature, for a token that is issued at `now` and ends at `exp`. One that ends no
// later than what is recorded of the active key costs a comparison: false, and it can be signed. Another one is recorded,
// rarely: true, and the caller reads the clock and asks again. For what is forgotten when the last token has run out
// (revocations().until) counts the tokens whose lifetime is recorded by then, so a token must not be older than its record; and
// the key may have been rotated meanwhile. Where it can't be recorded (a standby, a read-only transaction) it is refused with
// 25006.
bool records_before_signing(jose::Micros exp, jose::Micros now);
// The same for a token that ends with jwt_auth.access_token_ttl or before, until it can be signed. Returns the time to issue
// it.
jose::Micros prepare_to_sign_access_token(jose::Micros now);

}  // namespace jwt_auth::pg
