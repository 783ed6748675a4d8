// What reading a row by its index and writing it in place share. Under the table's lock, where there is no obstacle.
#pragma once

#include "pg/store/row_reader.hpp"

extern "C" {
#include <access/genam.h>
}

namespace jwt_auth::pg {

// What a statement that began here would see.
Snapshot statement_snapshot();

// An index that was built while others changed rows knows nothing of versions that older snapshots see.
bool serves(const KeyedTable &table, Snapshot snapshot);

// Of the whole table where there is no key.
SysScanDesc begin_scan(const KeyedRow &row, Relation relation, Snapshot snapshot);

// A copy in the current context, detoasted.
Datum copy_value(Datum value, const FormData_pg_attribute &attribute);

// Copies the columns that are read into the current context.
void take_tuple(KeyedRow &row, HeapTuple tuple, TupleDesc columns);

}  // namespace jwt_auth::pg
