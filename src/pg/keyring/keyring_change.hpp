// Changes of the keyring take turns, so that each sees what the one before it did. (Row locks would not do: the row that the
// next one needs may not be there yet.) Postgres phase.
#pragma once

#include "pg/store/owner.hpp"

namespace jwt_auth::pg {

// The lock of such changes, kept until the transaction ends. Readers and signers do not take it. 25006 in a read-only
// transaction and on a standby.
void lock_keyring();
// Takes the same lock unless somebody holds it: waits for nobody.
bool try_to_lock_keyring();

// as_owner() under that lock.
template <class Body>
auto change_keyring(Body &&body) {
  lock_keyring();
  return as_owner("signing_key", std::forward<Body>(body));
}

}  // namespace jwt_auth::pg
