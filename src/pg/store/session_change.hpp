// The statements that change a session which lives on: its claims, its metadata, how its user proved who they are.
#pragma once

#include "pg/store/session_store.hpp"
#include "session/version.hpp"

namespace jwt_auth::pg {

// A session whose row is locked, with what decides whether it is alive. Plain data; text is in the caller's memory context.
struct LockedSession {
  bool found;
  SessionRow row;
  Account account;
  session::Micros now;
  std::optional<session::Ending> ending;  // none while it lives
  bool is_alive() const { return found && !ending; }
};
// Inside as_owner("refresh_session"), as all here. Waits for whoever writes the row. 40001 for a session that is newer than the
// transaction's snapshot.
LockedSession lock_session(const pg_uuid_t &id, MemoryContext context);

// Stores the claims in the place of those there were, and raises the session's version: answers the new one.
std::int64_t write_claims(const LockedSession &session, Datum claims);
void write_metadata(const LockedSession &session, Datum metadata);
// `context`: a JSON object of the claims amr and acr, or none.
void write_authentication(const LockedSession &session, const OptionalText &context);

}  // namespace jwt_auth::pg
