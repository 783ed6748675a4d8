// Messages that the definition of a table has changed, or that its rows are to be read anew. A server has room for ten
// callbacks only, and Citus takes half of them: ours share one.
#pragma once

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// Calls `callback` for each message, with the table or index that it is about; invalid: with any. Messages may arrive at any
// time, so it does nothing but count and clear. Called when the library is loaded.
void on_relcache_change(void (*callback)(Oid relation));

}  // namespace jwt_auth::pg
