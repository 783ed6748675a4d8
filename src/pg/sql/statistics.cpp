// counters(): what was counted, as rows.
#include "pg/support/statistics.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

namespace {

// Outcomes that can't be are not shown unless they were.
bool is_worth_a_row(const CountedLine &line) {
  const bool has_name = *line.outcome != '\0';
  const bool is_foreign =
      std::strcmp(line.what, "verify") == 0 && std::strncmp(line.outcome, "JW", 2) != 0 && std::strcmp(line.outcome, "ok") != 0;
  const bool is_other_call = std::strcmp(line.what, "login") == 0 && std::strcmp(line.outcome, "ok") != 0 &&
                             std::strcmp(line.outcome, "limit_reached") != 0;
  return line.count > 0 || (has_name && !is_foreign && !is_other_call);
}

Datum counters(FunctionCallInfo fcinfo) {
  InitMaterializedSRF(fcinfo, 0);
  auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  CountedLine line{};
  for (unsigned i = 0; read_statistics(i, line); i++) {
    if (!is_worth_a_row(line)) continue;
    Datum values[5] = {CStringGetTextDatum(line.what), CStringGetTextDatum(line.outcome),
                       Int64GetDatum(static_cast<std::int64_t>(line.count)), CStringGetTextDatum(statistics_scope()),
                       TimestampTzGetDatum(statistics_since())};
    bool nulls[5] = {};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  }
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_counters) { return jwt_auth::pg::counters(fcinfo); }
