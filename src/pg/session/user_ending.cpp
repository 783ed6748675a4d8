#include "pg/session/user_ending.hpp"

#include "pg/keyring/keyring.hpp"
#include "pg/session/key_ending.hpp"
#include "pg/store/owner.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

session::Micros move_cutoff(const UserRef &user) {
  const session::Micros asked = now_micros();
  const session::Micros cutoff = raise_cutoff(user, asked);
  // Whoever held the row may have been given tokens since: then the clock counts from when the row was ours.
  return has_waited(asked) ? raise_cutoff(user, now_micros()) : cutoff;
}

const char *reason_detail(const OptionalText &reason) {
  JsonBuilder detail;
  detail.add_optional("reason", reason);
  return detail.finish();
}

AuthEvent ending_of(const EndedSession &one, session::Event event, const char *detail) {
  AuthEvent ending{};
  ending.session_id = &one.id;
  ending.event = one.before ? one.before->event : event;
  ending.detail = one.before ? detail_of(*one.before) : detail;
  return ending;
}

void write_mass_ending(const MassEnding &ending, TimestampTz at) {
  const char *reason = reason_detail(ending.reason);
  const auto count = static_cast<int>(ending.sessions.count);
  auto *events = static_cast<AuthEvent *>(palloc(sizeof(AuthEvent) * (ending.sessions.count + 1)));
  for (int i = 0; i < count; i++) {
    events[i] = ending_of(ending.sessions.sessions[i], ending.event, reason);
    events[i].is_part = true;
  }

  JsonBuilder detail;
  detail.add_number("sessions", static_cast<std::int64_t>(ending.sessions.live));
  if (ending.kept != nullptr) detail.add_text("kept", uuid_text(*ending.kept));
  detail.add_optional("until", ending.until);
  detail.add_optional("reason", ending.reason);
  events[count] = AuthEvent{};
  events[count].event = ending.event;
  events[count].detail = detail.finish();
  write_events(event_source(ending.user.user_id), events, count + 1, at);
}

namespace {

// Cutoff first, so that a log-in that races waits or comes after it; then the sessions.
int revoke_user(const UserRef &user, const OptionalText &reason) {
  const session::Micros cutoff = move_cutoff(user);
  refresh_keyring();
  const EndedSessions ended = delete_user_sessions(user, nullptr, CurrentMemoryContext);
  end_keys_after(user, cutoff);
  write_mass_ending({session::Event::kUserRevoked, user, ended, nullptr, reason, {}}, timestamp_of(cutoff));
  return static_cast<int>(ended.live);
}

}  // namespace

// An id with trailing blanks had an account of its own in version 1.
int revoke_spellings(const Spellings &spellings, const OptionalText &reason) {
  return as_owner("account", [&](MemoryContext) {
    const int live = revoke_user(spellings.user, reason);
    return spellings.has_padded && has_account(spellings.padded) ? live + revoke_user(spellings.padded, reason) : live;
  });
}

}  // namespace jwt_auth::pg
