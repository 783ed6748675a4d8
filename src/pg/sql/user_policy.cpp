// set_user_policy: a user's own session limit and bindings, over the settings.
#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "session/binding.hpp"

namespace jwt_auth::pg {

namespace {

constexpr int kMostSessions = 10000;  // as jwt_auth.max_sessions_per_user

Statement write_policy = {
    "INSERT INTO jwt_auth.account (user_key, issuer, user_id, max_sessions, ip_binding, fingerprint_binding)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET"
    " max_sessions = EXCLUDED.max_sessions, ip_binding = EXCLUDED.ip_binding,"
    " fingerprint_binding = EXCLUDED.fingerprint_binding",
    6,
    {INT4OID, TEXTOID, TEXTOID, INT4OID, TEXTOID, TEXTOID},
    nullptr};

void check_names(const OptionalText &ip_binding, const OptionalText &fingerprint_binding) {
  if (ip_binding.present && !session::IpBindingNamed(ip_binding.text))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("ip_binding must be off, log, subnet or exact")));
  if (fingerprint_binding.present && !session::FingerprintBindingNamed(fingerprint_binding.text))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("fingerprint_binding must be off, log or exact")));
}

Datum set_user_policy(FunctionCallInfo fcinfo) {
  const UserRef user = user_argument(fcinfo, 0);
  const bool has_limit = !PG_ARGISNULL(1);
  const int limit = has_limit ? PG_GETARG_INT32(1) : 0;
  if (limit < 0 || limit > kMostSessions)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max_sessions must be from 0 (unlimited) to %d", kMostSessions)));
  const OptionalText ip_binding = optional_text(fcinfo, 2);
  const OptionalText fingerprint_binding = optional_text(fcinfo, 3);
  check_names(ip_binding, fingerprint_binding);

  DetailBuilder detail;
  if (has_limit) detail.add_number("max_sessions", limit);
  detail.add_optional("ip_binding", ip_binding);
  detail.add_optional("fingerprint_binding", fingerprint_binding);
  AuthEvent event{};
  event.event = "policy_changed";
  event.user_id = {true, user.user_id};
  event.detail = detail.finish();

  const OwnerScope scope = enter_owner("account");
  SPI_connect();
  Parameters parameters{};
  add(parameters, Int32GetDatum(user.user_key));
  add_text(parameters, user.issuer);
  add_text(parameters, user.user_id);
  add_nullable(parameters, Int32GetDatum(limit), !has_limit);
  add_optional(parameters, ip_binding);
  add_optional(parameters, fingerprint_binding);
  execute(write_policy, parameters);
  write_event(event, GetCurrentTimestamp());
  SPI_finish();
  leave_owner(scope);
  PG_RETURN_VOID();
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_set_user_policy) { return jwt_auth::pg::set_user_policy(fcinfo); }
