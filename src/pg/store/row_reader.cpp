#include "pg/store/row_reader.hpp"

#include "pg/store/index_scan.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <access/genam.h>
#include <access/relation.h>
#include <access/table.h>
#include <access/xact.h>
#include <lib/stringinfo.h>
#include <storage/bufmgr.h>
#include <storage/predicate.h>
#include <utils/datum.h>
#include <utils/rel.h>
}

namespace jwt_auth::pg {

namespace {

using KeyedRows = std::initializer_list<KeyedRow *>;

// By the index.

// The scan of a B-tree that never had a row takes a predicate lock of the whole index, so the first row of anybody would be a
// conflict. That row goes to the page behind the metapage: a lock of this page says as much about the row that is asked for.
bool lock_place_in_empty_index(Relation index, Snapshot snapshot) {
  constexpr BlockNumber kFirstRoot = 1;
  bool is_empty = RelationGetNumberOfBlocks(index) <= kFirstRoot;
  if (is_empty) {
    PredicateLockPage(index, kFirstRoot, snapshot);
    // Looked at again, for a row may have come before the lock.
    is_empty = RelationGetNumberOfBlocks(index) <= kFirstRoot;
  }
  return is_empty;
}

bool lock_place_in_empty_index(Oid index_oid, Snapshot snapshot) {
  Relation index = index_open(index_oid, AccessShareLock);
  const bool is_empty = lock_place_in_empty_index(index, snapshot);
  index_close(index, AccessShareLock);
  return is_empty;
}

void read_by_index(KeyedRow &row, Snapshot snapshot) {
  const KeyedTable &table = *row.table;
  row.found = false;
  if (IsolationIsSerializable() && lock_place_in_empty_index(table.index, snapshot)) return;
  Relation relation = table_open(table.table, NoLock);
  SysScanDesc scan = begin_scan(row, relation, snapshot);
  HeapTuple tuple = systable_getnext(scan);
  row.found = HeapTupleIsValid(tuple);
  if (row.found) take_tuple(row, tuple, RelationGetDescr(relation));
  systable_endscan(scan);
  table_close(relation, NoLock);
}

using TakeRow = void (*)(const KeyedRow &row, void *argument);

void take_each_tuple(KeyedRow &row, SysScanDesc scan, Relation relation, TakeRow take, void *argument) {
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    CHECK_FOR_INTERRUPTS();
    take_tuple(row, tuple, RelationGetDescr(relation));
    take(row, argument);
  }
  systable_endscan(scan);
}

void read_each_row(KeyedRow &row, Snapshot snapshot, TakeRow take, void *argument) {
  Relation relation = table_open(row.table->table, NoLock);
  take_each_tuple(row, begin_scan(row, relation, snapshot), relation, take, argument);
  table_close(relation, NoLock);
}

// The primary key, where reading through it instead of the table as it lies makes no difference to what is found.
Oid complete_index_of(Relation relation) {
  const Oid oid = primary_key_of(relation);
  Relation index = OidIsValid(oid) ? try_relation_open(oid, AccessShareLock) : nullptr;
  if (index == nullptr) return InvalidOid;
  const bool is_complete =
      index->rd_rel->relkind == RELKIND_INDEX && index->rd_index->indisvalid && !index->rd_index->indcheckxmin;
  relation_close(index, AccessShareLock);
  return is_complete ? oid : InvalidOid;
}

// The scan of a whole table takes a predicate lock of the whole table, and then a change of any other key is a conflict.
// Through the primary key the locks are those of the rows and of pages of the index.
void read_whole(KeyedRow &row, Snapshot snapshot, TakeRow take, void *argument) {
  if (!IsolationIsSerializable()) return read_each_row(row, snapshot, take, argument);
  Relation relation = table_open(row.table->table, NoLock);
  const Oid index = complete_index_of(relation);
  if (!OidIsValid(index) || !lock_place_in_empty_index(index, snapshot))
    take_each_tuple(row, systable_beginscan(relation, index, OidIsValid(index), snapshot, 0, nullptr), relation, take,
                    argument);
  table_close(relation, NoLock);
}

void read_each_by_index(KeyedRow &row, Snapshot snapshot, TakeRow take, void *argument) {
  if (IsolationIsSerializable() && lock_place_in_empty_index(row.table->index, snapshot)) return;
  read_each_row(row, snapshot, take, argument);
}

bool try_by_index(KeyedRows rows, ReadMode mode) {
  for (const KeyedRow *row : rows)
    if (row->table->obstacle != nullptr) return false;
  const Snapshot snapshot = RegisterSnapshot(mode == ReadMode::kLatest ? GetLatestSnapshot() : statement_snapshot());
  bool good = true;
  for (const KeyedRow *row : rows) good = good && serves(*row->table, snapshot);
  if (good)
    for (KeyedRow *row : rows) read_by_index(*row, snapshot);
  UnregisterSnapshot(snapshot);
  return good;
}

// By a statement.

// Which rows are read, and which of the columns that may lack are there: what a statement is made for.
struct Shape {
  bool locks;
  int count;
  KeyedTable *tables[kMostRows];
  std::uint32_t lacking[kMostRows];
};
struct ShapedStatement {
  Shape shape;
  Statement statement;
  ShapedStatement *next;
};
ShapedStatement *statements;

bool same(const Shape &a, const Shape &b) {
  return a.locks == b.locks && a.count == b.count && std::memcmp(a.tables, b.tables, sizeof(a.tables)) == 0 &&
         std::memcmp(a.lacking, b.lacking, sizeof(a.lacking)) == 0;
}

Shape shape_of(KeyedRows rows, ReadMode mode) {
  Shape shape{};
  shape.locks = mode == ReadMode::kLocked;
  for (const KeyedRow *row : rows) {
    const KeyedTable &table = *row->table;
    for (int i = 0; i < table.column_count; i++)
      if (table.columns[i].may_lack && !AttributeNumberIsValid(table.attributes[i])) shape.lacking[shape.count] |= 1U << i;
    shape.tables[shape.count++] = row->table;
  }
  return shape;
}

void append_columns(StringInfo sql, const KeyedTable &table, std::uint32_t lacking, int number) {
  // A key column tells whether there is a row.
  if (table.key_count == 0)
    appendStringInfoString(sql, "true");
  else
    appendStringInfo(sql, "%st%d.%s IS NOT NULL", number == 0 ? "" : ", ", number, table.keys[0].name);
  for (int i = 0; i < table.column_count; i++) {
    if (table.columns[i].use == ColumnUse::kWritten) continue;
    const char *type = format_type_be(table.columns[i].type);
    if ((lacking >> i & 1) != 0)
      appendStringInfo(sql, ", NULL::%s", type);
    else
      appendStringInfo(sql, ", t%d.%s::%s", number, table.columns[i].name, type);
  }
}

void append_condition(StringInfo sql, const char *introduction, const KeyedTable &table, int number, int *parameter) {
  for (int i = 0; i < table.key_count; i++)
    appendStringInfo(sql, "%st%d.%s = $%d", i == 0 ? introduction : " AND ", number, table.keys[i].name, ++*parameter);
}

void write_statement(StringInfo sql, const Shape &shape) {
  int parameter = 0;
  appendStringInfoString(sql, "SELECT ");
  for (int i = 0; i < shape.count; i++) append_columns(sql, *shape.tables[i], shape.lacking[i], i);
  if (shape.count == 1) {
    appendStringInfo(sql, " FROM jwt_auth.%s t0", shape.tables[0]->name);
    append_condition(sql, " WHERE ", *shape.tables[0], 0, &parameter);
  } else {
    // Each of them may be there or not.
    appendStringInfoString(sql, " FROM (SELECT 1) one");
    for (int i = 0; i < shape.count; i++) {
      appendStringInfo(sql, " LEFT JOIN jwt_auth.%s t%d", shape.tables[i]->name, i);
      append_condition(sql, " ON ", *shape.tables[i], i, &parameter);
    }
  }
  if (shape.locks) appendStringInfoString(sql, " FOR NO KEY UPDATE");
}

Statement &statement_for(const Shape &shape) {
  for (ShapedStatement *one = statements; one != nullptr; one = one->next)
    if (same(one->shape, shape)) return one->statement;
  StringInfoData sql;
  initStringInfo(&sql);
  write_statement(&sql, shape);
  auto *made = static_cast<ShapedStatement *>(MemoryContextAllocZero(TopMemoryContext, sizeof(ShapedStatement)));
  made->shape = shape;
  made->statement.sql = MemoryContextStrdup(TopMemoryContext, sql.data);
  for (int i = 0; i < shape.count; i++)
    for (int k = 0; k < shape.tables[i]->key_count; k++)
      made->statement.parameter_types[made->statement.parameter_count++] = shape.tables[i]->keys[k].type;
  made->next = statements;
  statements = made;
  return made->statement;
}

// The columns of one row, from `number` on; in the current context. Answers the number behind them.
int take_columns(KeyedRow &row, HeapTuple tuple, TupleDesc columns, int number) {
  bool is_null;
  const Datum there = SPI_getbinval(tuple, columns, number++, &is_null);
  row.found = !is_null && DatumGetBool(there);
  for (int i = 0; i < row.table->column_count; i++) {
    row.nulls[i] = true;
    if (row.table->columns[i].use == ColumnUse::kWritten) continue;
    const Datum value = SPI_getbinval(tuple, columns, number, &row.nulls[i]);
    if (!row.nulls[i]) row.values[i] = copy_value(value, *TupleDescAttr(columns, number - 1));
    if (!row.nulls[i] && row.table->columns[i].use == ColumnUse::kSecret) cleanse_varlena(value);
    number++;
  }
  return number;
}

void read_by_statement(KeyedRows rows, ReadMode mode) {
  const Shape shape = shape_of(rows, mode);
  Parameters parameters{};
  for (const KeyedRow *row : rows)
    for (int i = 0; i < row->table->key_count; i++) add(parameters, row->keys[i]);
  as_owner((*rows.begin())->table->name, [&](MemoryContext caller) {
    Statement &statement = statement_for(shape);
    const std::uint64_t found =
        mode == ReadMode::kLatest ? execute_latest(statement, parameters) : execute(statement, parameters);
    for (KeyedRow *row : rows) row->found = false;
    if (found == 0) return;
    MemoryContext former = MemoryContextSwitchTo(caller);
    int number = 1;
    for (KeyedRow *row : rows) number = take_columns(*row, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number);
    MemoryContextSwitchTo(former);
  });
}

void read_whole_by_statement(const WholeTable &one, void *argument, MemoryContext context) {
  const std::uint64_t count = execute_latest(statement_for(shape_of({one.row}, ReadMode::kLatest)), Parameters{});
  SPITupleTable *rows = SPI_tuptable;
  MemoryContext former = MemoryContextSwitchTo(context);
  for (std::uint64_t i = 0; i < count; i++) {
    (void)take_columns(*one.row, rows->vals[i], rows->tupdesc, 1);
    one.take(*one.row, argument);
  }
  MemoryContextSwitchTo(former);
  SPI_freetuptable(rows);
}

void refuse_statement(const KeyedTable &table) {
  if (table.obstacle == nullptr) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("rows of table jwt_auth.%s cannot be read without a statement", table.name),
                  errdetail_internal("The reason is that %s.", table.obstacle), errhint("Reset jwt_auth.debug_row_reader.")));
}

