// A user id as an argument.
#pragma once

#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

constexpr std::size_t kMaxUserId = 1024;

// One of our own users: 22004 for NULL, 22023 for an empty id or one longer than 1024 bytes.
UserRef user_argument(FunctionCallInfo fcinfo, int index);
// The same for text that is at hand.
UserRef user_ref(std::string_view issuer, std::string_view user_id);

// 22023 unless the jsonb is an object.
void check_object(Jsonb *value, const char *name);

}  // namespace jwt_auth::pg
