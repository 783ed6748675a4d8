// How long tokens of a signing key live, beyond what the key's row says: jwt_auth.token_lifetime. A signer adds a row and
// changes none, so no signer waits for another one, and no change of the keyring waits for a signer. Postgres phase.
#pragma once

#include "pg/support/arguments.hpp"

namespace jwt_auth::pg {

// False in a database that has not been updated to 2.0.
bool has_token_lifetimes();

struct TokenLifetime {
  std::int32_t ttl;   // seconds that a token may live, whenever it is signed; 0: nothing said
  TimestampTz until;  // when the last token ends; -infinity: nothing said
};

// The time that many seconds later; one that is infinite stays so.
TimestampTz end_after(TimestampTz time, std::int64_t seconds);

// Within as_owner(). Adds a row for the key.
void record_lifetime(std::string_view kid, const TokenLifetime &lifetime);
// Within as_owner(). Of the key's tokens: the longest of what the key's own row says, the setting, and the rows here that have
// been committed.
TokenLifetime committed_lifetime(std::string_view kid, const TokenLifetime &of_key);

// The longest of the rows, those of open transactions among them: their tokens may be in use already. The second is of all
// keys.
TokenLifetime longest_lifetime(std::string_view kid);
TokenLifetime longest_lifetime();

// When the last token of a key ends that was signed until `signed_until`, by its rows here: those of open transactions count as
// well. -infinity where there are none.
TimestampTz last_token_end(std::string_view kid, TimestampTz signed_until);

// Within as_owner(). Deletes the rows that say nothing more: their key is retired, or its row or another one says as much.
void delete_superseded_lifetimes(TimestampTz now);

}  // namespace jwt_auth::pg
