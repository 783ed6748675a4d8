// Making a token's claims the identity of the transaction.
#pragma once

#include "pg/identity/token_check.hpp"

namespace jwt_auth::pg {

// Checks the token and what was shown with it and makes its claims the transaction's identity. The claims as jsonb, or the
// refusal, which changes nothing. An error within a security-restricted operation: what runs there acts for somebody else.
Outcome<Datum> authenticate_token(std::string_view token, const Presentation &presentation);

// SET LOCAL ROLE to the `role` claim, with the session user's own rights. 42501 if the claims have none, if it is "none" (which
// would mean the session user), or if the session user may not become it (an unknown role included).
void assume_role(Jsonb *claims);

}  // namespace jwt_auth::pg
