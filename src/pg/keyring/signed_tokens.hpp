// How long tokens last that were signed by now: for what is kept as long as they do.
#pragma once

#include "session/forgetting.hpp"

namespace jwt_auth::pg {

// When every one of these tokens has run out that was signed by now, those of transactions that are still open among them;
// session::kNever if that is not known. Postgres phase; makes the backend's copy of the keyring current.
session::Micros signed_tokens_end(session::SignedTokens which, session::Micros now);

// Whether the tokens of another issuer, whoever it names, are good here. Postgres phase, as above.
bool trusts_another_issuer();

}  // namespace jwt_auth::pg
