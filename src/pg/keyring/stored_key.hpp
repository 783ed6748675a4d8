// The rows of signing_key, read and changed. Postgres phase, within change_keyring() unless it says otherwise.
//
// Rows are read with the latest snapshot and written with the transaction's own: where these differ, which only REPEATABLE READ
// and SERIALIZABLE know, the writer gets a serialization failure (40001).
#pragma once

#include "pg/keyring/new_key.hpp"

namespace jwt_auth::pg {

// A row as it is now, copied into `context`, without its private part.
struct StoredKey {
  bool found;
  std::string_view kid;
  std::string_view algorithm;
  std::string_view state;
  OptionalText public_jwk;
};
StoredKey find_key(std::string_view kid, MemoryContext context);
StoredKey find_active_key(MemoryContext context);
// The pending key that has been waiting longest, of that algorithm if one is given.
StoredKey find_pending_key(const OptionalText &algorithm, MemoryContext context);
// The private part of a row, as it is stored. cleanse_text() it.
OptionalText private_part_of(std::string_view kid, MemoryContext context);
// The kids of the rows that have a private part.
struct Kids {
  const std::string_view *kids;
  std::uint64_t count;
};
Kids keys_with_private_part(MemoryContext context);

// Inserts a checked key. 42710 if its kid is taken.
void insert_key(const NewKey &key, bool active, TimestampTz now);
// active becomes verify_only, until the last of its tokens has run out.
void demote_key(std::string_view kid, TimestampTz now);
void activate_key(std::string_view kid, TimestampTz now);
// Any state becomes retired; the private part goes.
void retire_key(std::string_view kid, TimestampTz now);
// Keeps others from changing the row.
void lock_key(std::string_view kid);
void store_private_part(std::string_view kid, Bytes private_jwk);

// Not within a change, but when the transaction that demoted the key commits: its tokens were signed until now.
void extend_verification(std::string_view kid);

}  // namespace jwt_auth::pg
