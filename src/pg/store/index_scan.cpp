#include "pg/store/index_scan.hpp"

extern "C" {
#include <access/xact.h>
#include <utils/datum.h>
#include <utils/rel.h>
}

namespace jwt_auth::pg {

// A copy in the current context, detoasted.
Datum copy_value(Datum value, const FormData_pg_attribute &attribute) {
  if (attribute.attbyval) return value;
  if (attribute.attlen == -1) return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
  return datumCopy(value, false, attribute.attlen);
}

Snapshot statement_snapshot() {
  CommandCounterIncrement();
  return GetTransactionSnapshot();
}

bool serves(const KeyedTable &table, Snapshot snapshot) {
  return !TransactionIdIsValid(table.index_xmin) || TransactionIdPrecedes(table.index_xmin, snapshot->xmin);
}

SysScanDesc begin_scan(const KeyedRow &row, Relation relation, Snapshot snapshot) {
  const KeyedTable &table = *row.table;
  ScanKeyData keys[kMostKeyColumns];
  for (int i = 0; i < table.key_count; i++) {
    keys[i] = table.scan_keys[i];
    keys[i].sk_argument = row.keys[i];
  }
  return systable_beginscan(relation, table.index, table.key_count > 0, snapshot, table.key_count, keys);
}

void take_tuple(KeyedRow &row, HeapTuple tuple, TupleDesc columns) {
  const KeyedTable &table = *row.table;
  for (int i = 0; i < table.column_count; i++) {
    const AttrNumber number = table.attributes[i];
    row.nulls[i] = true;
    if (!AttributeNumberIsValid(number) || table.columns[i].use == ColumnUse::kWritten) continue;
    const Datum value = heap_getattr(tuple, number, columns, &row.nulls[i]);
    if (!row.nulls[i]) row.values[i] = copy_value(value, *TupleDescAttr(columns, number - 1));
  }
}

}  // namespace jwt_auth::pg
