// The process that waits for the next run and starts its worker, for one database after the other.
#include "pg/schedule/purge_launcher.hpp"

#include <algorithm>

#include "pg/support/catalog_row.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/pg_database.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <tcop/tcopprot.h>
#include <utils/fmgroids.h>
#include <utils/varlena.h>
#include <utils/wait_event.h>
}

namespace jwt_auth::pg {

namespace {

// How long after the start of the server, after a reload that names a database, and after a failure to start, it is tried.
constexpr TimestampTz kSoon = 60 * USECS_PER_SEC;
// The postmaster tells when a worker has ended. If its signal is lost, this long.
constexpr long kLookAgain = 10L * 1000;
constexpr TimestampTz kLongestWait = 24L * 60 * 60 * 1000;

struct Scheduled {
  char database[NAMEDATALEN];
  TimestampTz due;
};
Scheduled *schedule;
int scheduled;
BackgroundWorkerHandle *running;  // null: no run is under way

TimestampTz interval() { return settings::purge_interval * USECS_PER_SEC; }
TimestampTz soon(TimestampTz now) { return now + std::min(interval(), kSoon); }

const Scheduled *find(const Scheduled *entries, int count, const char *database) {
  for (int i = 0; i < count; i++)
    if (std::strcmp(entries[i].database, database) == 0) return &entries[i];
  return nullptr;
}

// Takes over what the setting names now. A database that was named before keeps its turn.
void read_databases() {
  const TimestampTz now = GetCurrentTimestamp();
  MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
  char *text = pstrdup(settings::purge_databases);
  List *names = NIL;
  // What the check hook has accepted can be split.
  if (!SplitIdentifierString(text, ',', &names)) elog(ERROR, "could not read jwt_auth.purge_databases");
  auto *entries = static_cast<Scheduled *>(palloc0(sizeof(Scheduled) * static_cast<Size>(list_length(names) + 1)));
  int count = 0;
  ListCell *cell;
  foreach (cell, names) {
    const char *name = static_cast<const char *>(lfirst(cell));
    if (find(entries, count, name) != nullptr) continue;
    const Scheduled *before = find(schedule, scheduled, name);
    snprintf(entries[count].database, NAMEDATALEN, "%s", name);
    entries[count].due = before == nullptr ? soon(now) : before->due;
    count++;
  }
  list_free(names);
  pfree(text);
  if (schedule != nullptr) pfree(schedule);
  schedule = entries;
  scheduled = count;
  MemoryContextSwitchTo(context);
}

// Invalid if there is no such database. The table is read without its index, which a process that is connected to no database
// can open only if an earlier one has left the server's file of shared catalogs behind.
Oid oid_of_database(const char *name) {
  StartTransactionCommand();
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_database_datname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(name));
  Oid database = InvalidOid;
  Relation catalog = table_open(DatabaseRelationId, AccessShareLock);
  (void)take_row_of(catalog, InvalidOid, &key, [&database](HeapTuple tuple, TupleDesc) {
    database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->oid;
  });
  table_close(catalog, AccessShareLock);
  CommitTransactionCommand();
  return database;
}

bool start_run(const Scheduled &entry, Oid database) {
  BackgroundWorker worker{};
  snprintf(worker.bgw_name, BGW_MAXLEN, "jwt_auth purge of database \"%s\"", entry.database);
  snprintf(worker.bgw_type, BGW_MAXLEN, "jwt_auth purge worker");
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = BGW_NEVER_RESTART;
  snprintf(worker.bgw_library_name, sizeof worker.bgw_library_name, "%s", kLibrary);
  snprintf(worker.bgw_function_name, BGW_MAXLEN, "jwt_auth_purge_run");
  worker.bgw_main_arg = ObjectIdGetDatum(database);
  worker.bgw_notify_pid = MyProcPid;
  MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
  const bool started = RegisterDynamicBackgroundWorker(&worker, &running);
  MemoryContextSwitchTo(context);
  if (!started) running = nullptr;
  return started;
}

void begin(Scheduled &entry, TimestampTz now) {
  entry.due = now + interval();
  const Oid database = oid_of_database(entry.database);
  if (!OidIsValid(database)) {
    ereport(LOG, (errmsg("database \"%s\" of jwt_auth.purge_databases does not exist", entry.database)));
  } else if (!start_run(entry, database)) {
    entry.due = soon(now);
    ereport(LOG, (errmsg("database \"%s\" is not purged: no background worker is free", entry.database),
                  errdetail("It is tried again in a minute."),
                  errhint("You might need to increase the setting max_worker_processes.")));
  }
}

// Begins what is due, one run at a time, and answers how many milliseconds there is nothing to do; -1: until a signal comes.
long begin_what_is_due() {
  while (running == nullptr && scheduled > 0) {
    const TimestampTz now = GetCurrentTimestamp();
    Scheduled *next = nullptr;
    for (int i = 0; i < scheduled; i++) {
      // Where the clock was set back or the interval made shorter, nobody waits for longer than the interval.
      schedule[i].due = std::min(schedule[i].due, now + interval());
      if (next == nullptr || schedule[i].due < next->due) next = &schedule[i];
    }
    // A latch waits for an int of milliseconds at most, which is less than some intervals.
    if (next->due > now) return static_cast<long>(std::min<TimestampTz>((next->due - now + 999) / 1000, kLongestWait));
    begin(*next, now);
  }
  return running != nullptr ? kLookAgain : -1;
}

void forget_ended_run() {
  pid_t pid;
  if (running == nullptr || GetBackgroundWorkerPid(running, &pid) != BGWH_STOPPED) return;
  pfree(running);
  running = nullptr;
}

[[noreturn]] void launch() {
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
  read_databases();
  for (;;) {
    // Quietly, and so that the postmaster starts it again unless it is about to stop.
    if (ProcDiePending) proc_exit(1);
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) {
      ConfigReloadPending = false;
      ProcessConfigFile(PGC_SIGHUP);
      read_databases();
    }
    forget_ended_run();
    const long timeout = begin_what_is_due();
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout >= 0 ? WL_TIMEOUT : 0), timeout, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
  }
}

}  // namespace

void init_purge_launcher() {
  // A server that pg_upgrade starts is to change nothing.
  if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
  BackgroundWorker worker{};
  snprintf(worker.bgw_name, BGW_MAXLEN, "jwt_auth purge launcher");
  snprintf(worker.bgw_type, BGW_MAXLEN, "jwt_auth purge launcher");
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = 10;
  snprintf(worker.bgw_library_name, sizeof worker.bgw_library_name, "%s", kLibrary);
  snprintf(worker.bgw_function_name, BGW_MAXLEN, "jwt_auth_purge_launcher");
  RegisterBackgroundWorker(&worker);
}

}  // namespace jwt_auth::pg

void jwt_auth_purge_launcher(Datum) { jwt_auth::pg::launch(); }
