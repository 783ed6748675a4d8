#include "pg/store/keyed_table.hpp"

#include <algorithm>

#include "pg/store/citus.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/relcache_changes.hpp"
#include "pg/support/compat_executor.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/nbtree.h>
#include <access/relation.h>
#include <access/sysattr.h>
#include <access/table.h>
#include <catalog/pg_am.h>
#include <catalog/pg_class.h>
#include <catalog/pg_collation.h>
#include <catalog/pg_index.h>
#include <storage/bufmgr.h>
#include <storage/lmgr.h>
#include <utils/acl.h>
#include <utils/fmgroids.h>
#include <utils/rel.h>
#include <utils/relcache.h>
}

namespace jwt_auth::pg {

namespace {

KeyedTable *tables;  // all that were ever looked at

void on_relcache_invalidation(Oid relation) {
  for (KeyedTable *table = tables; table != nullptr; table = table->next) {
    if (OidIsValid(relation) && relation != table->table && relation != table->index) continue;
    table->known = false;
    table->invalidations++;
  }
}

// How values of a key column's type are compared, by a scan and by an index.
struct Comparison {
  RegProcedure equality, order;
};
Comparison comparison_of(Oid type) {
  switch (type) {
    case UUIDOID:
      return {F_UUID_EQ, F_UUID_CMP};
    case INT4OID:
      return {F_INT4EQ, F_BTINT4CMP};
    case BYTEAOID:
      return {F_BYTEAEQ, F_BYTEACMP};
    case TEXTOID:
      return {F_TEXTEQ, F_BTTEXTCMP};
    default:
      return {InvalidOid, InvalidOid};
  }
}

// The number of the column; invalid if there is none, or it has another type.
AttrNumber find_column(TupleDesc columns, const ColumnSpec &spec, bool *exists) {
  *exists = false;
  for (int i = 0; i < columns->natts; i++) {
    const auto *attribute = TupleDescAttr(columns, i);
    if (attribute->attisdropped || std::strcmp(NameStr(attribute->attname), spec.name) != 0) continue;
    *exists = true;
    const bool is_right = attribute->atttypid == spec.type || getBaseType(attribute->atttypid) == spec.type;
    return is_right ? attribute->attnum : static_cast<AttrNumber>(InvalidAttrNumber);
  }
  return InvalidAttrNumber;
}

const char *find_columns(KeyedTable &table, TupleDesc columns) {
  const char *obstacle = nullptr;
  for (int i = 0; i < table.column_count; i++) {
    bool exists;
    table.attributes[i] = find_column(columns, table.columns[i], &exists);
    // A statement names what is there, and answers for its type.
    if (exists && !AttributeNumberIsValid(table.attributes[i])) obstacle = "a column has another type";
    if (!exists && !table.columns[i].may_lack) obstacle = "a column is missing";
  }
  return obstacle;
}

// Whether column `number` (from 0) of the index is that key column, compared by its type's own rules.
bool is_key_column(const Relation index, int number, const ColumnSpec &key, TupleDesc columns) {
  bool exists;
  const AttrNumber attribute = find_column(columns, key, &exists);
  const bool is_text = key.type == TEXTOID;
  // The class of operators is known by its function: looking for the type's default one costs more than reading the row.
  return AttributeNumberIsValid(attribute) && index->rd_index->indkey.values[number] == attribute &&
         index->rd_opcintype[number] == key.type &&
         index_getprocid(index, static_cast<AttrNumber>(number + 1), BTORDER_PROC) == comparison_of(key.type).order &&
         (!is_text || (index->rd_indcollation[number] == C_COLLATION_OID &&
                       TupleDescAttr(columns, attribute - 1)->attcollation == C_COLLATION_OID));
}

bool is_whole(const Relation index) { return heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr); }

const char *inspect_index(KeyedTable &table, const Relation index, TupleDesc columns) {
  const Form_pg_index form = index->rd_index;
  const bool is_primary = table.index_name == nullptr;
  if (index->rd_rel->relam != BTREE_AM_OID || form->indrelid != table.table || form->indisprimary != is_primary ||
      !form->indisvalid || !form->indisready || !form->indislive || !is_whole(index))
    return is_primary ? "its primary key is not valid" : "an index is not valid";
  const char *others = is_primary ? "its primary key has other columns" : "an index has other columns";
  if (form->indnkeyatts != table.key_count) return others;
  for (int i = 0; i < table.key_count; i++) {
    if (!is_key_column(index, i, table.keys[i], columns)) return others;
    ScanKeyEntryInitialize(&table.scan_keys[i], 0, index->rd_index->indkey.values[i], BTEqualStrategyNumber, InvalidOid,
                           index->rd_indcollation[i], comparison_of(table.keys[i].type).equality, 0);
  }
  table.index_xmin = form->indcheckxmin ? HeapTupleHeaderGetXmin(index->rd_indextuple->t_data)
                                        : static_cast<TransactionId>(InvalidTransactionId);
  return nullptr;
}

const char *find_index(KeyedTable &table, Relation relation) {
  table.index = table.index_name == nullptr ? primary_key_of(relation)
                                            : get_relname_relid(table.index_name, RelationGetNamespace(relation));
  if (!OidIsValid(table.index)) return table.index_name == nullptr ? "it has no valid primary key" : "an index is missing";
  // DROP INDEX CONCURRENTLY may take it away after its name was looked up.
  Relation index = try_relation_open(table.index, AccessShareLock);
  if (index == nullptr) return "an index is missing";
  const char *obstacle = "an index is not valid";
  if (index->rd_rel->relkind == RELKIND_INDEX) {
    // The scan keys hold memory of the function manager's.
    MemoryContext former = MemoryContextSwitchTo(TopMemoryContext);
    obstacle = inspect_index(table, index, RelationGetDescr(relation));
    MemoryContextSwitchTo(former);
  }
  relation_close(index, AccessShareLock);
  return obstacle;
}

// The owner may have been denied what owners can do.
bool may_owner(Relation relation, AclMode mode) {
  return pg_class_aclcheck(RelationGetRelid(relation), relation->rd_rel->relowner, mode) == ACLCHECK_OK;
}

const char *find_obstacle(KeyedTable &table, Relation relation) {
  const char *column_obstacle = find_columns(table, RelationGetDescr(relation));
  if (column_obstacle != nullptr) return column_obstacle;
  const Form_pg_class row = relation->rd_rel;
  if (row->relkind != RELKIND_RELATION || row->relam != HEAP_TABLE_AM_OID) return "it is not a plain table";
  if (row->relpersistence != RELPERSISTENCE_PERMANENT) return "it is not permanent";
  if (row->relhassubclass) return "it has child tables";
  table.is_distributed = is_distributed(table.table);
  if (table.is_distributed) return "it is distributed";
  // A statement says so.
  if (!may_owner(relation, ACL_SELECT)) return "its owner may not read it";
  return table.key_count == 0 ? nullptr : find_index(table, relation);
}

bool is_written(const ColumnSpec &column) {
  return column.use == ColumnUse::kReadAndWritten || column.use == ColumnUse::kWritten;
}

// A statement would convert to the column's exact type: a domain checks, timestamptz(0) rounds. An identity may refuse.
bool takes_values_as_they_are(const KeyedTable &table, TupleDesc columns) {
  for (int i = 0; i < table.column_count; i++) {
    if (!is_written(table.columns[i])) continue;
    const auto *attribute = TupleDescAttr(columns, table.attributes[i] - 1);
    if (attribute->atttypid != table.columns[i].type || attribute->atttypmod != -1 || attribute->attidentity != '\0')
      return false;
  }
  return true;
}

bool is_ever_written(const KeyedTable &table) {
  return std::any_of(table.columns, table.columns + table.column_count, is_written);
}

// Deferrable constraints have triggers as well. An UPDATE checks each condition of a row, also of columns that it leaves alone:
// one may be NOT VALID, or call a function that has changed its mind.
bool is_plainly_written(const KeyedTable &table, Relation relation) {
  if (!is_ever_written(table)) return false;
  if (relation->trigdesc != nullptr || relation->rd_rel->relhasrules || relation->rd_rel->relispartition) return false;
  const TupleDesc columns = RelationGetDescr(relation);
  const TupleConstr *constraints = columns->constr;
  if (constraints != nullptr &&
      (has_generated_columns(*constraints) || constraints->num_check > 0 || has_unproven_not_null(columns)))
    return false;
  return takes_values_as_they_are(table, columns) && may_owner(relation, ACL_UPDATE);
}

// The column's number in the list of those that are inserted; -1 if it is none of them.
int find_inserted(const KeyedTable &table, AttrNumber attribute) {
  for (int i = 0; i < table.column_count; i++) {
    const ColumnUse use = table.columns[i].use;
    if (table.attributes[i] == attribute && (use == ColumnUse::kInserted || use == ColumnUse::kIdentity)) return i;
  }
  return -1;
}

bool is_our_domain(Oid type, const char *domain) {
  return domain != nullptr && type == GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(domain),
                                                      ObjectIdGetDatum(get_namespace_oid("jwt_auth", true)));
}

