// record_event: the application's own events, beside ours.
#include "pg/session/client_argument.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "session/audit.hpp"

namespace jwt_auth::pg {

namespace {

// NULL where the application does not know who it was.
OptionalText user_of_event(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(1)) return {false, {}};
  return {true, spellings_argument(fcinfo, 1).user.user_id};
}

Datum record_event(FunctionCallInfo fcinfo) {
  const std::string_view name = required_bytes(fcinfo, 0, "event");
  if (!session::IsApplicationEvent(name))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("event is not the name of an application's event"),
                    errhint("A name is \"app.\" and 1 to 59 characters a-z, 0-9, _, . and -, such as \"app.export\".")));
  EventSource source{};
  source.user_id = user_of_event(fcinfo);
  source.has_ip = !PG_ARGISNULL(3);
  if (source.has_ip) source.ip = PG_GETARG_DATUM(3);
  AuthEvent event{};
  event.application_event = name;
  const OptionalText detail = optional_object_text(fcinfo, 2, "detail");
  if (detail.present) event.detail = detail.text.data();
  as_owner("auth_event", [&](MemoryContext) { write_event(source, event, GetCurrentTimestamp()); });
  PG_RETURN_VOID();
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_record_event) { return jwt_auth::pg::record_event(fcinfo); }
