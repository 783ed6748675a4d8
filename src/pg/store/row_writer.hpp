// One row of our tables changed in place, and rows added to one, without a statement, wherever the table is the plain one that
// the install script made. Setting up an executor for an UPDATE costs more than the update, for an INSERT as much as a row.
#pragma once

#include "pg/store/plans.hpp"
#include "pg/store/row_reader.hpp"

namespace jwt_auth::pg {

// New values for some columns of a row, by the columns' numbers in its table.
struct RowChange {
  Datum values[kMostColumns];
  bool nulls[kMostColumns];
  bool replaces[kMostColumns];

  template <class Column>
  void set(Column column, Datum value) {
    values[static_cast<int>(column)] = value;
    nulls[static_cast<int>(column)] = false;
    replaces[static_cast<int>(column)] = true;
  }
};

// Looks the row up by its primary key, with the snapshot that an UPDATE would have; `choose` looks at it and says what becomes
// of it, or that nothing does. False, and nothing was changed, if there is no such row or `choose` says so, if another
// transaction has changed the row since that snapshot, or where only a statement does all that has to be done (triggers, rules,
// constraints, a domain, a table that is not plain): a statement then finds out what is the case. Waits for writers of the row
// as an UPDATE does, and the table stays locked as by one. Inside as_owner().
bool change_row(KeyedRow &row, bool (*choose)(const KeyedRow &row, RowChange &change, void *argument), void *argument);

// Values for the inserted columns of a new row, by the columns' numbers in its table; NULL where none is given.
struct NewRow {
  Datum values[kMostColumns];
  bool is_given[kMostColumns];

  template <class Column>
  void set(Column column, Datum value) {
    values[static_cast<int>(column)] = value;
    is_given[static_cast<int>(column)] = true;
  }
  template <class Column>
  void set(Column column, const OptionalText &text) {
    if (text.present) set(column, text_datum(text.text));
  }
};

// The values of `count` columns, in their order, as parameters of the statement that stands in for insert_rows().
void add_columns(Parameters &parameters, const NewRow &row, int first, int count);

// Adds the rows in this order, at most kMostNewRows. False, and nothing was added, where only a statement does all that has to
// be done (see change_row), or refuses the rows. The table stays locked as by an INSERT. Inside as_owner().
constexpr int kMostNewRows = 64;
bool insert_rows(KeyedTable &table, const NewRow *rows, int count);

}  // namespace jwt_auth::pg
