// One row of a function's own result type.
#pragma once

#include <initializer_list>

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// Plain data; as many values as the type has attributes now, which may be more than we know of.
struct ResultRow {
  TupleDesc columns;
  Datum *values;
  bool *nulls;
};

// A row of NULLs in the current memory context. The type's first attributes must have these types, or it is an error (42804):
// somebody has altered it. Attributes behind them stay NULL.
ResultRow result_row(FunctionCallInfo fcinfo, std::initializer_list<Oid> types);

// Column is an enum that names the attributes, in their order, from zero.
template <class Column>
void set(ResultRow &row, Column column, Datum value) {
  row.values[static_cast<int>(column)] = value;
  row.nulls[static_cast<int>(column)] = false;
}

inline Datum row_datum(const ResultRow &row) { return HeapTupleGetDatum(heap_form_tuple(row.columns, row.values, row.nulls)); }

}  // namespace jwt_auth::pg
