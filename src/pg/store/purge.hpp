// What the procedures share that remove rows in batches, each batch in a transaction of its own.
#pragma once

#include "pg/store/owner.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// How many rows a batch may have: 22004 for NULL, 22023 below 1.
int batch_size_argument(FunctionCallInfo fcinfo, int index);
// 25006 on a standby and in a read-only transaction, 2D000 where the procedure may not commit.
void require_own_transactions(FunctionCallInfo fcinfo, const char *procedure);

// Around each batch: an SPI connection, so that what SPI keeps of each statement goes with it, the rights of the table's owner,
// and a snapshot.
OwnerScope begin_batch(const char *table);
void commit_batch(const OwnerScope &scope);

}  // namespace jwt_auth::pg
