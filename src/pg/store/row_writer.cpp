#include "pg/store/row_writer.hpp"

#include <algorithm>

#include "pg/store/index_scan.hpp"
#include "pg/support/compat_executor.hpp"
#include "pg/support/memory.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <access/htup_details.h>
#include <access/table.h>
#include <commands/sequence.h>
#include <miscadmin.h>
#include <utils/rel.h>
}

namespace jwt_auth::pg {

namespace {

using Choose = bool (*)(const KeyedRow &row, RowChange &change, void *argument);

HeapTuple changed_tuple(const KeyedTable &table, HeapTuple tuple, TupleDesc columns, const RowChange &change) {
  auto *values = static_cast<Datum *>(palloc0(sizeof(Datum) * columns->natts));
  auto *nulls = static_cast<bool *>(palloc0(sizeof(bool) * columns->natts));
  auto *replaces = static_cast<bool *>(palloc0(sizeof(bool) * columns->natts));
  for (int i = 0; i < table.column_count; i++) {
    if (!change.replaces[i] || !AttributeNumberIsValid(table.attributes[i])) continue;
    const int at = table.attributes[i] - 1;
    values[at] = change.values[i];
    nulls[at] = change.nulls[i];
    replaces[at] = true;
  }
  return heap_modify_tuple(tuple, columns, values, nulls, replaces);
}

// Of a new version that did not fit on the page of the old one, or one whose indexed columns have changed.
void insert_into_indexes(Relation relation, TupleTableSlot *slot, bool only_summarizing) {
  EState *state = CreateExecutorState();
  ResultRelInfo *target = makeNode(ResultRelInfo);
  InitResultRelInfo(target, relation, 0, nullptr, 0);
  ExecOpenIndices(target, false);
  if (target->ri_NumIndices > 0) insert_index_entries_of_update(target, slot, state, only_summarizing);
  ExecCloseIndices(target);
  FreeExecutorState(state);
}

// Whether the tuple was the row's latest version and is replaced.
bool replace_tuple(Relation relation, HeapTuple tuple, HeapTuple changed, Snapshot snapshot) {
  TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsHeapTuple);
  ExecStoreHeapTuple(changed, slot, false);
  TM_FailureData failure;
  LockTupleMode lock_mode;
  IndexesOfUpdate indexes;
  const TM_Result result = update_tuple(relation, &tuple->t_self, slot, snapshot, failure, lock_mode, indexes);
  if (result == TM_Ok && needs_index_entries(indexes)) insert_into_indexes(relation, slot, is_only_summarizing(indexes));
  ExecDropSingleTupleTableSlot(slot);
  return result == TM_Ok;
}

bool find_and_change(KeyedRow &row, Relation relation, Snapshot snapshot, Choose choose, void *argument) {
  SysScanDesc scan = begin_scan(row, relation, snapshot);
  HeapTuple tuple = systable_getnext(scan);
  bool changed = false;
  RowChange change{};
  row.found = HeapTupleIsValid(tuple);
  if (row.found) {
    take_tuple(row, tuple, RelationGetDescr(relation));
    if (choose(row, change, argument))
      changed = replace_tuple(relation, tuple, changed_tuple(*row.table, tuple, RelationGetDescr(relation), change), snapshot);
  }
  systable_endscan(scan);
  return changed;
}

// Whether a statement would refuse the row: a value is given for a column that is not there, or none for one that must have
// one.
bool is_refused(const KeyedTable &table, TupleDesc columns, const NewRow &row) {
  for (int i = 0; i < table.column_count; i++) {
    if (table.columns[i].use == ColumnUse::kIdentity) continue;
    const bool exists = AttributeNumberIsValid(table.attributes[i]);
    if (row.is_given[i] ? !exists : exists && TupleDescAttr(columns, table.attributes[i] - 1)->attnotnull) return true;
  }
  return false;
}

// Whether an INSERT would do nothing but add the rows, as far as the table, whoever writes and the values go.
bool only_adds(const KeyedTable &table, Relation relation, const NewRow *rows, int count) {
  // Rights are known of the owner alone.
  if (relation->rd_rel->relowner != GetUserId()) return false;
  return std::none_of(rows, rows + count,
                      [&](const NewRow &row) { return is_refused(table, RelationGetDescr(relation), row); });
}

TupleTableSlot *slot_of(const KeyedTable &table, TupleDesc columns, const NewRow &row) {
  TupleTableSlot *slot = MakeSingleTupleTableSlot(columns, &TTSOpsVirtual);
  std::fill_n(slot->tts_isnull, columns->natts, true);
  for (int i = 0; i < table.column_count; i++) {
    if (!AttributeNumberIsValid(table.attributes[i])) continue;
    const int at = table.attributes[i] - 1;
    const bool counts_on = table.columns[i].use == ColumnUse::kIdentity;
    if (!counts_on && !row.is_given[i]) continue;
    slot->tts_values[at] = counts_on ? Int64GetDatum(nextval_internal(table.sequence, false)) : row.values[i];
    slot->tts_isnull[at] = false;
  }
  return ExecStoreVirtualTuple(slot);
}

void insert_slots(Relation relation, TupleTableSlot **slots, int count, EState *state) {
  ResultRelInfo *target = makeNode(ResultRelInfo);
  InitResultRelInfo(target, relation, 0, nullptr, 0);
  ExecOpenIndices(target, false);
  const CommandId command = GetCurrentCommandId(true);
  if (count == 1)
    table_tuple_insert(relation, slots[0], command, 0, nullptr);
  else
    table_multi_insert(relation, slots, count, command, 0, nullptr);
  for (int i = 0; i < count && target->ri_NumIndices > 0; i++) {
    insert_index_entries(target, slots[i], state);
    ResetPerTupleExprContext(state);
  }
  ExecCloseIndices(target);
}

// All that is allocated here goes with the state: one occasion may have rows by the thousand.
void add_rows(const KeyedTable &table, Relation relation, const NewRow *rows, int count) {
  // An index may call functions.
  PushActiveSnapshot(statement_snapshot());
  EState *state = CreateExecutorState();
  (void)in_context(state->es_query_cxt, [&] {
    TupleTableSlot *slots[kMostNewRows];
    for (int i = 0; i < count; i++) slots[i] = slot_of(table, RelationGetDescr(relation), rows[i]);
    insert_slots(relation, slots, count, state);
    for (int i = 0; i < count; i++) ExecDropSingleTupleTableSlot(slots[i]);
    return count;
  });
  FreeExecutorState(state);
  PopActiveSnapshot();
  CommandCounterIncrement();
}

}  // namespace

