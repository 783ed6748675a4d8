#include "pg/auth_event.hpp"

#include "pg/plans.hpp"

namespace jwt_auth::pg {

namespace {

Statement insert_event = {
    "INSERT INTO jwt_auth.auth_event (at, event, user_id, session_id, ip, user_agent, detail)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)",
    7,
    {TIMESTAMPTZOID, TEXTOID, TEXTOID, UUIDOID, INETOID, TEXTOID, JSONBOID},
    nullptr};

}  // namespace

void write_event(const AuthEvent &event, TimestampTz at) {
  Parameters parameters{};
  add(parameters, TimestampTzGetDatum(at));
  add(parameters, CStringGetTextDatum(event.event));
  add_optional(parameters, event.user_id);
  add_nullable(parameters, UUIDPGetDatum(event.session_id), event.session_id == nullptr);
  add_nullable(parameters, event.ip, !event.has_ip);
  add_optional(parameters, event.user_agent);
  if (event.detail != nullptr)
    add(parameters, DirectFunctionCall1(jsonb_in, CStringGetDatum(event.detail)));
  else
    add_nullable(parameters, 0, true);
  execute(insert_event, parameters);
}

}  // namespace jwt_auth::pg
