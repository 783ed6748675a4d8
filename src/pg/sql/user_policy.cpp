// set_user_policy: a user's own session limit and bindings, over the settings.
#include "pg/session/user_argument.hpp"
#include "pg/store/account.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "session/binding.hpp"

namespace jwt_auth::pg {

namespace {

constexpr int kMostSessions = 10000;  // as jwt_auth.max_sessions_per_user

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

  JsonBuilder detail;
  if (has_limit) detail.add_number("max_sessions", limit);
  detail.add_optional("ip_binding", ip_binding);
  detail.add_optional("fingerprint_binding", fingerprint_binding);
  AuthEvent event{};
  event.event = session::Event::kPolicyChanged;
  event.detail = detail.finish();

  as_owner("account", [&](MemoryContext) {
    write_user_policy(user, {has_limit, limit, ip_binding, fingerprint_binding});
    write_event(event_source(user.user_id), event, GetCurrentTimestamp());
  });
  PG_RETURN_VOID();
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_set_user_policy) { return jwt_auth::pg::set_user_policy(fcinfo); }
