// Whether a user is this server's: jwt_auth.user_key_range, where users are spread over several servers.
#pragma once

#include "pg/store/account.hpp"

namespace jwt_auth::pg {

constexpr Error kOtherServer{ErrorCode::kOtherServer, nullptr};

bool is_own_user_key(session::UserKey user_key) noexcept;
// JW018 unless it is.
void require_own_user_key(session::UserKey user_key);
// The same where tokens of a user end. Somebody who acts for users of this server without being one has an account here, with
// nothing but a cutoff: that one is revoked on every server.
void require_own_or_acting_user(const UserRef &user);

}  // namespace jwt_auth::pg
