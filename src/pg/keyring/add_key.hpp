// A signing key that is added to the keyring: one that was made here, or an imported one. Postgres phase.
#pragma once

#include "pg/keyring/new_key.hpp"

namespace jwt_auth::pg {

// Whether to activate: as told, or only if nothing is active.
enum class Activation { kNo, kYes, kIfNoneIs };
// A boolean argument; NULL is kIfNoneIs.
Activation activation_argument(FunctionCallInfo fcinfo, int index);

// What is known of a key's tokens from before it came here. Plain data.
struct Origin {
  bool imported;
  bool has_verify_until;
  TimestampTz verify_until;  // when the last of them has run out
};

// Adds the row, in a change of the keyring, and cleanses the key. 55000 if it is to be active and another one is, 42710 if its
// kid is taken.
void add_key(const NewKey &key, Activation activation, const Origin &origin);

// Within a change of the keyring. Of an imported key that no longer signs: lets it verify for as long as was said at its
// import, without an end where nothing was said. Answers whether that is so, and nothing was said.
bool keep_imported_key(std::string_view kid);

}  // namespace jwt_auth::pg
