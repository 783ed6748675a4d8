#include "pg/keyring/key_events.hpp"

#include "pg/store/auth_event.hpp"

namespace jwt_auth::pg {

namespace {

void append_member(StringInfo detail, const char *name, std::string_view value) {
  appendStringInfo(detail, "%s\"%s\":", detail->len == 0 ? "{" : ",", name);
  escape_json(detail, pnstrdup(value.data(), value.size()));
}

void record(session::Event event, StringInfo detail, TimestampTz now) {
  appendStringInfoChar(detail, '}');
  AuthEvent row{};
  row.event = event;
  row.detail = detail->data;
  write_event(EventSource{}, row, now);
}

}  // namespace

void record_key_event(session::Event event, std::string_view kid, TimestampTz now) {
  StringInfoData detail;
  initStringInfo(&detail);
  append_member(&detail, "kid", kid);
  record(event, &detail, now);
}

void record_rotation(std::string_view previous_kid, std::string_view kid, TimestampTz now) {
  StringInfoData detail;
  initStringInfo(&detail);
  append_member(&detail, "kid", kid);
  if (!previous_kid.empty()) append_member(&detail, "previous", previous_kid);
  record(session::Event::kKeyRotated, &detail, now);
}

void record_issuer_event(session::Event event, std::string_view issuer, TimestampTz now) {
  StringInfoData detail;
  initStringInfo(&detail);
  append_member(&detail, "issuer", issuer);
  record(event, &detail, now);
}

}  // namespace jwt_auth::pg
