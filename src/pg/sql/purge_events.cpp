// purge_events: cuts the audit to an age, in batches, committing between them.
//
// The audit is written at its end and has no index that leads to a row in the order of time. So the part that is old is looked
// up once, through the BRIN index, and then walked by place: however many batches it takes, each page is read once. A place is
// one of a table, so where the audit has parts (partition_events), they are walked one after the other.
#include "pg/store/citus.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/purge.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/errors.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/statistics.hpp"

extern "C" {
#include <access/table.h>
#include <catalog/pg_am.h>
#include <catalog/pg_class.h>
#include <pgstat.h>
#include <storage/itemptr.h>
#include <storage/lmgr.h>
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
#include <utils/rel.h>
#include <utils/relcache.h>
}

namespace jwt_auth::pg {

namespace {

// The pages that one entry of the BRIN index tells of, if nobody made it anew.
constexpr BlockNumber kRange = 128;
// Bounds what a batch reads where there is little to remove.
constexpr int kRangesOfBatch = 64;

// Where the walk is. Rows that somebody holds are passed by.
struct Walk {
  Oid table;
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

// The next of the tables that hold the audit's rows, by OID; invalid if there is none.
enum class PartColumn { kPart };
Query<PartColumn> select_next_part = {
    "WITH RECURSIVE part (relid) AS (SELECT 'jwt_auth.auth_event'::regclass::oid"
    " UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN part p ON i.inhparent = p.relid)"
    " SELECT c.oid FROM part p JOIN pg_catalog.pg_class c ON c.oid = p.relid WHERE c.relkind = 'r' AND c.oid > $1 ORDER BY 1 "
    "LIMIT 1",
    {OIDOID}};

Oid next_part(Oid last) {
  Parameters parameters{};
  add(parameters, ObjectIdGetDatum(last));
  const auto rows = execute(select_next_part, parameters);
  return rows.empty() ? InvalidOid : DatumGetObjectId(rows[0].value(PartColumn::kPart));
}

// Under a lock that lets others write, so that the name holds until the commit. Null if somebody has dropped the table
// meanwhile.
const char *locked_name(Oid part) {
  LockRelationOid(part, RowExclusiveLock);
  const char *name = get_rel_name(part);
  return name == nullptr ? nullptr : quote_qualified_identifier(get_namespace_name(get_rel_namespace(part)), name);
}

// The only row of a statement on the table "@". It is planned for these very values: only then does the planner know whether
// the index helps.
template <class Column>
Row<Column> row_of(const char *statement, const char *table, std::initializer_list<Oid> types,
                   std::initializer_list<Datum> values) {
  StringInfoData text;
  initStringInfo(&text);
  for (const char *at = statement; *at != '\0'; at++) {
    if (*at == '@')
      appendStringInfoString(&text, table);
    else
      appendStringInfoChar(&text, *at);
  }
  const int result = SPI_execute_with_args(text.data, static_cast<int>(types.size()), const_cast<Oid *>(types.begin()),
                                           const_cast<Datum *>(values.begin()), nullptr, false, 0);
  if (result != SPI_OK_SELECT) elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
  return Rows<Column>(SPI_tuptable, SPI_processed)[0];
}

BlockNumber block_of(Datum tid) { return ItemPointerGetBlockNumber(reinterpret_cast<ItemPointer>(DatumGetPointer(tid))); }

enum class OldPartColumn { kFirst, kLast };
constexpr const char *kSelectOldPart = "SELECT min(ctid), max(ctid) FROM ONLY @ WHERE at < $1";

Walk find_old_part(Oid table, TimestampTz cutoff) {
  Walk walk{};
  walk.table = table;
  const char *name = locked_name(table);
  walk.done = name == nullptr;
  if (walk.done) return walk;
  const auto row = row_of<OldPartColumn>(kSelectOldPart, name, {TIMESTAMPTZOID}, {TimestampTzGetDatum(cutoff)});
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
#define DELETE_OLD_UNLESS(is_of_session)                                                      \
  "WITH old AS (SELECT e.ctid FROM ONLY @ e WHERE e.ctid > $1 AND e.ctid <= $2 AND e.at < $3" \
  " AND NOT (e.event = 'login' AND " is_of_session                                            \
  ")"                                                                                         \
  " ORDER BY e.ctid LIMIT $4 FOR UPDATE OF e SKIP LOCKED),"                                   \
  " gone AS (DELETE FROM ONLY @ WHERE ctid = ANY (ARRAY(SELECT ctid FROM old)) RETURNING 1)"  \
  " SELECT (SELECT count(*) FROM old), (SELECT max(ctid) FROM old), (SELECT count(*) FROM gone)"
constexpr const char *kDeleteOld =
    DELETE_OLD_UNLESS("EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.session_id = e.session_id)");
// Where sessions are in shards, those that are still there are asked for first.
constexpr const char *kDeleteOldBut = DELETE_OLD_UNLESS("e.session_id = ANY ($5)");
#undef DELETE_OLD_UNLESS
enum class LoginColumn { kSessions };
constexpr const char *kSelectLogins =
    "SELECT coalesce(array_agg(e.session_id), '{}') FROM ONLY @ e WHERE e.ctid > $1 AND e.ctid <= $2 AND e.at < $3"
    " AND e.event = 'login' AND e.session_id IS NOT NULL";
Query<LoginColumn> select_kept = {
    "SELECT coalesce(array_agg(s.session_id), '{}') FROM jwt_auth.refresh_session s WHERE s.session_id = ANY ($1)",
    {UUIDARRAYOID}};

bool is_brin(Oid index) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
  if (!HeapTupleIsValid(tuple)) return false;
  const bool answer = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relam == BRIN_AM_OID;
  ReleaseSysCache(tuple);
  return answer;
}

// An entry of the index on the time only ever widens. Once new events fill the pages of old ones, it would span all the time
// between, and every later search for old events would read them. So it is taken away, and the next VACUUM makes it from what
// is there. Vacuum and we don't wait for each other: if it is at work, the entry stays as it is.
void forget_times(Oid table, BlockNumber range) {
  Relation relation = table_open(table, NoLock);
  List *indexes = RelationGetIndexList(relation);
  table_close(relation, NoLock);
  ListCell *cell;
  foreach (cell, indexes) {
    const Oid index = lfirst_oid(cell);
    if (is_brin(index) && ConditionalLockRelationOid(table, ShareUpdateExclusiveLock))
      DirectFunctionCall2(brin_desummarize_range, ObjectIdGetDatum(index), Int64GetDatum(static_cast<std::int64_t>(range)));
  }
}

Row<DeletedColumn> delete_old(const char *name, ItemPointerData &after, ItemPointerData &end, TimestampTz cutoff,
                              std::int64_t most) {
  const Datum first = PointerGetDatum(&after);
  const Datum last = PointerGetDatum(&end);
  const Datum before = TimestampTzGetDatum(cutoff);
  if (!is_distributed("refresh_session"))
    return row_of<DeletedColumn>(kDeleteOld, name, {TIDOID, TIDOID, TIMESTAMPTZOID, INT8OID},
                                 {first, last, before, Int64GetDatum(most)});
  Parameters logins{};
  add(logins, row_of<LoginColumn>(kSelectLogins, name, {TIDOID, TIDOID, TIMESTAMPTZOID}, {first, last, before})
                  .value(LoginColumn::kSessions));
  const Datum kept = execute(select_kept, logins)[0].value(LoginColumn::kSessions);
  return row_of<DeletedColumn>(kDeleteOldBut, name, {TIDOID, TIDOID, TIMESTAMPTZOID, INT8OID, UUIDARRAYOID},
                               {first, last, before, Int64GetDatum(most), kept});
}

// How many rows it removed. A batch ends with the rows that it may look at, or with the ranges.
std::uint64_t remove_batch(Walk &walk, TimestampTz cutoff, std::uint64_t size) {
  const char *name = locked_name(walk.table);
  walk.done = name == nullptr;
  std::uint64_t removed = 0;
  std::uint64_t chosen = 0;
  for (int ranges = 0; ranges < kRangesOfBatch && !walk.done; ranges++) {
    CHECK_FOR_INTERRUPTS();
    ItemPointerData end;
    ItemPointerSet(&end, walk.range + (kRange - 1), PG_UINT16_MAX);
    const auto row = delete_old(name, walk.after, end, cutoff, static_cast<std::int64_t>(size - chosen));
    const auto deleted = static_cast<std::uint64_t>(row.int8(DeletedColumn::kDeleted));
    chosen += static_cast<std::uint64_t>(row.int8(DeletedColumn::kChosen));
    removed += deleted;
    if (deleted > 0) walk.removed = true;
    if (chosen == size) {
      walk.after = *reinterpret_cast<ItemPointer>(DatumGetPointer(row.value(DeletedColumn::kFurthest)));
      return removed;
    }
    if (walk.removed) forget_times(walk.table, walk.range);
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

  std::uint64_t removed = 0;
  const auto part_after = [](Oid last) { return in_batch("auth_event", [&] { return next_part(last); }); };
  for (Oid part = part_after(InvalidOid); OidIsValid(part); part = part_after(part)) {
    Walk walk = in_batch("auth_event", [&] { return find_old_part(part, cutoff); });
    while (!walk.done) {
      const std::uint64_t count =
          in_batch("auth_event", [&] { return remove_batch(walk, cutoff, static_cast<std::uint64_t>(size)); });
      Count(Counted::kPurge, static_cast<unsigned>(PurgeOutcome::kEvent), count);
      removed += count;
      show_progress(removed);
    }
  }
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_purge_events) { return jwt_auth::pg::purge_events(fcinfo); }
