// The rows of a statement as what a set-returning function answers.
#pragma once

#include "pg/store/plans.hpp"

namespace jwt_auth::pg {

// Begins the function's set, in memory that outlives the call; before as_owner().
inline ReturnSetInfo &result_set(FunctionCallInfo fcinfo) {
  InitMaterializedSRF(fcinfo, 0);
  return *reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
}

// Copies the rows into the set; their columns are the set's.
void put_rows(ReturnSetInfo &set, const SPITupleTable *table, std::uint64_t count);
template <class Column>
void put_rows(ReturnSetInfo &set, const Rows<Column> &rows) {
  put_rows(set, rows.table(), rows.count());
}

}  // namespace jwt_auth::pg
