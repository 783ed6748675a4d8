// Rows of our tables by an index, and small tables whole, without a statement, wherever the table is the plain one that the
// install script made; by a statement where somebody has made something else of it. Both ways give the same answers.
//
// Setting up and tearing down an executor costs several times what reading three rows does.
#pragma once

#include "pg/store/keyed_table.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/memory.hpp"
#include "pg/support/time.hpp"

namespace jwt_auth::pg {

// kPlain: with the snapshot that a statement would have here. kLatest: with the latest one, whatever the isolation level; not
// in parallel mode. kLocked: waits for writers and locks FOR NO KEY UPDATE; always a statement.
enum class ReadMode { kPlain, kLocked, kLatest };

// A row that is asked for, and what was found. Plain data.
struct KeyedRow {
  KeyedTable *table;
  Datum keys[kMostKeyColumns];
  bool found;
  Datum values[kMostColumns];
  bool nulls[kMostColumns];
};

[[noreturn]] void raise_null_value(const KeyedRow &row, int column);

// The same with its columns by name. What it gives by reference lives in the memory context that was current at read_rows(),
// detoasted. A NULL where none is expected is an error.
template <class Column>
struct RowOf : KeyedRow {
  RowOf(TableOf<Column> &of, std::initializer_list<Datum> key_values) {
    table = &of;
    found = false;
    int i = 0;
    for (const Datum value : key_values) keys[i++] = value;
  }

  bool is_null(Column column) const { return nulls[static_cast<int>(column)]; }
  Datum value(Column column) const {
    if (is_null(column)) raise_null_value(*this, static_cast<int>(column));
    return values[static_cast<int>(column)];
  }
  bool boolean(Column column) const { return DatumGetBool(value(column)); }
  std::int32_t int4(Column column) const { return DatumGetInt32(value(column)); }
  std::int64_t int8(Column column) const { return DatumGetInt64(value(column)); }
  std::int64_t int8_or(Column column, std::int64_t if_null) const { return is_null(column) ? if_null : int8(column); }
  jose::Micros time(Column column) const { return micros_of(DatumGetTimestampTz(value(column))); }
  jose::Micros time_or(Column column, jose::Micros if_null) const { return is_null(column) ? if_null : time(column); }
  // The bytes of a text or bytea.
  std::string_view bytes(Column column) const {
    return view_of(reinterpret_cast<const struct varlena *>(DatumGetPointer(value(column))));
  }
};

// Reads the rows with one snapshot. Rows of one call are of one user_key (so that, where the tables are distributed, one server
// has them all), and at most kMostRows; kLocked is for one. Locks of tables are released before it returns. Anywhere: no SPI
// connection is needed, nor being the tables' owner.
constexpr int kMostRows = 6;
void read_rows(std::initializer_list<KeyedRow *> rows, ReadMode mode);

// Reads all rows with the key values of `row`, one after the other into it, with the snapshot that a statement would have, and
// hands each over. False, and nothing was handed over, where a statement has to do it.
bool read_each(KeyedRow &row, void (*take)(const KeyedRow &row, void *argument), void *argument);

// A table that is read whole: `row` has no key, and each of its rows is read into it and handed over. `take` runs no statement.
struct WholeTable {
  KeyedRow *row;
  void (*take)(const KeyedRow &row, void *argument);
};
// Reads all rows of the tables with the latest snapshot, one table after the other, in no certain order. Where all of them are
// plain it is one snapshot for all. Anywhere, and locks are released, as with read_rows().
void read_tables(const WholeTable *tables, int count, void *argument);

}  // namespace jwt_auth::pg
