// The audit: one row per event, and a notification for the events that a user should hear of.
#pragma once

#include "pg/support/arguments.hpp"
#include "pg/support/json_builder.hpp"
#include "pg/support/postgres.hpp"
#include "session/event.hpp"
#include "session/policy.hpp"

// The names of the events that say of a session how it ended, for statements.
#define SESSION_ENDINGS                                                                                                      \
  "'evicted', 'replaced', 'reuse_detected', 'unknown_rotation', 'ip_mismatch', 'fingerprint_mismatch', 'expired', 'logout'," \
  " 'session_revoked', 'others_revoked', 'user_revoked', 'all_revoked', 'refused', 'locked'"

namespace jwt_auth::pg {

// Whom an event is about and from where it was caused; what is absent is NULL in the row. Plain data.
struct EventSource {
  OptionalText user_id;
  Datum ip;  // inet
  bool has_ip;
  OptionalText user_agent;
  const OptionalText *actor = nullptr;  // null: whoever the transaction acts as
};

// Of a user, by no client.
inline EventSource event_source(std::string_view user_id) { return {{true, user_id}, 0, false, {false, {}}}; }

// What happened. Plain data; what is absent is NULL in the row.
struct AuthEvent {
  session::Event event;
  const pg_uuid_t *session_id;         // null: none
  const char *detail;                  // JSON text, never with a token or a secret in it; null: none
  bool is_unenforced;                  // a mismatch that the policy only takes note of
  bool is_part;                        // of an event that is written beside it: the application is told once
  std::string_view application_event;  // the name of one of the application's own, which `event` does not have; "": ours
};

// Of a session that was over before somebody came upon it: an event says when it is noticed, its detail when that was.
void add_ending(JsonBuilder &detail, const session::Ending &ending);
const char *detail_of(const session::Ending &ending);

// Writes the event at the time `at`, with who did it, and what revocations() is to tell of it. Inside as_owner(). The row is
// written as jwt_auth.audit says, all the rest whatever it says. A security event is also sent
// to jwt_auth.notify_channel:
// {"event", "at", "user_id", "session_id", "ip", "enforced"}, never a token or a secret; "enforced" only where it is false.
void write_event(const EventSource &source, const AuthEvent &event, TimestampTz at);
// Several events of one source, in this order, with fewer statements.
void write_events(const EventSource &source, const AuthEvent *events, int count, TimestampTz at);

}  // namespace jwt_auth::pg
