// forget_user: nothing that is left names the user, and what was issued before stays refused.
#include "pg/identity/tombstone.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/event_author.hpp"
#include "pg/store/forgotten_user.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/revocation.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/postgres.hpp"

extern "C" {
#include <catalog/pg_class.h>
#include <miscadmin.h>
#include <storage/lmgr.h>
}

namespace jwt_auth::pg {

namespace {

using session::Micros;

// Sessions of others in which the user acted for them: each has an event that says that it ended, and not by whom.
void end_impersonations(const UserRef &user, TimestampTz at) {
  const OptionalText unnamed{};
  const ImpersonatedList ended = delete_sessions_by(user.user_id);
  for (std::uint64_t i = 0; i < ended.count; i++) {
    EventSource source = event_source(ended.sessions[i].user_id);
    source.actor = &unnamed;
    AuthEvent event{};
    event.event = session::Event::kSessionRevoked;
    event.session_id = &ended.sessions[i].session_id;
    write_event(source, event, at);
  }
}

// Services that verify offline have to hear whose tokens they are to refuse. The row goes when the last of them has run out.
void tell_verifiers(const UserRef &user, Micros cutoff) {
  delete_revocations_of(user);
  Revocation revocation{RevocationKind::kUser};
  revocation.user_id = {true, user.user_id};
  revocation.not_before = cutoff;
  write_revocation(revocation);
}

// The same id at an issuer whose subjects are our users: a cutoff and denials of its own.
void forget_at_issuers(const UserRef &user) {
  const IssuerList ours = issuers_of_our_users();
  for (std::uint64_t i = 0; i < ours.count; i++) {
    const UserRef there = user_ref(ours.issuers[i], user.user_id);
    clear_denials_of(there.user_key);
    delete_account(there);
  }
}

// Whoever did it, unless that is the user.
void record_forgotten(const UserRef &user, std::uint64_t sessions, TimestampTz at) {
  const OptionalText actor = acting_user();
  const OptionalText shown = {actor.present && actor.text != user.user_id, actor.text};
  EventSource source{};
  source.actor = &shown;
  JsonBuilder detail;
  detail.add_number("sessions", static_cast<std::int64_t>(sessions));
  AuthEvent event{};
  event.event = session::Event::kForgotten;
  event.detail = detail.finish();
  write_event(source, event, at);
}

// When the user was forgotten, for what was issued before. A cutoff that lies ahead, from a clock that ran ahead, goes on
// refusing what was issued until then; one that never ends would refuse whoever has the id next.
Micros time_of_forgetting(const UserRef &user, Micros now) {
  RowOf<AccountColumn> row = account_row(user);
  read_rows({&row}, ReadMode::kLatest);
  const Micros cutoff = row.found ? row.time_or(AccountColumn::kNotBefore, session::kNoCutoff) : session::kNoCutoff;
  return cutoff == session::kNever ? now : std::max(cutoff, now);
}

// The account's row is written first, so a log-in that races comes before, and goes with the rest, or waits and finds nothing
// of before. The tombstone's time is that of the clock once the row is held; null: none is needed. False if nothing was known
// of the user.
bool forget(const UserRef &user, const TokenId *tombstone) {
  const bool had_account = has_account(user);
  hold_account(user);
  const Micros now = now_micros();
  refresh_keyring();
  const Micros forgotten_at = time_of_forgetting(user, now);
  if (tombstone != nullptr) write_tombstone(user.user_key, *tombstone, forgotten_at);
  const EndedSessions ended = delete_user_sessions(user, nullptr, CurrentMemoryContext);
  const std::uint64_t keys = delete_api_keys_of(user);
  end_impersonations(user, timestamp_of(now));
  const std::uint64_t events = clear_events_of(user) + clear_events_by(user.user_id);
  clear_denials_of(user.user_key);
  forget_at_issuers(user);
  tell_verifiers(user, forgotten_at);
  delete_account(user);
  record_forgotten(user, ended.live, timestamp_of(now));
  return had_account || ended.count + keys + events > 0;
}

// One call after the other, each to the end of its transaction: a call also writes the rows of those whom the user acted as. If
// each of two users has acted as the other, each call would wait for what the other one has written.
void wait_for_other_calls() {
  PreventCommandIfReadOnly("INSERT");
  // Whichever type of id it was called with.
  LockDatabaseObject(RelationRelationId, table_oid("auth_event"), 0, ShareUpdateExclusiveLock);
}

Datum forget_user(FunctionCallInfo fcinfo) {
  const Spellings spellings = spellings_argument(fcinfo, 0);
  need_server_secret();
  wait_for_other_calls();
  const TokenId tombstone = search_tombstone(spellings.user).name;
  return BoolGetDatum(as_owner("account", [&](MemoryContext) {
    const bool was_known = forget(spellings.user, &tombstone);
    // An id with trailing blanks had an account of its own in version 1. The tombstone of the id without them holds for it.
    if (!spellings.has_padded) return was_known;
    // Where that is gone, the audit may still name it.
    return (has_account(spellings.padded) ? forget(spellings.padded, nullptr) : clear_events_of(spellings.padded) > 0) ||
           was_known;
  }));
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_forget_user) { return jwt_auth::pg::forget_user(fcinfo); }
