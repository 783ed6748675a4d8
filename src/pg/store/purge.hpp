// What the procedures share that remove rows in batches, each batch in a transaction of its own.
#pragma once

#include "pg/store/owner.hpp"
#include "pg/support/postgres.hpp"

extern "C" {
#include <access/xact.h>
}

namespace jwt_auth::pg {

// How many rows a batch may have: 22004 for NULL, 22023 below 1.
int batch_size_argument(FunctionCallInfo fcinfo, int index);
// 25006 on a standby and in a read-only transaction, 2D000 where the procedure may not commit. Then ends the transaction of the
// CALL, which may have another isolation level than the batches.
void begin_own_transactions(FunctionCallInfo fcinfo, const char *procedure);

// From here on, a batch of this process holds a lock on the database, so that DROP DATABASE, a rename and a copy wait for the
// batch; and where somebody waits for that lock, the process ends quietly before the next one.
void leave_for_drop_database();
// Takes that lock for the transaction, if the above was said.
void begin_batch();

// Runs `body` as one batch, a transaction of its own that is committed behind it: READ COMMITTED whatever the default is, so
// that a row which somebody changed meanwhile is looked at anew and is no serialization failure; with an SPI connection, so
// that what SPI keeps of each statement goes with it, the rights of the table's owner, and a snapshot. Answers what the body
// answers.
template <class Body>
auto in_batch(const char *table, Body &&body) {
  begin_batch();
  SPI_connect_ext(SPI_OPT_NONATOMIC);
  // The transaction is new and has no snapshot yet.
  XactIsoLevel = XACT_READ_COMMITTED;
  const OwnerScope scope = enter_owner(table);
  PushActiveSnapshot(GetTransactionSnapshot());
  const auto value = body();
  PopActiveSnapshot();
  leave_owner(scope);
  SPI_commit();
  SPI_finish();
  return value;
}

// What a batch looked at, and how much of it was left as it is: somebody holds the row, or a trigger keeps it. What was left is
// not looked at again in this run.
struct Batch {
  std::uint64_t seen;
  std::uint64_t left;
};

}  // namespace jwt_auth::pg
