#include "pg/key_read.hpp"

#include "pg/owner.hpp"

extern "C" {
#include <access/table.h>
#include <catalog/pg_am.h>
#include <catalog/pg_class.h>
#include <catalog/pg_index.h>
#include <catalog/pg_namespace.h>
#include <utils/fmgroids.h>
}

namespace jwt_auth::pg {

namespace {

// Citus keeps a distributed table's rows on other servers or in other tables, and what it once held may still lie in its own
// file. Its catalog says whether Citus is there at all.
bool has_citus() { return OidIsValid(get_relname_relid("pg_dist_partition", PG_CATALOG_NAMESPACE)); }

bool is_ordinary(Relation table) {
  const FormData_pg_class &form = *table->rd_rel;
  return form.relkind == RELKIND_RELATION && form.relam == HEAP_TABLE_AM_OID &&
         form.relpersistence == RELPERSISTENCE_PERMANENT && !form.relhassubclass;
}

template <class Column>
bool has_column(Relation table, const Column &wanted) {
  TupleDesc columns = RelationGetDescr(table);
  if (wanted.number > columns->natts) return false;
  const FormData_pg_attribute &column = *TupleDescAttr(columns, wanted.number - 1);
  return !column.attisdropped && std::strcmp(NameStr(column.attname), wanted.name) == 0 &&
         (column.atttypid == wanted.type || getBaseType(column.atttypid) == wanted.type);
}

bool is_key(Relation index, const KeyColumn *key, int key_columns) {
  const FormData_pg_index &form = *index->rd_index;
  // An index with indcheckxmin may lack versions of rows that an old snapshot still sees.
  if (!form.indisunique || !form.indimmediate || !form.indisvalid || form.indcheckxmin) return false;
  if (index->rd_rel->relam != BTREE_AM_OID || form.indnkeyatts != key_columns) return false;
  for (int i = 0; i < key_columns; i++) {
    if (form.indkey.values[i] != key[i].number) return false;
  }
  return true;
}

RegProcedure equality_of(Oid type) {
  switch (type) {
    case UUIDOID:
      return F_UUID_EQ;
    case INT4OID:
      return F_INT4EQ;
    case TEXTOID:
      return F_TEXTEQ;
    default:
      Assert(type == BYTEAOID);
      return F_BYTEAEQ;
  }
}

Oid primary_key(Relation table) {
  if (!table->rd_indexvalid) list_free(RelationGetIndexList(table));
  return table->rd_pkindex;
}

bool has_columns(Relation table, const KeyColumn *key, int key_columns, const ReadColumn *columns, int column_count) {
  for (int i = 0; i < key_columns; i++) {
    if (!has_column(table, key[i])) return false;
  }
  for (int i = 0; i < column_count; i++) {
    if (!has_column(table, columns[i])) return false;
  }
  return true;
}

}  // namespace

bool open_by_key(KeyedTable &table, const char *name, const KeyColumn *key, int key_columns, const ReadColumn *columns,
                 int column_count) {
  if (has_citus()) return false;
  table.table = table_open(table_oid(name), AccessShareLock);
  table.index = nullptr;
  if (is_ordinary(table.table) && has_columns(table.table, key, key_columns, columns, column_count)) {
    const Oid index = primary_key(table.table);
    if (OidIsValid(index)) table.index = index_open(index, AccessShareLock);
    if (table.index != nullptr && is_key(table.index, key, key_columns)) return true;
  }
  close_by_key(table);
  return false;
}

void close_by_key(const KeyedTable &table) {
  if (table.index != nullptr) index_close(table.index, NoLock);
  table_close(table.table, NoLock);
}

SysScanDesc begin_by_key(const KeyedTable &table, const KeyColumn *key, int key_columns, Snapshot snapshot) {
  ScanKeyData conditions[kMostKeyColumns];
  for (int i = 0; i < key_columns; i++)
    ScanKeyEntryInitialize(&conditions[i], 0, key[i].number, BTEqualStrategyNumber, InvalidOid, table.index->rd_indcollation[i],
                           equality_of(key[i].type), key[i].value);
  return systable_beginscan_ordered(table.table, table.index, snapshot, key_columns, conditions);
}

HeapTuple row_by_key(SysScanDesc look) { return systable_getnext_ordered(look, ForwardScanDirection); }

void end_by_key(SysScanDesc look) { systable_endscan_ordered(look); }

}  // namespace jwt_auth::pg
