// The end of keys that were rotated: each verifies until the last token that it signed has run out. Postgres phase.
#pragma once

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// For purge_expired(), in a transaction of its own. A rotation counts from when it is first seen here to have committed: until
// then others signed with the old key, however long its transaction was open, prepared or waiting for a standby. So the first
// call after a rotation moves the key's end, and a later one retires the key.
//
// Waits for nobody: where somebody holds the keyring or a row, that is left for the next time.
void retire_run_out_keys();

}  // namespace jwt_auth::pg
