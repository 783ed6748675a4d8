#include "pg/session/claims_function.hpp"

#include "pg/session/access_token.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <catalog/pg_proc.h>
#include <nodes/pg_list.h>
#include <utils/varlena.h>
}

namespace jwt_auth::pg {

namespace {

constexpr Oid kArguments[] = {TEXTOID, UUIDOID, JSONBOID};

// The function, as the catalog has it.
struct Function {
  Oid oid;
  Oid owner;
  const char *schema;
  const char *name;
};

[[noreturn]] void raise_no_function() {
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                  errmsg("jwt_auth.claims_function names no function %s(text, uuid, jsonb) that returns jsonb",
                         settings::claims_function)));
  pg_unreachable();
}

// Found by name alone: neither the caller's rights on its schema nor anybody's search_path play a part.
Function find_function() {
  List *names = NIL;
  if (!SplitIdentifierString(pstrdup(settings::claims_function), '.', &names) || list_length(names) != 2) raise_no_function();
  Function function{};
  function.schema = static_cast<const char *>(linitial(names));
  function.name = static_cast<const char *>(lsecond(names));
  const Oid schema = get_namespace_oid(function.schema, true);
  if (!OidIsValid(schema)) raise_no_function();
  oidvector *arguments = buildoidvector(kArguments, lengthof(kArguments));
  HeapTuple tuple =
      SearchSysCache3(PROCNAMEARGSNSP, CStringGetDatum(function.name), PointerGetDatum(arguments), ObjectIdGetDatum(schema));
  if (!HeapTupleIsValid(tuple)) raise_no_function();
  const auto *row = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
  const bool suits = row->prokind == PROKIND_FUNCTION && !row->proretset && row->prorettype == JSONBOID;
  function.oid = row->oid;
  function.owner = row->proowner;
  ReleaseSysCache(tuple);
  if (!suits) raise_no_function();
  return function;
}

// The call, prepared; anew when the setting names another function.
struct PreparedCall {
  Oid function;
  SPIPlanPtr plan;
};
PreparedCall prepared;

void prepare(const Function &function) {
  if (prepared.plan != nullptr && prepared.function == function.oid) return;
  if (prepared.plan != nullptr) SPI_freeplan(prepared.plan);
  prepared = PreparedCall{};
  const char *sql = psprintf("SELECT %s($1, $2, $3)", quote_qualified_identifier(function.schema, function.name));
  Oid types[] = {TEXTOID, UUIDOID, JSONBOID};
  SPIPlanPtr plan = SPI_prepare_cursor(sql, lengthof(types), types, CURSOR_OPT_GENERIC_PLAN);
  if (plan == nullptr || SPI_keepplan(plan) != 0) elog(ERROR, "could not prepare the call of the claims function");
  prepared = PreparedCall{function.oid, plan};
}

Jsonb *call(const Function &function, Datum *values) {
  MemoryContext caller = CurrentMemoryContext;
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  const int level = NewGUCNestLevel();
  SetUserIdAndSecContext(function.owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  SPI_connect();
  prepare(function);
  const int result = SPI_execute_plan(prepared.plan, values, nullptr, false, 1);
  if (result != SPI_OK_SELECT || SPI_processed != 1) elog(ERROR, "the claims function answered no row");
  bool is_null;
  const Datum answer = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
  if (is_null)
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("the claims function %s answered null", settings::claims_function)));
  MemoryContext spi = MemoryContextSwitchTo(caller);
  auto *claims = reinterpret_cast<Jsonb *>(PG_DETOAST_DATUM_COPY(answer));
  MemoryContextSwitchTo(spi);
  SPI_finish();
  // As after an abort: whatever the function set is undone.
  AtEOXact_GUC(false, level);
  SetUserIdAndSecContext(user, context);
  return claims;
}

}  // namespace

OptionalText token_claim_members(std::string_view user_id, const pg_uuid_t &session_id, Datum stored, bool has_stored) {
  if (*settings::claims_function == '\0') {
    if (!has_stored) return {false, {}};
    return {true, claim_members(DatumGetJsonbP(stored)).view()};
  }
  const Function function = find_function();
  Datum values[] = {PointerGetDatum(cstring_to_text_with_len(user_id.data(), static_cast<int>(user_id.size()))),
                    UUIDPGetDatum(&session_id), has_stored ? stored : DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"))};
  Jsonb *claims = call(function, values);
  if (!JB_ROOT_IS_OBJECT(claims))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("the claims function %s did not answer a JSON object", settings::claims_function)));
  return {true, claim_members(claims).view()};
}

void refuse_restricted_operation() {
  if (InSecurityRestrictedOperation())
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("no tokens are issued within a security-restricted operation")));
}

}  // namespace jwt_auth::pg
