#include "pg/store/sharded_deletion.hpp"

namespace jwt_auth::pg {

std::uint64_t delete_one_by_one(ShardedDeletion &deletion, const Parameters &parameters) {
  const std::uint64_t found = execute(deletion.find, parameters);
  SPITupleTable *rows = SPI_tuptable;
  std::uint64_t deleted = 0;
  for (std::uint64_t i = 0; i < found; i++) {
    CHECK_FOR_INTERRUPTS();
    Parameters key{};
    bool is_null;
    add(key, SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &is_null));
    add(key, SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &is_null));
    const bool locked = execute(deletion.lock, key) > 0;
    SPI_freetuptable(SPI_tuptable);
    if (!locked) continue;
    if (deletion.remove.parameter_count > key.count) add(key, parameters.values[0]);
    deleted += execute(deletion.remove, key);
  }
  return deleted;
}

}  // namespace jwt_auth::pg
