#include "pg/store/plans.hpp"

#include "pg/store/citus.hpp"

namespace jwt_auth::pg {

namespace {

void prepare(Statement &statement) {
  // Citus plans most statements for their parameters alone: they say which shards are asked.
  const int options = citus_is_loaded ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN;
  SPIPlanPtr plan = SPI_prepare_cursor(statement.sql, statement.parameter_count, statement.parameter_types, options);
  if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
  if (SPI_keepplan(plan) != 0) elog(ERROR, "SPI_keepplan failed");
  statement.plan = plan;
}

void prepare_for(Statement &statement, const Parameters &parameters) {
  if (statement.plan == nullptr) prepare(statement);
  if (parameters.count != statement.parameter_count) elog(ERROR, "a statement has other parameters: %s", statement.sql);
}

std::uint64_t checked(int result) {
  if (result < 0) elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
  return SPI_processed;
}

}  // namespace

std::uint64_t execute(Statement &statement, const Parameters &parameters) {
  prepare_for(statement, parameters);
  return checked(SPI_execute_plan(statement.plan, const_cast<Datum *>(parameters.values), parameters.nulls, false, 0));
}

std::uint64_t execute_latest(Statement &statement, const Parameters &parameters) {
  prepare_for(statement, parameters);
  return checked(SPI_execute_snapshot(statement.plan, const_cast<Datum *>(parameters.values), parameters.nulls,
                                      GetLatestSnapshot(), InvalidSnapshot, true, false, 0));
}

std::uint64_t execute_on_latest(Statement &statement, const Parameters &parameters) {
  prepare_for(statement, parameters);
  return checked(SPI_execute_snapshot(statement.plan, const_cast<Datum *>(parameters.values), parameters.nulls,
                                      GetLatestSnapshot(), InvalidSnapshot, false, true, 0));
}

void discard(Statement &statement) {
  if (statement.plan != nullptr) SPI_freeplan(statement.plan);
  statement.plan = nullptr;
}

void raise_missing_row() {
  elog(ERROR, "a row of jwt_auth's tables is missing");
  pg_unreachable();
}

void raise_missing_value(TupleDesc columns, int number) {
  elog(ERROR, "column \"%s\" of jwt_auth's tables is null", SPI_fname(columns, number));
  pg_unreachable();
}

OptionalText text_column(std::uint64_t row, int number, MemoryContext context) {
  bool is_null;
  const Datum value = column(row, number, &is_null);
  if (is_null) return {false, {}};
  return {true, view_of(reinterpret_cast<struct varlena *>(DatumGetPointer(copy_varlena_to(context, value))))};
}

void cleanse_varlena(Datum value) {
  if (VARATT_IS_EXTERNAL(DatumGetPointer(value))) return;
  auto *stored = reinterpret_cast<struct varlena *>(DatumGetPointer(value));
  cleanse({VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored)});
}

}  // namespace jwt_auth::pg
