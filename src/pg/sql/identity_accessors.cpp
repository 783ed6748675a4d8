// authenticate, and the accessors that policies and queries use: current_claims, current_claim, current_user_id,
// current_session_id, current_issuer. The accessors read one flat chunk: no SPI, nothing parsed.
#include "pg/identity/authenticate.hpp"
#include "pg/identity/identity.hpp"
#include "pg/support/address.hpp"
#include "pg/support/arguments.hpp"

extern "C" {
#include <access/xact.h>
#include <executor/execdesc.h>
#include <nodes/plannodes.h>
#include <tcop/pquery.h>
}

namespace jwt_auth::pg {

namespace {

// The expression whose value is only turned into another one: authenticate(...) ->> 'sub', authenticate(...) IS NOT NULL.
Node *innermost(Node *node) {
  for (;;) {
    if (node != nullptr && IsA(node, OpExpr))
      node = static_cast<Node *>(linitial(reinterpret_cast<OpExpr *>(node)->args));
    else if (node != nullptr && IsA(node, NullTest))
      node = reinterpret_cast<Node *>(reinterpret_cast<NullTest *>(node)->arg);
    else if (node != nullptr && IsA(node, CoerceViaIO))
      node = reinterpret_cast<Node *>(reinterpret_cast<CoerceViaIO *>(node)->arg);
    else
      return node;
  }
}

// Whether the client's statement is this call and nothing that could use the identity.
bool is_whole_statement(FunctionCallInfo fcinfo) {
  if (ActivePortal == nullptr || ActivePortal->queryDesc == nullptr || fcinfo->flinfo == nullptr) return false;
  const PlannedStmt *statement = ActivePortal->queryDesc->plannedstmt;
  const Plan *plan = statement->planTree;
  if (statement->subplans != NIL || plan->lefttree != nullptr || list_length(plan->targetlist) != 1) return false;
  Node *value = nullptr;
  if (IsA(plan, Result)) {
    value = reinterpret_cast<Node *>(linitial_node(TargetEntry, plan->targetlist)->expr);
  } else if (IsA(plan, FunctionScan)) {
    List *functions = reinterpret_cast<const FunctionScan *>(plan)->functions;
    value = linitial_node(RangeTblFunction, functions)->funcexpr;
  }
  return value != nullptr && innermost(value) == fcinfo->flinfo->fn_expr;
}

Datum authenticate(FunctionCallInfo fcinfo) {
  const std::string_view token = required_token(fcinfo, 0);
  Presentation presentation{};
  if (!PG_ARGISNULL(1)) presentation.address = address_of(PG_GETARG_DATUM(1));
  presentation.fingerprint = optional_text(fcinfo, 2);
  if (PG_ARGISNULL(3)) raise_null_argument("set_role");
  presentation.has_max_age = !PG_ARGISNULL(4);
  presentation.max_age = micros_argument(fcinfo, 4, "max_age");
  if (PG_NARGS() > 5) presentation.acr = optional_name(fcinfo, 5, "acr");
  presentation.proof = proof_argument(fcinfo, 6);

  const Outcome<Authenticated> who = authenticate_token(token, presentation);
  if (!who.ok) raise_error(who.error);
  if (PG_GETARG_BOOL(3)) assume_role(who.value);
  if (is_whole_statement(fcinfo)) WarnNoTransactionBlock(true, "jwt_auth.authenticate()");
  return who.value.claims;
}

Datum copy_of(const struct varlena *value) {
  const Size size = VARSIZE(value);
  void *copy = palloc(size);
  std::memcpy(copy, value, size);
  return PointerGetDatum(copy);
}

Datum text_of(const char *data, Size size) {
  auto *text = static_cast<struct varlena *>(palloc(size + VARHDRSZ));
  SET_VARSIZE(text, size + VARHDRSZ);
  std::memcpy(VARDATA(text), data, size);
  return PointerGetDatum(text);
}

// What ->> gives.
Datum claim_as_text(FunctionCallInfo fcinfo, const JsonbValue &value) {
  switch (value.type) {
    case jbvNull:
      PG_RETURN_NULL();
    case jbvString:
      return text_of(value.val.string.val, static_cast<Size>(value.val.string.len));
    case jbvBool:
      return CStringGetTextDatum(value.val.boolean ? "true" : "false");
    case jbvNumeric:
      return CStringGetTextDatum(DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric))));
    default:
      return CStringGetTextDatum(JsonbToCString(nullptr, value.val.binary.data, value.val.binary.len));
  }
}

Datum current_claim(FunctionCallInfo fcinfo, std::string_view name) {
  const Identity *identity = shown_identity();
  if (identity == nullptr) PG_RETURN_NULL();
  // The chunk belongs to the setting; jsonb's functions only read it.
  auto *claims = reinterpret_cast<Jsonb *>(const_cast<struct varlena *>(identity->claims()));
  JsonbValue value;
  if (getKeyJsonValueFromContainer(&claims->root, name.data(), static_cast<int>(name.size()), &value) == nullptr)
    PG_RETURN_NULL();
  return claim_as_text(fcinfo, value);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_authenticate) { return jwt_auth::pg::authenticate(fcinfo); }

JWT_AUTH_FUNCTION(jwt_auth_current_claims) {
  const jwt_auth::pg::Identity *identity = jwt_auth::pg::shown_identity();
  if (identity == nullptr) PG_RETURN_NULL();
  return jwt_auth::pg::copy_of(identity->claims());
}

JWT_AUTH_FUNCTION(jwt_auth_current_claim) {
  return jwt_auth::pg::current_claim(fcinfo, jwt_auth::pg::view_of(PG_GETARG_VARLENA_PP(0)));
}

JWT_AUTH_FUNCTION(jwt_auth_current_issuer) { return jwt_auth::pg::current_claim(fcinfo, "iss"); }

JWT_AUTH_FUNCTION(jwt_auth_current_user_id) {
  const jwt_auth::pg::Identity *identity = jwt_auth::pg::shown_identity();
  if (identity == nullptr || identity->user_offset == 0) PG_RETURN_NULL();
  return jwt_auth::pg::copy_of(identity->user());
}

JWT_AUTH_FUNCTION(jwt_auth_current_session_id) {
  const jwt_auth::pg::Identity *identity = jwt_auth::pg::shown_identity();
  if (identity == nullptr || !identity->has_session) PG_RETURN_NULL();
  auto *session = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
  *session = identity->session;
  PG_RETURN_UUID_P(session);
}