// The nodes that hold the rows show them as they were when the transaction first asked there.
void require_present_state(KeyedRows rows) {
  if (!IsolationUsesXactSnapshot()) return;
  for (const KeyedRow *row : rows)
    if (row->table->is_distributed)
      ereport(ERROR,
              (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
               errmsg("the present state of distributed tables cannot be read at isolation level %s",
                      XactIsoLevel == XACT_SERIALIZABLE ? "SERIALIZABLE" : "REPEATABLE READ"),
               errdetail("A revocation since the transaction began would not be seen."), errhint("Use READ COMMITTED.")));
}

}  // namespace

void raise_null_value(const KeyedRow &row, int column) {
  elog(ERROR, "column \"%s\" of jwt_auth's tables is null", row.table->columns[column].name);
  pg_unreachable();
}

void read_rows(KeyedRows rows, ReadMode mode) {
  const settings::RowReader reader = settings::ChosenRowReader();
  // Lock, then look whether what is known still holds, then the snapshot: what it shows is in the table that is locked.
  for (const KeyedRow *row : rows) lock_table(*row->table);
  const bool may_use_index = mode != ReadMode::kLocked && reader != settings::RowReader::kStatement;
  if (!may_use_index || !try_by_index(rows, mode)) {
    if (may_use_index && reader == settings::RowReader::kIndex)
      for (const KeyedRow *row : rows) refuse_statement(*row->table);
    if (mode == ReadMode::kLatest) require_present_state(rows);
    read_by_statement(rows, mode);
  }
  for (const KeyedRow *row : rows) unlock_table(*row->table);
}

