// The statements on account, refresh_session and session_data. All of them run inside SPI, as the tables' owner; each names one
// user_key as a parameter and takes times as parameters, so the tables can be distributed.
#pragma once

#include "pg/store/plans.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/postgres.hpp"
#include "session/limit.hpp"
#include "session/policy.hpp"

namespace jwt_auth::pg {

session::Address address_of(Datum inet_value);

// Who a statement is about.
struct UserRef {
  session::UserKey user_key;
  std::string_view issuer;  // "" for our own users
  std::string_view user_id;
};

// An account's row, or what holds where there is none.
struct Account {
  session::Micros not_before;      // kNoCutoff if none
  int max_sessions;                // 0 = unlimited
  session::BindingPolicy binding;  // the settings, with the user's own choices over them
};

// Writes the account's row, so that log-ins and revocations of one user follow one another at every isolation level: a lock
// alone would not keep REPEATABLE READ from counting with an old snapshot.
Account touch_account(const UserRef &user, TimestampTz now);
// The same where nobody logs in: nothing in the row changes, but it is written.
void hold_account(const UserRef &user);
// Reads it with the latest snapshot. The cutoff of an id holds for the same id with trailing blanks as well.
Account read_account(const UserRef &user);
// Of an id with trailing blanks, which only sessions and tokens of version 1 have: the cutoff of the id without them. Else
// kNoCutoff.
session::Micros unpadded_cutoff(const UserRef &user);
// Whether the user has a row: who logged in or was revoked has one.
bool has_account(const UserRef &user);
// Moves the user's cutoff to `not_before` unless it is later already; answers the cutoff that now holds.
session::Micros raise_cutoff(const UserRef &user, session::Micros not_before);

// A session's row with what the rules do not look at. Text and inet values are copied into the caller's memory context.
struct SessionRow {
  pg_uuid_t id;
  session::UserKey user_key;
  std::string_view user_id;
  bool has_data;
  session::Nonce nonce;
  session::SessionState state;
};

enum class ReadMode { kPlain, kLocked, kLatest };
// False if there is no such row in the statement's snapshot. kLocked waits for writers and locks FOR NO KEY UPDATE.
bool read_session(const pg_uuid_t &id, session::UserKey user_key, ReadMode mode, MemoryContext context, SessionRow &row);

// The live sessions of a user, in the caller's memory context.
struct LiveSessions {
  session::LiveSession *sessions;
  std::size_t count;
};
LiveSessions read_live_sessions(const UserRef &user, session::Micros cutoff, session::Micros now, MemoryContext context);

struct NewSession {
  pg_uuid_t id;
  UserRef user;
  session::Micros created_at, ends_at, idle_ends_at;
  session::Hash family, current;
  Datum ip;
  bool has_ip;
  session::Client client;
  OptionalText user_agent;
  Datum claims, metadata;  // jsonb
  bool has_claims, has_metadata;
};
void insert_session(const NewSession &session);

struct Rotation {
  pg_uuid_t id;
  session::UserKey user_key;
  session::Hash presented, successor;
  session::Nonce nonce;
  session::Micros now, idle_ends_at;
  Datum ip;
  bool has_ip;
  session::Client client;
  OptionalText user_agent;
};
// Compare and swap: false if the current secret is no longer the one presented.
bool rotate_session(const Rotation &rotation);

// Where a statement found no session: whether that is because the transaction's snapshot is older than the session. Then the
// caller is told so (40001), for "there is none" would be wrong.
void raise_if_unseen(const pg_uuid_t &id, session::UserKey user_key);

// Deletes the row and its data; false if it was gone. With a generation, only if the row still has that one.
bool delete_session(const pg_uuid_t &id, session::UserKey user_key, const std::uint32_t *generation);

// Of a row that was deleted otherwise.
void delete_session_data(const pg_uuid_t &id, session::UserKey user_key);

// Deletes all sessions of a user but `keep` (null: all); answers them in `context`, and how many of them were `live`: the
// others were over before, by their time or the cutoff for everybody.
struct EndedSession {
  pg_uuid_t id;
  std::optional<session::Ending> before;  // how it had ended already
};
struct EndedSessions {
  EndedSession *sessions;
  std::size_t count, live;
};
EndedSessions delete_user_sessions(const UserRef &user, const pg_uuid_t *keep, MemoryContext context);

// The claims that were stored at log-in; NULL if none.
Datum read_claims(const pg_uuid_t &id, session::UserKey user_key, MemoryContext context, bool *is_null);

}  // namespace jwt_auth::pg
