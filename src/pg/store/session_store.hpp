// The statements on refresh_session and session_data. All of them run inside as_owner(), each names one user_key as a parameter
// and takes times as parameters, so the tables can be distributed.
#pragma once

#include "pg/store/account.hpp"
#include "pg/store/key_binding.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/postgres.hpp"
#include "session/policy.hpp"

namespace jwt_auth::pg {

// A session's row with what the rules do not look at.
struct SessionRow {
  pg_uuid_t id;
  session::UserKey user_key;
  std::string_view user_id;
  bool has_data;  // rows of its own in session_data or imported_token
  session::Nonce nonce;
  session::SessionState state;
  KeyBinding key;
  OptionalText session_class;
  std::int64_t version;       // of the session's claims
  session::Micros auth_time;  // when the user last proved who they are: the log-in, unless reauthenticate_session() came later
  OptionalText auth_context;  // how: a JSON object of the claims amr and acr
  OptionalText actor;         // who acts for the user: the session is an impersonation
};

// False if there is no such row in the snapshot. JW018 if its user is of another server. Text is copied into `context`.
bool read_session(const pg_uuid_t &id, session::UserKey user_key, ReadMode mode, MemoryContext context, SessionRow &row);

// A hash that may be absent: plain data.
struct OptionalHash {
  bool present;
  session::Hash hash;
};

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
  OptionalText session_class;
  OptionalHash device;
  OptionalText imported_token;  // another system's refresh token, which stands for the session's first one
};
// 09000 if a trigger suppresses a row.
void insert_session(const NewSession &session);

// Gives a session that a clock which ran ahead has begun the times that it should have. False if it is no such session. What is
// read here becomes the row's by correct_session().
bool correct_if_ahead(session::SessionState &state, session::Micros now);
// Writes an auth_time that differs from created_at, and ends, into the row. False in a database of version 1, and if a trigger
// suppresses it.
bool correct_session(const pg_uuid_t &id, session::UserKey user_key, const session::SessionTimes &times);

// Writes a late replay into a row that is locked. 09000 if a trigger suppresses it: without it the next one would be granted
// too.
void record_late_replay(const pg_uuid_t &id, session::UserKey user_key, const session::LateReplay &replay);

// Where a statement found no session: whether that is because the transaction's snapshot is older than the session. Then the
// caller is told so (40001), for "there is none" would be wrong.
void raise_if_unseen(const pg_uuid_t &id, session::UserKey user_key);

// Deletes the row and its data; false if no row was deleted. With a generation, only if the row still has that one.
bool delete_session(const pg_uuid_t &id, session::UserKey user_key, const std::uint32_t *generation = nullptr);
// The same for a session that would live on: 09000 if a trigger keeps its row.
bool delete_live_session(const pg_uuid_t &id, session::UserKey user_key);

// Of a row that was deleted otherwise.
void delete_session_data(const pg_uuid_t &id, session::UserKey user_key);

// Deletes all sessions of a user but `keep` (null: all); answers them in `context`, and how many of them were `live`: the
// others were over before, by their time or the cutoff for everybody, or are impersonations, which count for nothing. Where
// some are kept, 09000 if a trigger keeps others.
struct EndedSession {
  pg_uuid_t id;
  std::optional<session::Ending> before;  // how it had ended already
};
struct EndedSessions {
  EndedSession *sessions;
  std::size_t count, live;
};
EndedSessions delete_user_sessions(const UserRef &user, const pg_uuid_t *keep, MemoryContext context);

// The claims (jsonb) that were stored at log-in, in `context`; false if there are none.
bool read_claims(const pg_uuid_t &id, session::UserKey user_key, MemoryContext context, Datum &claims);

}  // namespace jwt_auth::pg
