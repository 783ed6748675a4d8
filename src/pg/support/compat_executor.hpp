// Differences between PostgreSQL majors in what scans tables and writes rows.
#pragma once

#include "pg/support/postgres.hpp"

extern "C" {
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/dependency.h>
#include <executor/executor.h>
#include <tcop/pquery.h>
}

namespace jwt_auth::pg {

// Runs a portal to its end, as a statement that a client has sent. 18 dropped an argument.
inline void run_portal(Portal portal, DestReceiver *receiver) {
#if PG_VERSION_NUM >= 180000
  (void)PortalRun(portal, FETCH_ALL, true, receiver, receiver, nullptr);
#else
  (void)PortalRun(portal, FETCH_ALL, true, true, receiver, receiver, nullptr);
#endif
}

// 19 has flags.
inline TableScanDesc begin_table_scan(Relation relation, Snapshot snapshot) {
#if PG_VERSION_NUM >= 190000
  return table_beginscan(relation, snapshot, 0, nullptr, 0);
#else
  return table_beginscan(relation, snapshot, 0, nullptr);
#endif
}

// 18 has generated columns that are not stored; one that is NOT NULL is checked all the same.
#if PG_VERSION_NUM >= 180000
inline bool has_generated_columns(const TupleConstr &constraints) {
  return constraints.has_generated_stored || constraints.has_generated_virtual;
}
#else
inline bool has_generated_columns(const TupleConstr &constraints) { return constraints.has_generated_stored; }
#endif

// 18 has NOT NULL constraints that rows from before may not meet; an UPDATE of such a row is refused.
#if PG_VERSION_NUM >= 180000
inline bool has_unproven_not_null(TupleDesc columns) {
  for (int i = 0; i < columns->natts; i++)
    if (TupleDescCompactAttr(columns, i)->attnullability == ATTNULLABLE_INVALID) return true;
  return false;
}
#else
inline bool has_unproven_not_null(TupleDesc) { return false; }
#endif

// Which indexes need an entry for the new version of a row. 16 has indexes (BRIN) that alone do.
#if PG_VERSION_NUM >= 160000
using IndexesOfUpdate = TU_UpdateIndexes;
inline bool needs_index_entries(IndexesOfUpdate indexes) { return indexes != TU_None; }
inline bool is_only_summarizing(IndexesOfUpdate indexes) { return indexes == TU_Summarizing; }
#else
using IndexesOfUpdate = bool;
inline bool needs_index_entries(IndexesOfUpdate indexes) { return indexes; }
inline bool is_only_summarizing(IndexesOfUpdate) { return false; }
#endif

// 19 has options as well.
inline TM_Result update_tuple(Relation relation, ItemPointer tuple, TupleTableSlot *slot, Snapshot snapshot,
                              TM_FailureData &failure, LockTupleMode &lock_mode, IndexesOfUpdate &indexes) {
#if PG_VERSION_NUM >= 190000
  return table_tuple_update(relation, tuple, slot, GetCurrentCommandId(true), 0, snapshot, InvalidSnapshot, true, &failure,
                            &lock_mode, &indexes);
#else
  return table_tuple_update(relation, tuple, slot, GetCurrentCommandId(true), snapshot, InvalidSnapshot, true, &failure,
                            &lock_mode, &indexes);
#endif
}

// The sequence behind an identity.
inline Oid identity_sequence(Relation relation, AttrNumber column) {
#if PG_VERSION_NUM >= 170000
  return getIdentitySequence(relation, column, false);
#else
  return getIdentitySequence(RelationGetRelid(relation), column, false);
#endif
}

// 19 has flags for what were parameters.
inline void insert_index_entries_of_update(ResultRelInfo *target, TupleTableSlot *slot, EState *state, bool only_summarizing) {
#if PG_VERSION_NUM >= 190000
  const uint32 flags = EIIT_IS_UPDATE | (only_summarizing ? EIIT_ONLY_SUMMARIZING : 0);
  (void)ExecInsertIndexTuples(target, state, flags, slot, NIL, nullptr);
#elif PG_VERSION_NUM >= 160000
  (void)ExecInsertIndexTuples(target, slot, state, true, false, nullptr, NIL, only_summarizing);
#else
  (void)only_summarizing;
  (void)ExecInsertIndexTuples(target, slot, state, true, false, nullptr, NIL);
#endif
}

inline void insert_index_entries(ResultRelInfo *target, TupleTableSlot *slot, EState *state) {
#if PG_VERSION_NUM >= 190000
  (void)ExecInsertIndexTuples(target, state, 0, slot, NIL, nullptr);
#elif PG_VERSION_NUM >= 160000
  (void)ExecInsertIndexTuples(target, slot, state, false, false, nullptr, NIL, false);
#else
  (void)ExecInsertIndexTuples(target, slot, state, false, false, nullptr, NIL);
#endif
}

}  // namespace jwt_auth::pg
