// The rows that a backend's copy of the keyring is made of. Postgres phase.
#pragma once

#include "pg/keyring/ring.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// All of them, as the latest snapshot shows them, copied into `context`. cleanse_ring_rows() once the ring is built.
RingRows read_ring_rows(MemoryContext context);
void cleanse_ring_rows(const RingRows &rows);

}  // namespace jwt_auth::pg
