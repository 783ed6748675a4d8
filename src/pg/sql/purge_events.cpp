// purge_events: cuts the audit to an age, in batches, committing between them.
//
// The audit is written at its end and has no index that leads to a row in the order of time. So the part that is old is looked
// up once, through the BRIN index, and then walked by place: however many batches it takes, each page is read once.
#include "pg/store/plans.hpp"
#include "pg/store/purge.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/errors.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/statistics.hpp"

extern "C" {
#include <catalog/pg_am.h>
#include <catalog/pg_class.h>
#include <pgstat.h>
#include <storage/itemptr.h>
#include <storage/lmgr.h>
#include <utils/fmgrprotos.h>
}

namespace jwt_auth::pg {

namespace {

// The pages that one entry of the BRIN index tells of, if nobody made it anew.
constexpr BlockNumber kRange = 128;
// Bounds what a batch reads where there is little to remove.
constexpr int kRangesOfBatch = 64;

// Where the walk is. Rows that somebody holds are passed by.
struct Walk {
  BlockNumber range;      // the first page of the range that is next
  BlockNumber last;       // the last page that has an old row
  ItemPointerData after;  // where in this range it goes on
  bool removed;           // whether something of this range was removed
  bool done;
};

void enter_range(Walk &walk, BlockNumber range) {
  walk.range = range;
  walk.removed = false;
  ItemPointerSet(&walk.after, range, InvalidOffsetNumber);
}

enum class OldPartColumn { kFirst, kLast };
constexpr const char *kSelectOldPart = "SELECT min(ctid), max(ctid) FROM jwt_auth.auth_event WHERE at < $1";

BlockNumber block_of(Datum tid) { return ItemPointerGetBlockNumber(reinterpret_cast<ItemPointer>(DatumGetPointer(tid))); }

// Planned for this very time: only then does the planner know whether the index helps.
Walk find_old_part(TimestampTz cutoff) {
  Oid types[] = {TIMESTAMPTZOID};
  Datum values[] = {TimestampTzGetDatum(cutoff)};
  const int result = SPI_execute_with_args(kSelectOldPart, 1, types, values, nullptr, true, 0);
  if (result != SPI_OK_SELECT) elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
  const Row<OldPartColumn> row = Rows<OldPartColumn>(SPI_tuptable, SPI_processed)[0];
  Walk walk{};
  walk.done = row.is_null(OldPartColumn::kFirst);
  if (walk.done) return walk;
  const BlockNumber block = block_of(row.value(OldPartColumn::kFirst));
  walk.last = block_of(row.value(OldPartColumn::kLast));
  enter_range(walk, block - block % kRange);
  return walk;
}

// The log-in of a session that is still there stays: explain_session() knows the user by it, whatever becomes of the session.
// What a trigger keeps is passed by as well: the walk goes on behind the last row that was chosen, deleted or not.
enum class DeletedColumn { kChosen, kFurthest, kDeleted };
Query<DeletedColumn> delete_old = {
    "WITH old AS (SELECT e.ctid FROM jwt_auth.auth_event e WHERE e.ctid > $1 AND e.ctid <= $2 AND e.at < $3"
    " AND NOT (e.event = 'login' AND EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.session_id = e.session_id))"
    " ORDER BY e.ctid LIMIT $4 FOR UPDATE OF e SKIP LOCKED),"
    " gone AS (DELETE FROM jwt_auth.auth_event WHERE ctid = ANY (ARRAY(SELECT ctid FROM old)) RETURNING 1)"
    " SELECT (SELECT count(*) FROM old), (SELECT max(ctid) FROM old), (SELECT count(*) FROM gone)",
    {TIDOID, TIDOID, TIMESTAMPTZOID, INT8OID}};

// The index on the time; invalid if somebody has replaced it by another kind.
Oid time_index(Oid table) {
  const Oid index = get_relname_relid("auth_event_at", get_rel_namespace(table));
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  const bool is_brin = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relam == BRIN_AM_OID;
  ReleaseSysCache(tuple);
  return is_brin ? index : InvalidOid;
}

// An entry of the index only ever widens. Once new events fill the pages of old ones, it would span all the time between, and
// every later search for old events would read them. So it is taken away, and the next VACUUM makes it from what is there.
// Vacuum and we don't wait for each other: if it is at work, the entry stays as it is.
void forget_times(BlockNumber range) {
  const Oid table = table_oid("auth_event");
  const Oid index = time_index(table);
  if (OidIsValid(index) && ConditionalLockRelationOid(table, ShareUpdateExclusiveLock))
    DirectFunctionCall2(brin_desummarize_range, ObjectIdGetDatum(index), Int64GetDatum(static_cast<std::int64_t>(range)));
}

// How many rows it removed. A batch ends with the rows that it may look at, or with the ranges.
std::uint64_t remove_batch(Walk &walk, TimestampTz cutoff, std::uint64_t size) {
  std::uint64_t removed = 0;
  std::uint64_t chosen = 0;
  for (int ranges = 0; ranges < kRangesOfBatch && !walk.done; ranges++) {
    CHECK_FOR_INTERRUPTS();
    ItemPointerData end;
    ItemPointerSet(&end, walk.range + (kRange - 1), PG_UINT16_MAX);
    Parameters parameters{};
    add(parameters, PointerGetDatum(&walk.after));
    add(parameters, PointerGetDatum(&end));
    add(parameters, TimestampTzGetDatum(cutoff));
    add(parameters, Int64GetDatum(static_cast<std::int64_t>(size - chosen)));
    const auto row = execute(delete_old, parameters)[0];
    const auto deleted = static_cast<std::uint64_t>(row.int8(DeletedColumn::kDeleted));
    chosen += static_cast<std::uint64_t>(row.int8(DeletedColumn::kChosen));
    removed += deleted;
    if (deleted > 0) walk.removed = true;
    if (chosen == size) {
      walk.after = *reinterpret_cast<ItemPointer>(DatumGetPointer(row.value(DeletedColumn::kFurthest)));
      return removed;
    }
    if (walk.removed) forget_times(walk.range);
    walk.done = walk.last - walk.range < kRange;
    if (!walk.done) enter_range(walk, walk.range + kRange);
  }
  return removed;
}

void show_progress(std::uint64_t removed) {
  pgstat_report_activity(STATE_RUNNING, psprintf("CALL jwt_auth.purge_events(): " UINT64_FORMAT " events done", removed));
}

// Comparing as SQL does: a month has 30 days, a day 24 hours.
bool is_within(const Interval &age, std::int32_t most_years) {
  const Interval least = {0, 1, 0};
  const Interval most = {0, 0, most_years * MONTHS_PER_YEAR};
  return DatumGetBool(DirectFunctionCall2(interval_ge, IntervalPGetDatum(&age), IntervalPGetDatum(&least))) &&
         DatumGetBool(DirectFunctionCall2(interval_le, IntervalPGetDatum(&age), IntervalPGetDatum(&most)));
}

// By the calendar: a year is a year. A day at least, since '1' is a second.
TimestampTz cutoff_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) raise_null_argument("older_than");
  const Interval *age = PG_GETARG_INTERVAL_P(index);
  if (!is_within(*age, 1000))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("older_than must be from one day to a thousand years, not \"%s\"",
                           DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(age)))),
                    errhint("A number without a unit counts seconds: write '90 days' or '1 year'.")));
  return DatumGetTimestampTz(
      DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(GetCurrentTimestamp()), PG_GETARG_DATUM(index)));
}

Datum purge_events(FunctionCallInfo fcinfo) {
  const TimestampTz cutoff = cutoff_argument(fcinfo, 0);
  const int size = batch_size_argument(fcinfo, 1);
  begin_own_transactions(fcinfo, "purge_events");

  Walk walk = in_batch("auth_event", [&] { return find_old_part(cutoff); });
  for (std::uint64_t removed = 0; !walk.done;) {
    const std::uint64_t count =
        in_batch("auth_event", [&] { return remove_batch(walk, cutoff, static_cast<std::uint64_t>(size)); });
    Count(Counted::kPurge, static_cast<unsigned>(PurgeOutcome::kEvent), count);
    removed += count;
    show_progress(removed);
  }
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_purge_events) { return jwt_auth::pg::purge_events(fcinfo); }
