// Values copied into a memory context that is named. Postgres phase.
#pragma once

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

[[noreturn]] void raise_lost_context();

// Runs `body` with `context` current and makes the former one current again; an error needs nothing undone. For calls that
// allocate in the current context. The body runs no statement: SPI would leave its own context current, and what is allocated
// from there on would be gone when SPI ends.
template <class Body>
auto in_context(MemoryContext context, Body &&body) {
  MemoryContext former = MemoryContextSwitchTo(context);
  const auto value = body();
  if (CurrentMemoryContext != context) raise_lost_context();
  MemoryContextSwitchTo(former);
  return value;
}

// The text as a datum, in the current context.
inline Datum text_datum(std::string_view text) {
  return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

// The bytes as a bytea, likewise.
inline Datum bytes_datum(const unsigned char *bytes, std::size_t size) {
  auto *value = static_cast<struct varlena *>(palloc(size + VARHDRSZ));
  SET_VARSIZE(value, size + VARHDRSZ);
  std::memcpy(VARDATA(value), bytes, size);
  return PointerGetDatum(value);
}

// A copy of the text, with a NUL behind it.
std::string_view copy_to(MemoryContext context, std::string_view text);
// A detoasted copy of a text, bytea or jsonb.
Datum copy_varlena_to(MemoryContext context, Datum value);

}  // namespace jwt_auth::pg
