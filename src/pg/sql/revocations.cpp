// revocations: what services that verify offline must know, from a position on.
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/result_set.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

namespace {

enum class PositionColumn { kNext };
Query<PositionColumn> select_next = {"SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint", {}};

// A transaction that this snapshot does not see has not committed, so its number is not below the snapshot's xmin: whoever asks
// from there on misses nothing, however late it commits.
Statement select_revocations = {
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, kind, session_id, user_id, not_before, version, token_id, "
    "until"
    " FROM jwt_auth.revocation WHERE xact >= $1::text::xid8 ORDER BY xact, id",
    {INT8OID}};

std::int64_t position_argument(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(0)) return 0;
  const std::int64_t after = PG_GETARG_INT64(0);
  if (after < 0)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("position %lld is negative", static_cast<long long>(after))));
  return after;
}

void check_position(std::int64_t after) {
  const auto rows = execute_latest(select_next, Parameters{});
  if (after <= rows[0].int8(PositionColumn::kNext)) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("position %lld lies ahead of this server", static_cast<long long>(after)),
                  errdetail("The position is of another server, or of this one before a restore or a failover."),
                  errhint("Start anew: forget what was read and call revocations() without a position.")));
}

Datum revocations(FunctionCallInfo fcinfo) {
  const std::int64_t after = position_argument(fcinfo);
  ReturnSetInfo &set = result_set(fcinfo);
  as_owner("revocation", [&](MemoryContext) {
    check_position(after);
    Parameters parameters{};
    add(parameters, Int64GetDatum(after));
    const std::uint64_t count = execute_latest(select_revocations, parameters);
    put_rows(set, SPI_tuptable, count);
  });
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_revocations) { return jwt_auth::pg::revocations(fcinfo); }
