// What happens to keys and issuers, in the audit table. Postgres phase, within a change of the keyring.
#pragma once

#include "pg/support/postgres.hpp"
#include "session/event.hpp"

namespace jwt_auth::pg {

// key_created and key_retired.
void record_key_event(session::Event event, std::string_view kid, TimestampTz now);
// key_rotated, by the key that signs from now on and the one that did before ("": none).
void record_rotation(std::string_view previous_kid, std::string_view kid, TimestampTz now);
// issuer_trusted and issuer_distrusted.
void record_issuer_event(session::Event event, std::string_view issuer, TimestampTz now);

}  // namespace jwt_auth::pg
