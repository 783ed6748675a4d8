#include "pg/store/rollback.hpp"

extern "C" {
#include <access/xact.h>
}

namespace jwt_auth::pg {

namespace {

using Callback = void (*)();

void on_end_of_transaction(XactEvent event, void *argument) {
  if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) (*static_cast<Callback *>(argument))();
}

void on_end_of_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void *argument) {
  if (event == SUBXACT_EVENT_ABORT_SUB) (*static_cast<Callback *>(argument))();
}

}  // namespace

bool has_written() { return TransactionIdIsValid(GetTopTransactionIdIfAny()); }

void on_rollback(Callback callback) {
  auto *argument = static_cast<Callback *>(MemoryContextAlloc(TopMemoryContext, sizeof(Callback)));
  *argument = callback;
  RegisterXactCallback(on_end_of_transaction, argument);
  RegisterSubXactCallback(on_end_of_subtransaction, argument);
}

}  // namespace jwt_auth::pg
