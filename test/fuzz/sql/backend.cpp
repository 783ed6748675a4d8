// The SQL functions under libFuzzer, inside a single-user backend (scripts/fuzz.sh sql). An input is up to four calls that see
// each other's changes; all of them are rolled back. What must hold after each input is in `check_backend`, of each answer in
// `judge`.
//
// An input: calls end with the byte 1, fields of a call with the byte 0. The first field is the signature of the function; any
// other text chooses one too. A field that follows is an argument as text: \N is NULL, \D or no field the default if there is
// one, and ${name} is a value of the table `fuzz.fixture`, for the tokens and keys are others in every run.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

extern "C" {
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one_input)(const uint8_t *data, size_t size));

constexpr int kCalls = 4;
constexpr int kArguments = 24;
// The server handles SIGALRM, so libFuzzer cannot; fuzz.sh ends what does not end.
constexpr int kSeconds = 20;
constexpr long kWarmUp = 2000;
constexpr long kMayGrow = 256L * 1024 * 1024;

struct Function {
  char *signature;
  char *name;
  int arguments;
  char *names[kArguments];
  char *types[kArguments];
  bool optional[kArguments];
  // A condition on the answer, r, that is true if it accepts its first argument as a token; nullptr if it never does.
  char *accepts;
};
struct Fixture {
  char *name;
  char *value;
  bool secret;
};
static Function *functions;
static int function_count;
static Fixture *fixtures;
static int fixture_count;
static SPIPlanPtr locks_plan;
static MemoryContext input_context;
static char *path_at_start;
static long inputs, calls, answers, refusals, resident_at_first;
// libFuzzer keeps an input that makes a function answer in a way that none did before, beside those that reach new code.
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t outcomes[1 << 14];

// Ends the process in a way that libFuzzer notices: it keeps the input.
static void broken(const char *promise, const char *what) {
  fprintf(stderr, "broken promise: %s: %s\n", promise, what);
  abort();
}

static char *kept(int row, int column) {
  char *value = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
  return value == nullptr ? nullptr : MemoryContextStrdup(TopMemoryContext, value);
}

static void load() {
  SPI_connect();
  if (SPI_execute("SELECT name, value, secret FROM fuzz.fixture ORDER BY name COLLATE \"C\"", true, 0) != SPI_OK_SELECT)
    elog(ERROR, "fixture");
  fixture_count = static_cast<int>(SPI_processed);
  fixtures = static_cast<Fixture *>(MemoryContextAllocZero(TopMemoryContext, sizeof(Fixture) * SPI_processed));
  for (int i = 0; i < fixture_count; ++i) fixtures[i] = {kept(i, 1), kept(i, 2), kept(i, 3)[0] == 't'};

  // One row for each argument, or one for a function without any.
  if (SPI_execute("SELECT signature, name, accepts, argument, type, optional FROM fuzz.argument"
                  " WHERE NOT planted OR current_setting('fuzz.planted', true) = 'on' ORDER BY signature COLLATE \"C\", n",
                  true, 0) != SPI_OK_SELECT ||
      SPI_processed == 0)
    elog(ERROR, "fuzz.argument");
  functions = static_cast<Function *>(MemoryContextAllocZero(TopMemoryContext, sizeof(Function) * SPI_processed));
  for (int i = 0; i < static_cast<int>(SPI_processed); ++i) {
    char *signature = kept(i, 1);
    if (function_count == 0 || strcmp(functions[function_count - 1].signature, signature) != 0) {
      Function *added = &functions[function_count++];
      added->signature = signature;
      added->name = kept(i, 2);
      added->accepts = kept(i, 3);
    }
    Function *function = &functions[function_count - 1];
    char *argument = kept(i, 4);
    if (argument == nullptr) continue;
    if (function->arguments == kArguments) elog(ERROR, "too many arguments: %s", signature);
    function->names[function->arguments] = argument;
    function->types[function->arguments] = kept(i, 5);
    function->optional[function->arguments++] = kept(i, 6)[0] == 't';
  }
  // nextval() locks its sequence until the end of the transaction.
  locks_plan = SPI_prepare(
      "SELECT string_agg(concat_ws(' ', locktype, mode, relation::regclass, classid, objid), ', ') FROM pg_locks WHERE "
      "locktype = "
      "'advisory' OR relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind <> 'S')",
      0, nullptr);
  SPI_keepplan(locks_plan);
  SPI_finish();
}

static uint32 hash_of(const char *text) {
  uint32 hash = 2166136261U;
  for (const char *c = text; *c != '\0'; ++c) hash = (hash ^ static_cast<unsigned char>(*c)) * 16777619U;
  return hash;
}