bool read_each(KeyedRow &row, void (*take)(const KeyedRow &row, void *argument), void *argument) {
  const settings::RowReader reader = settings::ChosenRowReader();
  if (reader == settings::RowReader::kStatement) return false;
  lock_table(*row.table);
  if (reader == settings::RowReader::kIndex) refuse_statement(*row.table);
  bool done = false;
  if (row.table->obstacle == nullptr) {
    const Snapshot snapshot = RegisterSnapshot(statement_snapshot());
    done = serves(*row.table, snapshot);
    if (done) read_each_by_index(row, snapshot, take, argument);
    UnregisterSnapshot(snapshot);
  }
  unlock_table(*row.table);
  return done;
}

void read_tables(const WholeTable *tables, int count, void *argument) {
  const settings::RowReader reader = settings::ChosenRowReader();
  bool is_plain = reader != settings::RowReader::kStatement;
  for (int i = 0; i < count; i++) {
    const KeyedTable &table = *tables[i].row->table;
    lock_table(*tables[i].row->table);
    if (reader == settings::RowReader::kIndex) refuse_statement(table);
    is_plain = is_plain && table.obstacle == nullptr;
  }
  if (is_plain) {
    const Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    for (int i = 0; i < count; i++) read_whole(*tables[i].row, snapshot, tables[i].take, argument);
    UnregisterSnapshot(snapshot);
  } else {
    as_owner(tables[0].row->table->name, [&](MemoryContext caller) {
      for (int i = 0; i < count; i++) read_whole_by_statement(tables[i], argument, caller);
    });
  }
  for (int i = 0; i < count; i++) unlock_table(*tables[i].row->table);
}

}  // namespace jwt_auth::pg