// A statement would convert other types, compute a default, or refuse a value for an identity.
bool is_plainly_inserted_column(const ColumnSpec &spec, const FormData_pg_attribute &attribute) {
  if (attribute.atthasdef || attribute.atttypmod != -1) return false;
  if ((attribute.attidentity != '\0') != (spec.use == ColumnUse::kIdentity)) return false;
  return attribute.atttypid == spec.type || is_our_domain(attribute.atttypid, spec.domain);
}

// Every column is one of those that new rows have a value for. Whatever else a statement does for a new row, of triggers,
// rules, partitions and checks, it finds out by itself.
bool is_plainly_inserted(const KeyedTable &table, Relation relation) {
  if (relation->trigdesc != nullptr || relation->rd_rel->relhasrules || relation->rd_rel->relispartition) return false;
  const TupleDesc columns = RelationGetDescr(relation);
  const TupleConstr *constraints = columns->constr;
  if (constraints != nullptr && (has_generated_columns(*constraints) || constraints->num_check > 0)) return false;
  for (int i = 0; i < columns->natts; i++) {
    const auto &attribute = *TupleDescAttr(columns, i);
    if (attribute.attisdropped) continue;
    const int number = find_inserted(table, attribute.attnum);
    if (number < 0 || !is_plainly_inserted_column(table.columns[number], attribute)) return false;
  }
  return may_owner(relation, ACL_INSERT);
}

