// What the procedures share that remove rows in batches, each batch in a transaction of its own.
#pragma once

#include "pg/store/owner.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// How many rows a batch may have: 22004 for NULL, 22023 below 1.
int batch_size_argument(FunctionCallInfo fcinfo, int index);
// 25006 on a standby and in a read-only transaction, 2D000 where the procedure may not commit.
void require_own_transactions(FunctionCallInfo fcinfo, const char *procedure);

// Runs `body` as one batch, a transaction of its own that is committed behind it: with an SPI connection, so that what SPI
// keeps of each statement goes with it, the rights of the table's owner, and a snapshot. Answers what the body answers.
template <class Body>
auto in_batch(const char *table, Body &&body) {
  SPI_connect_ext(SPI_OPT_NONATOMIC);
  const OwnerScope scope = enter_owner(table);
  PushActiveSnapshot(GetTransactionSnapshot());
  const auto value = body();
  PopActiveSnapshot();
  leave_owner(scope);
  SPI_commit();
  SPI_finish();
  return value;
}

}  // namespace jwt_auth::pg
