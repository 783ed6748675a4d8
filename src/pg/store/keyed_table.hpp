// What is known of one of our tables: whether its rows can be read and written without a statement, and how. It is
// found out when it is first needed and forgotten when a relcache invalidation says that the table or its index has changed.
#pragma once

#include <initializer_list>

#include "pg/support/postgres.hpp"

extern "C" {
#include <access/skey.h>
#include <storage/lockdefs.h>
}

namespace jwt_auth::pg {

constexpr int kMostKeyColumns = 3;
constexpr int kMostColumns = 28;

// kSecret: it is read, and of what is read no copy stays in memory that is not the reader's. kInserted: new rows have a value
// for it, and nobody reads it here. kIdentity: in new rows its sequence counts on.
enum class ColumnUse : char { kRead, kReadAndWritten, kWritten, kSecret, kInserted, kIdentity };

struct ColumnSpec {
  const char *name;
  Oid type;               // of a domain: the type beneath it
  bool may_lack = false;  // a database of an older version has no such column: it reads as NULL
  ColumnUse use = ColumnUse::kRead;
  // Of a column with new values: a domain of ours that the column may have, whose conditions all values here meet.
  const char *domain = nullptr;
};

// Declare it static, as a TableOf: it is one table and the columns of it that somebody reads.
struct KeyedTable {
  const char *name = nullptr;
  const char *index_name = nullptr;  // null: the primary key
  int key_count = 0;                 // 0: it is only read whole, for which no index is needed
  ColumnSpec keys[kMostKeyColumns] = {};
  int column_count = 0;
  ColumnSpec columns[kMostColumns] = {};

  // What was found out; it holds while `known`. Invalidations only count and clear; they may arrive at any time.
  bool known = false;
  std::uint64_t invalidations = 0;
  Oid table = InvalidOid;
  const char *obstacle = nullptr;                   // why rows can't be read without a statement; null: they can
  bool is_distributed = false;                      // its rows are in shards: what is here is empty
  bool is_plainly_written = false;                  // an UPDATE of the written columns does nothing but change them
  bool is_plainly_inserted = false;                 // an INSERT of the inserted columns does nothing but add rows
  Oid sequence = InvalidOid;                        // of the identity; if is_plainly_inserted
  AttrNumber attributes[kMostColumns] = {};         // invalid: the table lacks the column
  Oid index = InvalidOid;                           // unless there is an obstacle or no key; so are the next two
  TransactionId index_xmin = InvalidTransactionId;  // snapshots that are older than this need the index of before
  ScanKeyData scan_keys[kMostKeyColumns] = {};
  bool is_listed = false;
  KeyedTable *next = nullptr;
};

// Column is an enum that names what is read, in its order, from zero.
template <class Column>
struct TableOf : KeyedTable {
  constexpr TableOf(const char *table_name, std::initializer_list<ColumnSpec> key_columns,
                    std::initializer_list<ColumnSpec> other_columns) noexcept {
    name = table_name;
    for (const ColumnSpec &column : key_columns) keys[key_count++] = column;
    for (const ColumnSpec &column : other_columns) columns[column_count++] = column;
  }
  // Rows are found by another index, whose columns these are: there may be several with the same values.
  constexpr TableOf(const char *table_name, const char *index, std::initializer_list<ColumnSpec> key_columns,
                    std::initializer_list<ColumnSpec> other_columns) noexcept
      : TableOf(table_name, key_columns, other_columns) {
    index_name = index;
  }
};

// Registers the invalidation callback; called once, when the library is loaded.
void init_keyed_tables();

// Locks the table, so that what is then known of it holds until unlock_table() or the end of the transaction. An error if there
// is none.
void lock_table(KeyedTable &table, LOCKMODE mode = AccessShareLock);
void unlock_table(const KeyedTable &table);

// Whether the table has no page, so that there is no row for anybody to see, and never was one since it was last truncated.
// False where its rows may lie elsewhere.
bool is_surely_empty(KeyedTable &table);

}  // namespace jwt_auth::pg
