// The statements on api_key and api_key_use. All of them run as the tables' owner; each names one user_key as a parameter and
// takes times as parameters, so the tables can be distributed.
#pragma once

#include "pg/store/session_store.hpp"
#include "session/api_key.hpp"

namespace jwt_auth::pg {

// Whether the tables are there: a database that was not updated to version 2.0 has none.
bool api_keys_exist();

struct NewApiKey {
  pg_uuid_t id;
  UserRef user;
  std::string_view name;
  Datum scopes, allowed_from, claims;  // text[], cidr[], jsonb
  bool has_scopes, has_allowed_from, has_claims;
  session::Hash secret_hash;
  session::Micros created_at, expires_at;  // kNever: no end
};
void insert_api_key(const NewApiKey &key);

// A key's row. Plain data in the caller's memory context.
struct ApiKeyRow {
  pg_uuid_t id;
  session::UserKey user_key;
  std::string_view user_id;
  OptionalText scope;  // its scopes, separated by spaces
  Datum claims;        // jsonb
  bool has_claims;
  session::ApiKeyState state;
  session::Micros last_used_at;  // kNoCutoff: never
};
// Reads it with the latest snapshot; false if there is none. Copies go into `context`.
bool read_api_key(const pg_uuid_t &id, session::UserKey user_key, MemoryContext context, ApiKeyRow &row);

// The networks of a cidr[], in `context`. 22004 for a NULL in it.
struct Networks {
  session::Network *networks;
  std::size_t count;
};
Networks networks_of(Datum cidr_array, MemoryContext context);

// Whether the use of a key that was read is to be noted.
bool use_is_due(const ApiKeyRow &row, session::Micros now);
// Notes that the key was used. Another transaction that is noting the same is not waited for: then nothing is written.
void note_use(const ApiKeyRow &row, session::Micros now);

// Deletes the keys of a user that were made after the time: by a clock that ran ahead, or in the moment of a revocation. Also
// those from after this transaction's snapshot. Ids and names are copied into `context`.
struct DeletedUserKey {
  pg_uuid_t id;
  std::string_view name;
};
struct DeletedUserKeys {
  DeletedUserKey *keys;
  std::uint64_t count;
};
DeletedUserKeys delete_api_keys_after(const UserRef &user, session::Micros time, MemoryContext context);

// Deletes the key; false if there is none, or if it is not this user's where one is named. `user_id` and `name` are copied into
// `context`.
struct DeletedApiKey {
  bool found;
  std::string_view user_id, name;
};
DeletedApiKey delete_api_key(const pg_uuid_t &id, session::UserKey user_key, const OptionalText &user_id,
                             MemoryContext context);

}  // namespace jwt_auth::pg
