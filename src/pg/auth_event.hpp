// The audit: one row per event, and a notification for the events that a user should hear of.
#pragma once

#include "pg/arguments.hpp"
#include "pg/postgres.hpp"

namespace jwt_auth::pg {

// Plain data; what is absent is NULL in the row. `detail` is JSON text and never holds a token or a secret.
struct AuthEvent {
  const char *event;  // one of the closed list that the table checks
  OptionalText user_id;
  const pg_uuid_t *session_id;
  Datum ip;  // inet
  bool has_ip;
  OptionalText user_agent;
  const char *detail;
};

// Writes the event at the time `at`. Inside SPI, as the tables' owner.
void write_event(const AuthEvent &event, TimestampTz at);

}  // namespace jwt_auth::pg
