// Triggers of the owner's that keep a row from being written, though what a function answers rests on the write.
#pragma once

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// 09000, with the names of the table's own BEFORE triggers: a statement that must have written a row of the table wrote none.
[[noreturn]] void raise_suppressed(const char *table);

}  // namespace jwt_auth::pg
