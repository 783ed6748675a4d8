#include "pg/store/citus.hpp"

#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/relcache_changes.hpp"
#include "pg/support/catalog_row.hpp"

extern "C" {
#include <catalog/pg_namespace.h>
#include <miscadmin.h>
#include <parser/parser.h>
#include <utils/fmgroids.h>
#include <utils/guc.h>
#include <utils/inval.h>
#include <utils/plancache.h>
#include <utils/rel.h>
}

namespace jwt_auth::pg {

bool citus_is_loaded;

namespace {

// What is known of this node; it holds until an invalidation comes.
struct Node {
  bool known;
  bool lacks_keyring;
};
Node node;

void on_relcache_invalidation(Oid) { node.known = false; }

Oid catalog_of_citus(const char *name) { return get_relname_relid(name, PG_CATALOG_NAMESPACE); }

// Of the coordinator: 0.
bool is_coordinator() {
  bool is_other = false;
  const auto take = [&is_other](HeapTuple tuple, TupleDesc columns) {
    bool is_null;
    const Datum group = heap_getattr(tuple, 1, columns, &is_null);
    is_other = !is_null && DatumGetInt32(group) != 0;
  };
  const Oid catalog = catalog_of_citus("pg_dist_local_group");
  if (OidIsValid(catalog)) (void)take_catalog_row(catalog, InvalidOid, nullptr, take);
  return !is_other;
}

// Whether a relation is a shard of a table whose rows go by their values. Its name ends with the shard's number.
bool is_one_of_many(Relation relation) {
  const char *name = RelationGetRelationName(relation);
  const char *number = std::strrchr(name, '_');
  if (number == nullptr || number[1] == '\0' || number[1 + std::strspn(number + 1, "0123456789")] != '\0') return false;
  const Oid shards = catalog_of_citus("pg_dist_shard");
  const Oid tables = catalog_of_citus("pg_dist_partition");
  if (!OidIsValid(shards) || !OidIsValid(tables)) return false;
  ScanKeyData key;
  ScanKeyInit(&key, get_attnum(shards, "shardid"), BTEqualStrategyNumber, F_INT8EQ,
              Int64GetDatum(std::strtoll(number + 1, nullptr, 10)));
  Oid table = InvalidOid;
  (void)take_catalog_row(shards, InvalidOid, &key, [&](HeapTuple tuple, TupleDesc columns) {
    bool is_null;
    table = DatumGetObjectId(heap_getattr(tuple, get_attnum(shards, "logicalrelid"), columns, &is_null));
  });
  // A long name is cut off somewhere.
  const char *table_name = OidIsValid(table) ? get_rel_name(table) : nullptr;
  if (table_name == nullptr || get_rel_namespace(table) != RelationGetNamespace(relation) ||
      std::strncmp(name, table_name, Min(std::strlen(table_name), NAMEDATALEN / 2)) != 0)
    return false;
  char method = 'n';
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
  (void)take_catalog_row(tables, InvalidOid, &key, [&](HeapTuple tuple, TupleDesc columns) {
    bool is_null;
    method = DatumGetChar(heap_getattr(tuple, get_attnum(tables, "partmethod"), columns, &is_null));
  });
  return method != 'n';
}

void pin(const char *name, const char *value) {
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

bool starts_with(const char *text, const char *prefix) { return std::strncmp(text, prefix, std::strlen(prefix)) == 0; }

}  // namespace

void init_citus() {
  citus_is_loaded = GetConfigOption("citus.version", true, false) != nullptr;
  if (citus_is_loaded) on_relcache_change(on_relcache_invalidation);
}

bool is_distributed(Oid table) {
  const Oid catalog = catalog_of_citus("pg_dist_partition");
  if (!OidIsValid(catalog)) return false;
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
  return take_catalog_row(catalog, InvalidOid, &key, [](HeapTuple, TupleDesc) {});
}

bool is_distributed(const char *table) { return citus_is_loaded && has_table(table) && is_distributed(table_oid(table)); }

Oid local_rows_of(const char *table) {
  if (!has_table(table)) return InvalidOid;
  const Oid oid = table_oid(table);
  if (!citus_is_loaded || !is_distributed(oid)) return oid;
  const Oid catalog = catalog_of_citus("pg_dist_shard");
  ScanKeyData key;
  ScanKeyInit(&key, get_attnum(catalog, "logicalrelid"), BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
  Oid shard = InvalidOid;
  (void)take_catalog_row(catalog, InvalidOid, &key, [&](HeapTuple tuple, TupleDesc columns) {
    bool is_null;
    const Datum id = heap_getattr(tuple, get_attnum(catalog, "shardid"), columns, &is_null);
    shard = get_relname_relid(psprintf("%s_" INT64_FORMAT, table, DatumGetInt64(id)), get_namespace_oid("jwt_auth", false));
  });
  return shard;
}

Oid table_of_shard(Relation relation) {
  const Oid schema = RelationGetNamespace(relation);
  const char *name = RelationGetRelationName(relation);
  const char *number = std::strrchr(name, '_');
  if (number == nullptr || schema != get_namespace_oid("jwt_auth", true)) return InvalidOid;
  const Oid table = get_relname_relid(pnstrdup(name, number - name), schema);
  return OidIsValid(table) && is_distributed(table) ? table : InvalidOid;
}

bool serves_another_node() { return citus_is_loaded && starts_with(application_name, "citus_internal "); }

void require_keyring_node() {
  if (!citus_is_loaded) return;
  AcceptInvalidationMessages();
  if (!node.known) {
    node.known = true;
    node.lacks_keyring = is_distributed("account") && !is_distributed("signing_key") && !is_coordinator();
  }
  if (node.lacks_keyring)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("the keyring is not on this node"),
                    errhint("Connect to the coordinator, or let every node have the keyring: see docs/scaling.md.")));
}

void refuse_for_shards(const char *function, Relation relation) {
  if (!citus_is_loaded || (!serves_another_node() && !is_one_of_many(relation))) return;
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("%s cannot be used by a trigger on a distributed table", function),
           errhint("Call jwt_auth.revoke_user_tokens() or jwt_auth.require_refresh() in the transaction that changes the "
                   "row, or keep the table on one node.")));
}

void pin_text_settings() {
  if (DateStyle != USE_ISO_DATES) pin("datestyle", "ISO");
  if (IntervalStyle != INTSTYLE_POSTGRES) pin("intervalstyle", "postgres");
  if (!standard_conforming_strings) pin("standard_conforming_strings", "on");
  if (plan_cache_mode != PLAN_CACHE_MODE_AUTO) pin("plan_cache_mode", "auto");
}

}  // namespace jwt_auth::pg
