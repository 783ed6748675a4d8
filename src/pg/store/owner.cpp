#include "pg/store/owner.hpp"

#include "pg/store/citus.hpp"

extern "C" {
#include <catalog/pg_class.h>
}

namespace jwt_auth::pg {

Oid table_oid(const char *table) {
  const Oid schema = get_namespace_oid("jwt_auth", true);
  const Oid relation = OidIsValid(schema) ? get_relname_relid(table, schema) : InvalidOid;
  if (!OidIsValid(relation))
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table jwt_auth.%s does not exist", table),
                    errhint("Create the extension in this database: CREATE EXTENSION jwt_auth.")));
  return relation;
}

bool has_table(const char *table) {
  const Oid schema = get_namespace_oid("jwt_auth", true);
  return OidIsValid(schema) && OidIsValid(get_relname_relid(table, schema));
}

bool has_column(const char *table, const char *column) { return get_attnum(table_oid(table), column) != InvalidAttrNumber; }

Oid table_owner(Oid table) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for relation %u", table);
  const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  return owner;
}

OwnerScope enter_owner(const char *table) {
  if (citus_is_loaded) require_keyring_node();
  OwnerScope scope;
  const Oid owner = table_owner(table_oid(table));
  GetUserIdAndSecContext(&scope.user, &scope.security_context);
  SetUserIdAndSecContext(owner, scope.security_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
  // A path of one's own that alternates with the caller's would make each cached plan be made anew.
  scope.guc_level = NewGUCNestLevel();
  (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  if (citus_is_loaded) pin_text_settings();
  return scope;
}

void leave_owner(const OwnerScope &scope) {
  AtEOXact_GUC(true, scope.guc_level);
  SetUserIdAndSecContext(scope.user, scope.security_context);
}

}  // namespace jwt_auth::pg
