// A change of what a user may do, which the user's next tokens are to say.
#pragma once

#include "pg/session/user_argument.hpp"

namespace jwt_auth::pg {

// Raises the version of the user's rights, so that access tokens of the user's sessions from before are refused with "refresh
// first" once this transaction has committed. Records it, and tells verifiers that work offline.
void require_refresh_of(const Spellings &spellings, const OptionalText &reason);

}  // namespace jwt_auth::pg
