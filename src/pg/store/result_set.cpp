#include "pg/store/result_set.hpp"

namespace jwt_auth::pg {

void put_rows(ReturnSetInfo &set, const SPITupleTable *table, std::uint64_t count) {
  if (table->tupdesc->natts != set.setDesc->natts) elog(ERROR, "a statement has other columns than its function");
  for (std::uint64_t i = 0; i < count; i++) tuplestore_puttuple(set.setResult, table->vals[i]);
}

}  // namespace jwt_auth::pg
