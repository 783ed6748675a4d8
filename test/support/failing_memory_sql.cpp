// SQL functions that let an allocation of the calling backend fail, for test/t/127_failing_allocations.pl. They work only in a
// server that failing_memory.cpp is preloaded into.
#include "failing_memory.hpp"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

PG_MODULE_MAGIC;

// heap_in_use() -> bigint: what this backend has from malloc, in bytes.
PG_FUNCTION_INFO_V1(heap_in_use);
Datum heap_in_use(PG_FUNCTION_ARGS) { PG_RETURN_INT64(failing_memory.in_use); }

static char *one_value(const char *sql, MemoryContext context, bool armed) {
  failing_memory.counting = armed;
  int status = SPI_execute(sql, false, 0);
  failing_memory.counting = false;
  if (status < 0) elog(ERROR, "SPI_execute: %s", SPI_result_code_string(status));
  if (status != SPI_OK_SELECT || SPI_processed != 1) return nullptr;
  char *value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
  return value == nullptr ? nullptr : MemoryContextStrdup(context, value);
}

// tried(n, in_a_row, before, call, after) -> (code, answer, effects, allocations, failures): runs the three statements in a
// subtransaction, which is rolled back. While `call` runs, from its parser to its end, the allocations from the nth fail; n =
// 0: none.
PG_FUNCTION_INFO_V1(tried);
Datum tried(PG_FUNCTION_ARGS) {
  TupleDesc row;
  if (get_call_result_type(fcinfo, nullptr, &row) != TYPEFUNC_COMPOSITE) elog(ERROR, "no row type");
  row = BlessTupleDesc(row);
  const char *before = text_to_cstring(PG_GETARG_TEXT_PP(2));
  const char *call = text_to_cstring(PG_GETARG_TEXT_PP(3));
  const char *after = text_to_cstring(PG_GETARG_TEXT_PP(4));
  MemoryContext caller = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  char *volatile code = nullptr;
  char *volatile answer = nullptr;
  char *volatile effects = nullptr;

  failing_memory.fails_at = PG_GETARG_INT32(0);
  failing_memory.fails_in_a_row = PG_GETARG_INT32(1);
  failing_memory.allocations = failing_memory.failures = 0;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(caller);
  PG_TRY();
  {
    SPI_connect();
    if (before[0] != '\0') (void)one_value(before, caller, false);
    answer = one_value(call, caller, true);
    effects = one_value(after, caller, false);
    SPI_finish();
    MemoryContextSwitchTo(caller);
    RollbackAndReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    failing_memory.counting = false;
    MemoryContextSwitchTo(caller);
    ErrorData *error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    code = pstrdup(unpack_sql_state(error->sqlerrcode));
    answer = error->message == nullptr ? nullptr : pstrdup(error->message);
    FreeErrorData(error);
  }
  PG_END_TRY();
  MemoryContextSwitchTo(caller);
  CurrentResourceOwner = owner;

  Datum values[5] = {};
  bool nulls[5] = {code == nullptr, answer == nullptr, effects == nullptr, false, false};
  if (code != nullptr) values[0] = CStringGetTextDatum(code);
  if (answer != nullptr) values[1] = CStringGetTextDatum(answer);
  if (effects != nullptr) values[2] = CStringGetTextDatum(effects);
  values[3] = Int32GetDatum(failing_memory.allocations);
  values[4] = Int32GetDatum(failing_memory.failures);
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(row, values, nulls)));
}

}  // extern "C"
