// The end of API keys, as the audit and verifiers learn of it. Inside as_owner().
#pragma once

#include "pg/store/auth_event.hpp"
#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

void write_key_event(session::Event name, const UserRef &user, const pg_uuid_t &key_id, std::string_view key_name,
                     TimestampTz at);

// Of a key that was deleted.
void record_key_end(const UserRef &user, const pg_uuid_t &key_id, std::string_view key_name, TimestampTz at);

// Ends the user's keys from after a cutoff, which does not refuse them: a clock that ran ahead made them, or they were made in
// the moment of the revocation. The account's row is held.
void end_keys_after(const UserRef &user, session::Micros cutoff);

}  // namespace jwt_auth::pg
