// Shared memory, which a library gets only where it is preloaded. Postgres phase.
#pragma once

#include <cstddef>

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// One piece of it. Its functions run in the postmaster; after a crash of a backend all memory is made anew, and they run again.
struct SharedPiece {
  const char *name;                           // in pg_shmem_allocations, and of the wait event of its locks
  std::size_t (*size)();                      // in bytes; asked once the settings are known. 0: it is not wanted
  int locks;                                  // that come with it
  void (*attach)(void *memory, bool is_new);  // what is new is all zero bytes
};

// Asks for the piece if the library is being preloaded; called when it is loaded. `piece` is static.
void share(const SharedPiece &piece);

}  // namespace jwt_auth::pg