void add_columns(Parameters &parameters, const NewRow &row, int first, int count) {
  for (int i = first; i < first + count; i++) add_nullable(parameters, row.values[i], !row.is_given[i]);
}

bool insert_rows(KeyedTable &table, const NewRow *rows, int count) {
  if (settings::ChosenRowReader() == settings::RowReader::kStatement) return false;
  PreventCommandIfReadOnly("INSERT");
  PreventCommandIfParallelMode("INSERT");
  lock_table(table, RowExclusiveLock);
  if (table.obstacle != nullptr || !table.is_plainly_inserted) return false;
  Relation relation = table_open(table.table, NoLock);
  const bool adds = only_adds(table, relation, rows, count);
  if (adds) add_rows(table, relation, rows, count);
  table_close(relation, NoLock);
  return adds;
}

bool change_row(KeyedRow &row, Choose choose, void *argument) {
  if (settings::ChosenRowReader() == settings::RowReader::kStatement) return false;
  PreventCommandIfReadOnly("UPDATE");
  PreventCommandIfParallelMode("UPDATE");
  lock_table(*row.table, RowExclusiveLock);
  if (row.table->obstacle != nullptr || !row.table->is_plainly_written) return false;
  PushActiveSnapshot(statement_snapshot());
  Relation relation = table_open(row.table->table, NoLock);
  bool changed = false;
  if (serves(*row.table, GetActiveSnapshot())) {
    CheckCmdReplicaIdentity(relation, CMD_UPDATE);
    changed = find_and_change(row, relation, GetActiveSnapshot(), choose, argument);
  }
  table_close(relation, NoLock);
  PopActiveSnapshot();
  if (changed) CommandCounterIncrement();
  return changed;
}

}  // namespace jwt_auth::pg
