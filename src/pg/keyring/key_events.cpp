#include "pg/keyring/key_events.hpp"

#include "pg/store/auth_event.hpp"

namespace jwt_auth::pg {

namespace {

void record(session::Event event, JsonBuilder &detail, TimestampTz now) {
  AuthEvent row{};
  row.event = event;
  row.detail = detail.finish();
  write_event(EventSource{}, row, now);
}

}  // namespace

void record_key_event(session::Event event, std::string_view kid, TimestampTz now) {
  JsonBuilder detail;
  detail.add_text("kid", kid);
  record(event, detail, now);
}

void record_rotation(std::string_view previous_kid, std::string_view kid, TimestampTz now) {
  JsonBuilder detail;
  detail.add_text("kid", kid);
  if (!previous_kid.empty()) detail.add_text("previous", previous_kid);
  record(session::Event::kKeyRotated, detail, now);
}

void record_issuer_event(session::Event event, std::string_view issuer, TimestampTz now) {
  JsonBuilder detail;
  detail.add_text("issuer", issuer);
  record(event, detail, now);
}

}  // namespace jwt_auth::pg
