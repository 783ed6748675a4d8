// One run of the schedule, in a process of its own: as the extension's owner, the same statements that an administrator would
// type. An error ends the process and is in the log; the next run comes at its time.
#include "pg/schedule/purge_launcher.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/purge.hpp"
#include "pg/support/catalog_row.hpp"
#include "pg/support/compat_executor.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/pg_class.h>
#include <catalog/pg_extension.h>
#include <commands/dbcommands.h>
#include <pgstat.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <tcop/pquery.h>
#include <tcop/tcopprot.h>
#include <tcop/utility.h>
#include <utils/fmgroids.h>
#include <utils/portal.h>
}

namespace jwt_auth::pg {

namespace {

// Rows that somebody holds are left for the next run, and so is all of it where a table is held for longer than this.
constexpr const char *kLockTimeout = "10s";

// Invalid if the extension is not there.
Oid owner_of_extension() {
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("jwt_auth"));
  Oid owner = InvalidOid;
  (void)take_catalog_row(ExtensionRelationId, ExtensionNameIndexId, &key, [&owner](HeapTuple tuple, TupleDesc) {
    owner = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple))->extowner;
  });
  return owner;
}

void set(const char *setting, const char *value) {
  (void)set_config_option(setting, value, PGC_SUSET, PGC_S_OVERRIDE, GUC_ACTION_SET, true, 0, false);
}

// One statement as a client would send it, in a transaction that the procedure may commit. What was parsed outlives its
// commits, so it is in a context of its own.
void run_statement(const char *sql) {
  debug_query_string = sql;
  pgstat_report_activity(STATE_RUNNING, sql);
  StartTransactionCommand();
  MessageContext = AllocSetContextCreate(TopMemoryContext, "MessageContext", ALLOCSET_DEFAULT_SIZES);
  MemoryContext before = MemoryContextSwitchTo(MessageContext);
  auto *parsed = linitial_node(RawStmt, pg_parse_query(sql));
  PushActiveSnapshot(GetTransactionSnapshot());
  List *plans = pg_plan_queries(pg_analyze_and_rewrite_fixedparams(parsed, sql, nullptr, 0, nullptr), sql, 0, nullptr);
  PopActiveSnapshot();
  Portal portal = CreatePortal("", true, true);
  portal->visible = false;
  PortalDefineQuery(portal, nullptr, sql, CreateCommandTag(parsed->stmt), plans, nullptr);
  PortalStart(portal, nullptr, 0, InvalidSnapshot);
  run_portal(portal, None_Receiver);
  PortalDrop(portal, false);
  MemoryContextSwitchTo(before);
  CommitTransactionCommand();
  MemoryContextDelete(MessageContext);
  MessageContext = nullptr;
  debug_query_string = nullptr;
  pgstat_report_activity(STATE_IDLE, nullptr);
}

struct Plan {
  Oid owner;            // of the extension; invalid if it is not there
  bool is_partitioned;  // the audit
};

Plan look() {
  StartTransactionCommand();
  PushActiveSnapshot(GetTransactionSnapshot());
  const Plan plan = {owner_of_extension(),
                     has_table("auth_event") && get_rel_relkind(table_oid("auth_event")) == RELKIND_PARTITIONED_TABLE};
  // The database's settings may have loosened what this process is allowed; the path names no schema of anybody else.
  if (OidIsValid(plan.owner)) {
    SetSessionAuthorization(plan.owner, superuser_arg(plan.owner));
    set("search_path", "pg_catalog, pg_temp");
    set("lock_timeout", kLockTimeout);
  } else {
    ereport(LOG, (errmsg("nothing to purge in database \"%s\": the extension jwt_auth is not installed there",
                         get_database_name(MyDatabaseId))));
  }
  PopActiveSnapshot();
  CommitTransactionCommand();
  return plan;
}

// The name of this process says the database, which no escape of log_line_prefix does for a background worker.
void name_run(void *) { errcontext("%s", MyBgworkerEntry->bgw_name); }

void purge(const Plan &plan) {
  ErrorContextCallback context{};
  context.callback = name_run;
  context.previous = error_context_stack;
  error_context_stack = &context;
  run_statement("CALL jwt_auth.purge_expired()");
  if (plan.is_partitioned) run_statement("SELECT jwt_auth.partition_events()");
  if (settings::purge_events_older_than != 0) {
    // The setting counts seconds. What it says in days are days of the calendar.
    const int seconds = settings::purge_events_older_than;
    char sql[100];
    snprintf(sql, sizeof sql, "CALL jwt_auth.purge_events(INTERVAL '%d days %d seconds')", seconds / SECS_PER_DAY,
             seconds % SECS_PER_DAY);
    run_statement(sql);
  }
  error_context_stack = context.previous;
}

void run_in(Oid database) {
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
  leave_for_drop_database();
  const Plan plan = look();
  if (OidIsValid(plan.owner)) purge(plan);
}

}  // namespace

}  // namespace jwt_auth::pg

void jwt_auth_purge_run(Datum database) {
  jwt_auth::pg::run_in(DatumGetObjectId(database));
  proc_exit(0);
}
