#include "pg/session/claims_function.hpp"

#include "pg/session/access_token.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <catalog/objectaccess.h>
#include <catalog/pg_collation.h>
#include <catalog/pg_proc.h>
#include <nodes/pg_list.h>
#include <pgstat.h>
#include <utils/varlena.h>
}

namespace jwt_auth::pg {

namespace {

constexpr Oid kArguments[] = {TEXTOID, UUIDOID, JSONBOID};

[[noreturn]] void raise_no_function() {
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                  errmsg("jwt_auth.claims_function names no function %s(text, uuid, jsonb) that returns jsonb",
                         settings::claims_function)));
  pg_unreachable();
}

// Looks the setting up. By name alone: neither the caller's rights on the schema nor a search_path matter.
Oid look_up_function() {
  List *names = NIL;
  if (!SplitIdentifierString(pstrdup(settings::claims_function), '.', &names) || list_length(names) != 2) raise_no_function();
  const Oid schema = get_namespace_oid(static_cast<const char *>(linitial(names)), true);
  if (!OidIsValid(schema)) raise_no_function();
  oidvector *arguments = buildoidvector(kArguments, lengthof(kArguments));
  HeapTuple tuple =
      SearchSysCache3(PROCNAMEARGSNSP, PointerGetDatum(lsecond(names)), PointerGetDatum(arguments), ObjectIdGetDatum(schema));
  if (!HeapTupleIsValid(tuple)) raise_no_function();
  const auto *row = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
  const Oid function = row->oid;
  const bool suits = row->prokind == PROKIND_FUNCTION && !row->proretset && row->prorettype == JSONBOID;
  ReleaseSysCache(tuple);
  if (!suits) raise_no_function();
  return function;
}

Oid owner_of_function(Oid function) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) raise_no_function();
  const Oid owner = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proowner;
  ReleaseSysCache(tuple);
  return owner;
}

// Null if it answers NULL. A STRICT function is not called for a NULL argument, so its NULL would say nothing.
Jsonb *invoke(FmgrInfo *function, const NullableDatum (&arguments)[lengthof(kArguments)]) {
  LOCAL_FCINFO(fcinfo, lengthof(kArguments));
  InitFunctionCallInfoData(*fcinfo, function, lengthof(kArguments), DEFAULT_COLLATION_OID, nullptr, nullptr);
  for (std::size_t i = 0; i < lengthof(kArguments); i++) {
    if (arguments[i].isnull && function->fn_strict)
      ereport(ERROR,
              (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
               errmsg("the claims function %s is strict and cannot be called for a null argument", settings::claims_function)));
    fcinfo->args[i] = arguments[i];
  }
  PgStat_FunctionCallUsage usage;
  pgstat_init_function_usage(fcinfo, &usage);
  const Datum answer = FunctionCallInvoke(fcinfo);
  pgstat_end_function_usage(&usage, true);
  return fcinfo->isnull ? nullptr : DatumGetJsonbPCopy(answer);
}

// The function is called by its OID. A statement that names it would come to mean another function once this one is renamed.
Jsonb *call_claims_function(const NullableDatum (&arguments)[lengthof(kArguments)]) {
  FmgrInfo function;
  fmgr_info(look_up_function(), &function);
  InvokeFunctionExecuteHook(function.fn_oid);
  // A function that is not VOLATILE reads with the snapshot that it finds: the caller's is from before our own writes.
  CommandCounterIncrement();
  PushActiveSnapshot(GetTransactionSnapshot());
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  const int level = NewGUCNestLevel();
  (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  // The owner is read last. From here until the function's language reads the body, this backend takes in no change that
  // another one has committed, so owner and body belong together.
  SetUserIdAndSecContext(owner_of_function(function.fn_oid),
                         context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  Jsonb *claims = invoke(&function, arguments);
  // As after an abort: whatever the function set is undone.
  AtEOXact_GUC(false, level);
  SetUserIdAndSecContext(user, context);
  PopActiveSnapshot();
  return claims;
}

}  // namespace

bool has_claims_function() { return *settings::claims_function != '\0'; }

TokenClaims token_claims(std::string_view user_id, const pg_uuid_t &session_id, Datum stored, bool has_stored) {
  if (!has_claims_function()) {
    if (!has_stored) return {};
    return {false, claim_members(DatumGetJsonbP(stored)).view()};
  }
  const NullableDatum arguments[] = {{text_datum(user_id), false},
                                     {UUIDPGetDatum(&session_id), false},
                                     {has_stored ? stored : DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")), false}};
  Jsonb *claims = call_claims_function(arguments);
  if (claims == nullptr) return {true, {}};
  if (!JB_ROOT_IS_OBJECT(claims))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("the claims function %s did not answer a JSON object", settings::claims_function)));
  return {false, claim_members(claims).view()};
}

void refuse_restricted_operation() {
  if (InSecurityRestrictedOperation())
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("cannot issue tokens within a security-restricted operation")));
}

}  // namespace jwt_auth::pg
