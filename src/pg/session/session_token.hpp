// What the functions share that answer a new access token for a session that is there.
#pragma once

#include "pg/session/access_token.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

// The token of a session whose row and account were read. account.version is one that the claims may carry: see
// version_for_claims(). `members` are its claims.
AccessTokenRequest session_token_request(const SessionRow &row, const Account &account,
                                         const session::LifetimePolicy &lifetimes, session::Micros now,
                                         session::Micros idle_end, std::string_view members);

// Ends a session that the claims function refused, with the event `refused`. Its row is locked by this transaction. Not inside
// SPI.
void end_refused_session(const SessionRow &row, const EventSource &source);

}  // namespace jwt_auth::pg