void examine_insertion(KeyedTable &table, Relation relation) {
  table.is_plainly_inserted = false;
  table.sequence = InvalidOid;
  const auto is_inserted = [](const ColumnSpec &column) { return column.use == ColumnUse::kInserted; };
  if (table.obstacle != nullptr || std::none_of(table.columns, table.columns + table.column_count, is_inserted)) return;
  if (!is_plainly_inserted(table, relation)) return;
  for (int i = 0; i < table.column_count; i++)
    if (table.columns[i].use == ColumnUse::kIdentity) table.sequence = identity_sequence(relation, table.attributes[i]);
  table.is_plainly_inserted = true;
}

// Under the table's lock. False if it changed meanwhile.
bool examine(KeyedTable &table) {
  const std::uint64_t seen = table.invalidations;
  // The name may have come to mean another table before the lock was there.
  if (table_oid(table.name) != table.table) return false;
  Relation relation = try_table_open(table.table, NoLock);
  if (relation == nullptr) return false;
  table.obstacle = find_obstacle(table, relation);
  table.is_plainly_written = table.obstacle == nullptr && is_plainly_written(table, relation);
  examine_insertion(table, relation);
  table_close(relation, NoLock);
  table.known = table.invalidations == seen;
  return table.known;
}

}  // namespace

void init_keyed_tables() { on_relcache_change(on_relcache_invalidation); }

void lock_table(KeyedTable &table, LOCKMODE mode) {
  if (!table.is_listed) {
    table.next = tables;
    tables = &table;
    table.is_listed = true;
  }
  // A server that discards its caches all the time never lets anything be known.
  for (int attempts = 0;; attempts++) {
    if (!table.known) table.table = table_oid(table.name);
    // Hears of every change that was committed before the lock was there.
    LockRelationOid(table.table, mode);
    if (table.known || examine(table)) return;
    if (attempts >= 8 && table_oid(table.name) == table.table) break;
    UnlockRelationOid(table.table, mode);
  }
  table.obstacle = "its definition keeps changing";
}

void unlock_table(const KeyedTable &table) { UnlockRelationOid(table.table, AccessShareLock); }

bool is_surely_empty(KeyedTable &table) {
  lock_table(table);
  bool is_empty = false;
  if (table.obstacle == nullptr) {
    Relation relation = table_open(table.table, NoLock);
    is_empty = RelationGetNumberOfBlocks(relation) == 0;
    table_close(relation, NoLock);
  }
  unlock_table(table);
  return is_empty;
}

}  // namespace jwt_auth::pg
