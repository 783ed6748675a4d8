// What the functions share that answer a new access token for a session that is there.
#pragma once

#include "pg/session/access_token.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

// The token of a session whose row and account were read. account.version is one that the claims may carry: see
// version_for_claims(). `members` are its claims.
AccessTokenRequest session_token_request(const SessionRow &row, const Account &account,
                                         const session::LifetimePolicy &lifetimes, session::Micros now,
                                         session::Micros idle_end, std::string_view members);

// What the audit says of a refresh: what was presented, what was answered, and which policy was at work.
void add_decision(JsonBuilder &detail, const session::Decision &decision, const std::optional<session::Ending> &ending,
                  const session::BindingPolicy &policy);

// Whether the application's claims function lets nobody have a token of the session: by its answer, then the session ends with
// the event `refused`, or because it has ended the session itself. The row is locked by this transaction. Not inside SPI.
bool application_refuses(const TokenClaims &claims, const SessionRow &row, const EventSource &source);

}  // namespace jwt_auth::pg
