#include "pg/support/memory.hpp"

namespace jwt_auth::pg {

void raise_lost_context() {
  elog(ERROR, "a statement was run where a result is made");
  pg_unreachable();
}

std::string_view copy_to(MemoryContext context, std::string_view text) {
  auto *copy = static_cast<char *>(MemoryContextAlloc(context, text.size() + 1));
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return {copy, text.size()};
}

Datum copy_varlena_to(MemoryContext context, Datum value) {
  return in_context(context, [&] { return PointerGetDatum(PG_DETOAST_DATUM_COPY(value)); });
}

}  // namespace jwt_auth::pg
