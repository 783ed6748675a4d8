// User ids that are numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace jwt_auth::session {

// The number whose text a user id is, as bigint prints it. None for any other text: "042" and "42" are two users, and reading
// both as one number would make one of them the other.
std::optional<std::int64_t> NumberOfUser(std::string_view user_id) noexcept;

}  // namespace jwt_auth::session
