#include "pg/store/purge.hpp"

#include "pg/support/errors.hpp"

extern "C" {
#include <catalog/pg_database.h>
#include <nodes/parsenodes.h>
#include <storage/ipc.h>
#include <storage/lock.h>
#include <tcop/utility.h>
}

namespace jwt_auth::pg {

namespace {
bool leaves_for_drop_database;
}

void leave_for_drop_database() { leaves_for_drop_database = true; }

void begin_batch() {
  if (!leaves_for_drop_database) return;
  LOCKTAG database;
  SET_LOCKTAG_OBJECT(database, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
  if (LockAcquire(&database, RowExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL) return;
  elog(DEBUG1, "ending, for somebody wants to drop, rename or copy the database");
  proc_exit(0);
}

int batch_size_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) raise_null_argument("batch_size");
  const int size = PG_GETARG_INT32(index);
  if (size < 1) ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("batch_size must be at least 1")));
  return size;
}

void begin_own_transactions(FunctionCallInfo fcinfo, const char *procedure) {
  PreventCommandIfReadOnly(psprintf("%s()", procedure));
  if (fcinfo->context == nullptr || !IsA(fcinfo->context, CallContext) || castNode(CallContext, fcinfo->context)->atomic)
    ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
                    errmsg("%s cannot run inside a transaction block, since it commits after each batch", procedure)));
  SPI_connect_ext(SPI_OPT_NONATOMIC);
  SPI_commit();
  SPI_finish();
}

}  // namespace jwt_auth::pg
