// Purging by schedule, where the library is preloaded: one process that waits, and for each run a worker in the database that
// is to be purged. Nobody stays connected to a database between two runs, so DROP DATABASE finds it free.
#pragma once

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

inline constexpr const char *kLibrary = "jwt_auth";

// Registers the process that waits; called when the library is loaded.
void init_purge_launcher();

}  // namespace jwt_auth::pg

extern "C" {
// The process that waits.
PGDLLEXPORT void jwt_auth_purge_launcher(Datum);
// One run, in the database with that Oid.
PGDLLEXPORT void jwt_auth_purge_run(Datum database);
}
