// The version of a user's rights, which require_refresh() raises.
#pragma once

#include "pg/store/account.hpp"

namespace jwt_auth::pg {

// Raises it and answers the new one; makes the account where there is none, so that a first log-in that races waits, or is
// waited for. Inside as_owner("account"). 09000 if a trigger keeps the row from being written.
std::int64_t raise_version(const UserRef &user);

// The version that a token of this transaction may carry whose claims are made from now on: not newer than what the claims are
// read with. Where the transaction keeps one snapshot that is the snapshot's, though `latest` was read with a later one.
std::int64_t version_for_claims(const UserRef &user, const Account &latest);

}  // namespace jwt_auth::pg
