#include "pg/auth_event.hpp"

#include "pg/plans.hpp"
#include "pg/settings.hpp"
#include "session/event.hpp"

extern "C" {
#include <commands/async.h>
}

namespace jwt_auth::pg {

namespace {

Statement insert_event = {
    "INSERT INTO jwt_auth.auth_event (at, event, user_id, session_id, ip, user_agent, detail)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)",
    7,
    {TIMESTAMPTZOID, TEXTOID, TEXTOID, UUIDOID, INETOID, TEXTOID, JSONBOID},
    nullptr};

// A notification holds at most 8000 bytes; a user id of this size fits, however it is escaped.
constexpr std::size_t kLongestTold = 1024;

void notify(const AuthEvent &event, TimestampTz at) {
  DetailBuilder payload;
  payload.add_text("event", event.event);
  payload.add_text("at", timestamptz_to_str(at));
  if (event.user_id.present && event.user_id.text.size() <= kLongestTold) payload.add_optional("user_id", event.user_id);
  if (event.session_id != nullptr)
    payload.add_text("session_id", DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(event.session_id))));
  if (event.has_ip) payload.add_text("ip", DatumGetCString(DirectFunctionCall1(inet_out, event.ip)));
  Async_Notify(settings::notify_channel, payload.finish());
}

}  // namespace

DetailBuilder::DetailBuilder() { initStringInfo(&text_); }

void DetailBuilder::add_name(const char *name) { appendStringInfo(&text_, "%s\"%s\": ", text_.len == 0 ? "{" : ", ", name); }

void DetailBuilder::add_text(const char *name, std::string_view value) {
  add_name(name);
  escape_json(&text_, pnstrdup(value.data(), value.size()));
}

void DetailBuilder::add_optional(const char *name, const OptionalText &value) {
  if (value.present) add_text(name, value.text);
}

void DetailBuilder::add_number(const char *name, std::int64_t value) {
  add_name(name);
  appendStringInfo(&text_, INT64_FORMAT, value);
}

const char *DetailBuilder::finish() {
  if (text_.len == 0) return nullptr;
  appendStringInfoChar(&text_, '}');
  return text_.data;
}

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
  if (*settings::notify_channel != '\0' && !event.is_part && session::IsSecurityEvent(session::EventNamed(event.event)))
    notify(event, at);
}

}  // namespace jwt_auth::pg
