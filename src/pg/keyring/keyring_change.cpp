#include "pg/keyring/keyring_change.hpp"

extern "C" {
#include <catalog/pg_class.h>
#include <storage/lmgr.h>
#include <tcop/utility.h>
}

namespace jwt_auth::pg {

namespace {

// The lock would refuse as well on a standby, but in words about locks.
void refuse_read_only() { PreventCommandIfReadOnly("a change of the keyring"); }

}  // namespace

// An object lock on a relation's name conflicts with nothing else: relations themselves are locked otherwise.
void lock_keyring() {
  refuse_read_only();
  LockDatabaseObject(RelationRelationId, table_oid("signing_key"), 0, ExclusiveLock);
}

bool try_to_lock_keyring() {
  refuse_read_only();
  return ConditionalLockDatabaseObject(RelationRelationId, table_oid("signing_key"), 0, ExclusiveLock);
}

}  // namespace jwt_auth::pg
