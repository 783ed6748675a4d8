// One row of a catalog that no cache of the server's knows by that key. Postgres phase.
#pragma once

#include "pg/support/postgres.hpp"

extern "C" {
#include <access/genam.h>
#include <access/table.h>
}

namespace jwt_auth::pg {

// Hands the first row with that key to `take(tuple, columns)`; the first of all if `key` is null. An invalid index: as the
// table lies. False if there is no such row.
template <class Take>
bool take_row_of(Relation catalog, Oid index, ScanKeyData *key, Take &&take) {
  SysScanDesc scan = systable_beginscan(catalog, index, OidIsValid(index), nullptr, key == nullptr ? 0 : 1, key);
  HeapTuple tuple = systable_getnext(scan);
  const bool found = HeapTupleIsValid(tuple);
  if (found) take(tuple, RelationGetDescr(catalog));
  systable_endscan(scan);
  return found;
}

// The same of a catalog that may be gone: then false. Not for a process without a database, which can't ask whether it is.
template <class Take>
bool take_catalog_row(Oid catalog, Oid index, ScanKeyData *key, Take &&take) {
  Relation relation = try_table_open(catalog, AccessShareLock);
  if (relation == nullptr) return false;
  const bool found = take_row_of(relation, index, key, take);
  table_close(relation, AccessShareLock);
  return found;
}

}  // namespace jwt_auth::pg
