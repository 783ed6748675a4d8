// Making a token's claims the identity of the transaction.
#pragma once

#include "pg/identity/token_check.hpp"

namespace jwt_auth::pg {

// Who the transaction acts for from now on.
struct Authenticated {
  Datum claims;             // jsonb
  std::string_view issuer;  // the trusted issuer that says so; "" for a token or an API key of ours
};

// Checks the token and what was shown with it and makes its claims the transaction's identity. A refusal changes nothing. An
// error within a security-restricted operation: what runs there acts for somebody else.
Outcome<Authenticated> authenticate_token(std::string_view token, const Presentation &presentation);

// Whether there is a claim at jwt_auth.role_claim.
bool names_role(Jsonb *claims);
// 42501 if the claims name a role that is not believed from their issuer.
void check_role(const Authenticated &who);
// SET LOCAL ROLE to the role that the claims name, with the session user's own rights. 42501 if they name none, if it is "none"
// (which would mean the session user), if it is not believed from their issuer, or if the session user may not become it (an
// unknown role included).
void assume_role(const Authenticated &who);

}  // namespace jwt_auth::pg
