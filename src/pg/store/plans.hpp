// Prepared statements, kept for the life of the backend, and the rows that they return.
#pragma once

#include <initializer_list>

#include "pg/support/arguments.hpp"
#include "pg/support/memory.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/time.hpp"

namespace jwt_auth::pg {

constexpr int kMaxParameters = 24;

// One statement. Declare it static: it is prepared on first use, with a generic plan (where Citus is loaded, with a plan for
// each execution), and PostgreSQL re-plans it when what it depends on changes, a dropped and re-created extension included; but
// for a parameter of a type of the extension's, see discard().
struct Statement {
  constexpr Statement() = default;
  constexpr Statement(const char *text, std::initializer_list<Oid> types) noexcept : sql(text) {
    for (const Oid type : types) parameter_types[parameter_count++] = type;
  }
  constexpr Statement(const char *text, int, std::initializer_list<Oid> types, std::nullptr_t) noexcept
      : Statement(text, types) {}

  const char *sql = nullptr;
  int parameter_count = 0;
  Oid parameter_types[kMaxParameters] = {};
  SPIPlanPtr plan = nullptr;
};

// A statement that returns rows. Column is an enum that names what it returns, in its order, from zero.
template <class Column>
struct Query : Statement {
  using Statement::Statement;
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
inline void add_text(Parameters &parameters, std::string_view text) { add(parameters, text_datum(text)); }
inline void add_optional(Parameters &parameters, const OptionalText &text) {
  if (text.present)
    add_text(parameters, text.text);
  else
    add_nullable(parameters, 0, true);
}
inline void add_bytes(Parameters &parameters, const unsigned char *bytes, std::size_t size) {
  add(parameters, bytes_datum(bytes, size));
}
inline void add_time(Parameters &parameters, jose::Micros time) { add(parameters, TimestampTzGetDatum(timestamp_of(time))); }

// Each of these runs inside SPI_connect()/SPI_finish() and returns how many rows were processed. Those of the latest execution
// are in SPI_tuptable.
// execute() writes or locks, with a snapshot as the isolation level has it.
std::uint64_t execute(Statement &statement, const Parameters &parameters);
// execute_latest() reads with the latest snapshot, whatever the isolation level: a committed revocation is seen at once, also
// in a long REPEATABLE READ transaction. Not in parallel mode.
std::uint64_t execute_latest(Statement &statement, const Parameters &parameters);
// execute_on_latest() writes to rows as the latest snapshot shows them: for notes that mean the same to every transaction.
std::uint64_t execute_on_latest(Statement &statement, const Parameters &parameters);

// Forgets the plan, for a parameter's type is another one now: the next execution prepares it anew.
void discard(Statement &statement);

// Overwrites a text or bytea where it is, unless it is stored elsewhere.
void cleanse_varlena(Datum value);
[[noreturn]] void raise_missing_row();
[[noreturn]] void raise_missing_value(TupleDesc columns, int number);

// A row that a statement returned, in SPI's memory: what it gives by reference lives until the statement's rows are freed or
// SPI ends. A NULL where none is expected is an error.
template <class Column>
class Row {
 public:
  Row(HeapTuple tuple, TupleDesc columns) : tuple_(tuple), columns_(columns) {}

  Datum nullable(Column column, bool *is_null) const { return SPI_getbinval(tuple_, columns_, number_of(column), is_null); }
  Datum value(Column column) const {
    bool is_null;
    const Datum value = nullable(column, &is_null);
    if (is_null) raise_missing_value(columns_, number_of(column));
    return value;
  }
  bool is_null(Column column) const {
    bool is_null;
    (void)nullable(column, &is_null);
    return is_null;
  }
  bool boolean(Column column) const { return DatumGetBool(value(column)); }
  std::int32_t int4(Column column) const { return DatumGetInt32(value(column)); }
  std::int64_t int8(Column column) const { return DatumGetInt64(value(column)); }
  TimestampTz timestamp(Column column) const { return DatumGetTimestampTz(value(column)); }
  TimestampTz timestamp_or(Column column, TimestampTz if_null) const {
    bool is_null;
    const Datum value = nullable(column, &is_null);
    return is_null ? if_null : DatumGetTimestampTz(value);
  }
  jose::Micros time(Column column) const { return micros_of(timestamp(column)); }
  jose::Micros time_or(Column column, jose::Micros if_null) const { return is_null(column) ? if_null : time(column); }
  pg_uuid_t uuid(Column column) const { return *DatumGetUUIDP(value(column)); }
  // The bytes of a text or bytea in SPI's memory.
  std::string_view bytes(Column column) const { return view_of(PG_DETOAST_DATUM_PACKED(value(column))); }
  // A text, bytea or jsonb, detoasted and copied into `context`.
  OptionalText text(Column column, MemoryContext context) const {
    bool is_null;
    const Datum value = nullable(column, &is_null);
    if (is_null) return {false, {}};
    return {true, view_of(reinterpret_cast<struct varlena *>(DatumGetPointer(copy_varlena_to(context, value))))};
  }
  // Overwrites a secret: what SPI has read stays in its memory until that is used again.
  void cleanse(Column column) const {
    bool is_null;
    const Datum value = nullable(column, &is_null);
    if (!is_null) cleanse_varlena(value);
  }

 private:
  static constexpr int number_of(Column column) noexcept { return static_cast<int>(column) + 1; }
  HeapTuple tuple_;
  TupleDesc columns_;
};

// What one execution returned.
template <class Column>
class Rows {
 public:
  Rows(SPITupleTable *table, std::uint64_t count) : table_(table), count_(count) {}

  std::uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  Row<Column> operator[](std::uint64_t index) const {
    if (index >= count_) raise_missing_row();
    return {table_->vals[index], table_->tupdesc};
  }
  // All of them, as SPI has them.
  SPITupleTable *table() const { return table_; }
  // For loops of many statements, whose answers SPI would all keep until it ends.
  void free() const { SPI_freetuptable(table_); }

 private:
  SPITupleTable *table_;
  std::uint64_t count_;
};

template <class Column>
Rows<Column> execute(Query<Column> &query, const Parameters &parameters) {
  const std::uint64_t count = execute(static_cast<Statement &>(query), parameters);
  return {SPI_tuptable, count};
}
template <class Column>
Rows<Column> execute_latest(Query<Column> &query, const Parameters &parameters) {
  const std::uint64_t count = execute_latest(static_cast<Statement &>(query), parameters);
  return {SPI_tuptable, count};
}

template <class Column>
Rows<Column> execute_on_latest(Query<Column> &query, const Parameters &parameters) {
  const std::uint64_t count = execute_on_latest(static_cast<Statement &>(query), parameters);
  return {SPI_tuptable, count};
}

// Column `number` (from 1) of row `row` of SPI_tuptable.
inline Datum column(std::uint64_t row, int number, bool *is_null) {
  return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, is_null);
}

// A text column (or one cast to it), detoasted and copied out of SPI's memory into `context`.
OptionalText text_column(std::uint64_t row, int number, MemoryContext context);
inline void cleanse_text(const OptionalText &secret) {
  if (secret.present) cleanse({const_cast<char *>(secret.text.data()), secret.text.size()});
}

}  // namespace jwt_auth::pg
