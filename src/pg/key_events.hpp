// What happens to keys and issuers, in the audit table. Postgres phase, within a change of the keyring.
#pragma once

#include "pg/postgres.hpp"

namespace jwt_auth::pg {

// key_created, key_rotated, key_retired with the kid; issuer_trusted, issuer_distrusted with the issuer.
void record_key_event(const char *event, std::string_view kid);
void record_issuer_event(const char *event, std::string_view issuer);

}  // namespace jwt_auth::pg