static const Function *chosen(const char *text) {
  for (int i = 0; i < function_count; ++i) {
    if (strcmp(functions[i].signature, text) == 0) return &functions[i];
  }
  return &functions[hash_of(text) % function_count];
}

// A field with each ${name} replaced; what is none is left as it is.
static char *filled_in(const char *field) {
  StringInfoData result;
  initStringInfo(&result);
  while (*field != '\0') {
    const char *end = field[0] == '$' && field[1] == '{' ? strchr(field, '}') : nullptr;
    const Fixture *found = nullptr;
    for (int i = 0; end != nullptr && i < fixture_count; ++i) {
      size_t length = strlen(fixtures[i].name);
      if (length == static_cast<size_t>(end - field - 2) && memcmp(fixtures[i].name, field + 2, length) == 0)
        found = &fixtures[i];
    }
    if (found != nullptr) {
      appendStringInfoString(&result, found->value);
      field = end + 1;
    } else {
      appendStringInfoChar(&result, *field++);
    }
  }
  return result.data;
}

static bool is_fixture(const char *text) {
  for (int i = 0; i < fixture_count; ++i) {
    if (strcmp(fixtures[i].value, text) == 0) return true;
  }
  return false;
}

// No input can hold a token that was not issued: it would have to be signed. So what is accepted is a fixture, letter by
// letter. Only the first call is judged, for others may have brought keys and sessions of the input's own.
static void judge(const Function *function, const char *argument, bool first) {
  if (!first || SPI_processed != 1) return;
  char *accepted = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
  if (accepted != nullptr && accepted[0] == 't' && !is_fixture(argument))
    broken("accepts what was not issued", function->signature);
}

static void call(char *data, size_t size, bool first) {
  // The caller has put a zero byte behind the call.
  char *end = data + size;
  const Function *function = chosen(data);
  char *field = data + strlen(data) + 1;
  StringInfoData sql;
  Oid types[kArguments];
  Datum values[kArguments];
  char nulls[kArguments];
  int given = 0;
  const char *token = "";
  initStringInfo(&sql);
  appendStringInfo(&sql, "SELECT %s, r::text FROM %s(", function->accepts == nullptr ? "false" : function->accepts,
                   function->name);
  for (int i = 0; i < function->arguments; ++i) {
    const char *text = field < end ? field : "\\D";
    if (field < end) field += strlen(field) + 1;
    if (strcmp(text, "\\D") == 0 && function->optional[i]) continue;
    bool null = strcmp(text, "\\N") == 0 || strcmp(text, "\\D") == 0;
    char *value = null ? nullptr : filled_in(text);
    if (i == 0 && value != nullptr) token = value;
    types[given] = TEXTOID;
    nulls[given] = null ? 'n' : ' ';
    values[given] = null ? static_cast<Datum>(0) : CStringGetTextDatum(value);
    if (!null) pg_verifymbstr(value, static_cast<int>(strlen(value)), false);
    appendStringInfo(&sql, "%s%s => $%d::%s", given == 0 ? "" : ", ", quote_identifier(function->names[i]), given + 1,
                     function->types[i]);
    ++given;
  }
  appendStringInfoString(&sql, ") AS r");
  SPI_connect();
  int status = SPI_execute_with_args(sql.data, given, types, values, nulls, false, 100);
  if (status != SPI_OK_SELECT) elog(ERROR, "SPI_execute_with_args: %s", SPI_result_code_string(status));
  if (function->accepts != nullptr) judge(function, token, first);
  SPI_finish();
}

// A message says no secret. PostgreSQL's own quote an argument that is no value of its type.
static void check_message(const ErrorData *error, const char *code) {
  if (strcmp(code, "22P02") == 0 || strcmp(code, "22007") == 0) return;
  const char *texts[] = {error->message, error->detail, error->hint};
  if (error->message == nullptr || error->message[0] == '\0') broken("an error without a message", code);
  for (const char *text : texts) {
    for (int i = 0; text != nullptr && i < fixture_count; ++i) {
      if (fixtures[i].secret && strstr(text, fixtures[i].value) != nullptr) broken("a secret in a message", fixtures[i].name);
    }
  }
}

// `how` is the format of an error's message, before anything is filled in, or "" of an answer.
static void note_outcome(const char *function, const char *how) {
  outcomes[(hash_of(function) * 16777619U ^ hash_of(how)) % sizeof(outcomes)] = 1;
}

