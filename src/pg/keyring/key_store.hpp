// Changes to signing_key. Postgres phase.
#pragma once

#include "pg/keyring/stored_key.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"

namespace jwt_auth::pg {

// A change to the keyring: the tables' owner's rights, SPI, and a lock that makes all such changes take turns, so that each
// sees what the one before it did. (Row locks don't do: the row that the next one needs may not be there yet.) The lock is kept
// until the transaction ends. Readers and signers don't take it. 25006 in a read-only transaction and on a standby.
OwnerScope begin_keyring_change();
void end_keyring_change(const OwnerScope &scope);

// Within a change. Rows are read with the latest snapshot and written with the transaction's own: where these differ, which
// only REPEATABLE READ and SERIALIZABLE know, the writer gets a serialization failure (40001).

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

// Inserts a checked key. 42710 if its kid is taken.
void insert_key(const NewKey &key, bool active, TimestampTz now);
// active becomes verify_only, until the last of its tokens has run out.
void demote_key(std::string_view kid, TimestampTz now);
void activate_key(std::string_view kid, TimestampTz now);
// Any state becomes retired; the private part goes.
void retire_key(std::string_view kid, TimestampTz now);
// Waits for whoever records something about the key with a token that they sign, and keeps others from it.
void lock_key(std::string_view kid);
void store_private_part(std::string_view kid, Bytes private_jwk);

// Not within a change, but when the transaction that demoted the key commits: its tokens were signed until now.
void extend_verification(std::string_view kid);
// Retires the verify-only keys whose last token has run out and answers how many there were. For purge_expired().
int retire_run_out_keys();

}  // namespace jwt_auth::pg
