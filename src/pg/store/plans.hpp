// Prepared statements, kept for the life of the backend.
#pragma once

#include "pg/support/arguments.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

constexpr int kMaxParameters = 24;

// One statement. Declare it static: it is prepared on first use, with a generic plan, and PostgreSQL re-plans it when what it
// depends on changes, a dropped and re-created extension included; but for a parameter of a type of the extension's, see
// discard().
struct Statement {
  const char *sql;
  int parameter_count;
  Oid parameter_types[kMaxParameters];
  SPIPlanPtr plan;
};

// Values for one execution. `nulls` as SPI wants it: 'n' for NULL, ' ' otherwise.
struct Parameters {
  Datum values[kMaxParameters];
  char nulls[kMaxParameters + 1];
  int count;
};
inline void add(Parameters &parameters, Datum value) {
  parameters.values[parameters.count] = value;
  parameters.nulls[parameters.count++] = ' ';
}
inline void add_nullable(Parameters &parameters, Datum value, bool is_null) {
  parameters.values[parameters.count] = is_null ? static_cast<Datum>(0) : value;
  parameters.nulls[parameters.count++] = is_null ? 'n' : ' ';
}
inline Datum text_datum(std::string_view text) {
  return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}
inline void add_text(Parameters &parameters, std::string_view text) { add(parameters, text_datum(text)); }
inline void add_optional(Parameters &parameters, const OptionalText &text) {
  if (text.present)
    add_text(parameters, text.text);
  else
    add_nullable(parameters, 0, true);
}
inline void add_bytes(Parameters &parameters, const unsigned char *bytes, std::size_t size) {
  auto *value = static_cast<struct varlena *>(palloc(size + VARHDRSZ));
  SET_VARSIZE(value, size + VARHDRSZ);
  std::memcpy(VARDATA(value), bytes, size);
  add(parameters, PointerGetDatum(value));
}

// Each of these runs inside SPI_connect()/SPI_finish(), leaves rows in SPI_tuptable and returns how many were processed.
// execute() writes or locks, with a snapshot as the isolation level has it.
std::uint64_t execute(Statement &statement, const Parameters &parameters);
// execute_latest() reads with the latest snapshot, whatever the isolation level: a committed revocation is seen at once, also
// in a long REPEATABLE READ transaction. Not in parallel mode.
std::uint64_t execute_latest(Statement &statement, const Parameters &parameters);
// execute_on_latest() writes to rows as the latest snapshot shows them: for notes that mean the same to every transaction.
std::uint64_t execute_on_latest(Statement &statement, const Parameters &parameters);

// Forgets the plan, for a parameter's type is another one now: the next execution prepares it anew.
void discard(Statement &statement);

// Column `number` (from 1) of row `row` of SPI_tuptable.
inline Datum column(std::uint64_t row, int number, bool *is_null) {
  return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, is_null);
}

// A text column (or one cast to it), detoasted and copied out of SPI's memory into `context`.
OptionalText text_column(std::uint64_t row, int number, MemoryContext context);
// Overwrites a secret column: what SPI has read stays in its memory until that is used again.
void cleanse_column(std::uint64_t row, int number);
inline void cleanse_text(const OptionalText &secret) {
  if (secret.present) cleanse({const_cast<char *>(secret.text.data()), secret.text.size()});
}

}  // namespace jwt_auth::pg