// One call in a subtransaction of its own, so that the next one sees what it did, or a backend that has got over its error.
static void try_call(char *data, size_t size, bool first) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  Oid user;
  int security;
  GetUserIdAndSecContext(&user, &security);
  uint32 holdoff = InterruptHoldoffCount;
  uint32 cancel_holdoff = QueryCancelHoldoffCount;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    call(data, size, first);
    ReleaseCurrentSubTransaction();
    if (InterruptHoldoffCount != holdoff) broken("interrupts held off", data);
    // Before all is undone, which would put it right.
    if (strcmp(namespace_search_path, path_at_start) != 0) broken("another search_path", namespace_search_path);
    note_outcome(chosen(data)->signature, "");
    ++answers;
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData *error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    // XX: an internal error. P0004: an assertion. 22P01: SIGFPE.
    const char *code = unpack_sql_state(error->sqlerrcode);
    if (strncmp(code, "XX", 2) == 0 || strcmp(code, "P0004") == 0 || strcmp(code, "22P01") == 0)
      broken(code, error->message == nullptr ? "" : error->message);
    check_message(error, code);
    note_outcome(chosen(data)->signature, error->message_id == nullptr ? code : error->message_id);
    InterruptHoldoffCount = holdoff;
    FreeErrorData(error);
    ++refusals;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  ++calls;
  Oid user_now;
  int security_now;
  GetUserIdAndSecContext(&user_now, &security_now);
  if (user != user_now || security != security_now) broken("another user", data);
  if (QueryCancelHoldoffCount != cancel_holdoff) broken("cancels held off", data);
  if (CritSectionCount != 0) broken("a critical section left open", data);
}

static long resident() {
  long size = 0;
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (fscanf(file, "%ld %ld", &size, &pages) != 2) pages = 0;
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

static void check_backend() {
  SPI_connect();
  if (SPI_execute_plan(locks_plan, nullptr, nullptr, true, 0) != SPI_OK_SELECT || SPI_processed != 1) elog(ERROR, "pg_locks");
  const char *locks = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
  if (locks != nullptr) broken("a lock is left", locks);
  SPI_finish();
  // libFuzzer's own memory is in it: its corpus and what it counts.
  if (inputs == kWarmUp) resident_at_first = resident();
  if (inputs > kWarmUp && inputs % 500 == 0 && resident() > resident_at_first + kMayGrow) broken("memory grows", "");
}

static int one_input(const uint8_t *bytes, size_t size) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  CHECK_FOR_INTERRUPTS();
  time_t start = time(nullptr);
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(input_context);
  // No error may leave this function, for libFuzzer's frames are C++. `try_call` has caught those of the calls.
  PG_TRY();
  {
    char *data = static_cast<char *>(palloc(size + 1));
    memcpy(data, bytes, size);
    data[size] = '\0';
    char *end = data + size;
    for (int i = 0; i < kCalls && data < end; ++i) {
      char *last = static_cast<char *>(memchr(data, 1, end - data));
      if (last == nullptr) last = end;
      *last = '\0';
      try_call(data, last - data, i == 0);
      data = last + 1;
    }
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(input_context);
    CurrentResourceOwner = owner;
    ++inputs;
    check_backend();
    if (time(nullptr) - start > kSeconds) broken("takes long", "");
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(input_context);
    broken("an error outside of a call", CopyErrorData()->message);
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  MemoryContextReset(input_context);
  CurrentResourceOwner = owner;
  return 0;
}

static void say_totals() {
  fprintf(stderr, "stat::inputs: %ld\nstat::calls: %ld\nstat::answers: %ld\nstat::refusals: %ld\n", inputs, calls, answers,
          refusals);
}

// jwt_auth_fuzz(arguments text[]) -> void: libFuzzer with these arguments. It ends the process.
PG_FUNCTION_INFO_V1(jwt_auth_fuzz);
Datum jwt_auth_fuzz(PG_FUNCTION_ARGS) {
  if (IsUnderPostmaster) ereport(ERROR, errmsg("fuzzing needs a single-user backend"));
  load();
  path_at_start = MemoryContextStrdup(TopMemoryContext, namespace_search_path);
  input_context = AllocSetContextCreate(TopMemoryContext, "fuzzed input", ALLOCSET_DEFAULT_SIZES);
  Datum *elements;
  bool *nulls;
  int count;
  deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
  char **arguments = static_cast<char **>(palloc0(sizeof(char *) * (count + 2)));
  arguments[0] = pstrdup("fuzz_sql");
  for (int i = 0; i < count; ++i) arguments[i + 1] = TextDatumGetCString(elements[i]);
  ++count;
  atexit(say_totals);
  LLVMFuzzerRunDriver(&count, &arguments, one_input);
  PG_RETURN_VOID();
}

}  // extern "C"
