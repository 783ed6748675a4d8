#include "pg/key_events.hpp"

#include "pg/plans.hpp"

namespace jwt_auth::pg {

namespace {

Statement insert_event = {
    "INSERT INTO jwt_auth.auth_event (at, event, detail) VALUES ($1, $2, jsonb_build_object($3::text, $4::text))",
    4,
    {TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID},
    nullptr};

void record(const char *event, const char *member, std::string_view value) {
  if (!OidIsValid(get_relname_relid("auth_event", get_namespace_oid("jwt_auth", false)))) return;
  Parameters parameters{};
  add(parameters, TimestampTzGetDatum(GetCurrentTimestamp()));
  add(parameters, CStringGetTextDatum(event));
  add(parameters, CStringGetTextDatum(member));
  add(parameters, text_datum(value));
  execute(insert_event, parameters);
}

}  // namespace

void record_key_event(const char *event, std::string_view kid) { record(event, "kid", kid); }

void record_issuer_event(const char *event, std::string_view issuer) { record(event, "issuer", issuer); }

}  // namespace jwt_auth::pg
