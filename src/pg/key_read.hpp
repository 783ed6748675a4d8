// One row by its primary key, read from the index itself: a fifth of what it costs to start a prepared statement for it, which
// is what the checks of each request consist of.
#pragma once

#include "pg/postgres.hpp"

extern "C" {
#include <access/genam.h>
#include <utils/rel.h>
}

namespace jwt_auth::pg {

constexpr int kMostKeyColumns = 3;

// A column of the primary key and its value: uuid, integer, text or bytea.
struct KeyColumn {
  const char *name;
  AttrNumber number;
  Oid type;
  Datum value;
};

// Another column, as the caller reads it.
struct ReadColumn {
  const char *name;
  AttrNumber number;
  Oid type;
};

// A table while it is read. Plain data; an error releases what it holds.
struct KeyedTable {
  Relation table;
  Relation index;
};

// Opens a table for reading by key; its lock is kept until the transaction ends, as a statement's is. False where that would
// not be what a statement would read: on Citus, whose rows lie elsewhere, and where somebody has made another kind of table of
// it or changed its key or these columns. Then nothing is open, and a statement must ask.
bool open_by_key(KeyedTable &table, const char *name, const KeyColumn *key, int key_columns, const ReadColumn *columns,
                 int column_count);
void close_by_key(const KeyedTable &table);

// A look for the row that `snapshot`, which must be registered, shows. The row is null if there is none, and lives until the
// end of the look. Nobody's rights are asked.
SysScanDesc begin_by_key(const KeyedTable &table, const KeyColumn *key, int key_columns, Snapshot snapshot);
HeapTuple row_by_key(SysScanDesc look);
void end_by_key(SysScanDesc look);

}  // namespace jwt_auth::pg
