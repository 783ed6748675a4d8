// For copies of rows that a backend keeps. A change of the tables is announced by a trigger behind the statement, so a copy
// that is made within the statement may hold changes that are undone, and no message says so.
#pragma once

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// Whether this transaction may have changed something: what it reads now may be undone.
bool has_written();

// Calls `callback` when a transaction or a subtransaction is rolled back, or prepared for a later commit. It must not raise.
// Called when the library is loaded.
void on_rollback(void (*callback)());

}  // namespace jwt_auth::pg
