// Inside the library only: the header members of RFC 7515 section 4.1, which RFC 7516 section 4.1 has as well.
#pragma once

#include <optional>
#include <string_view>

#include "jose/json/json.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// Why a registered member has a value of a type that it may not have, whether it is used here or not; null if it may, and for
// any other name.
const char *WrongHeaderMember(std::string_view name, const JsonValue &value);

// For a text that is no token: a scheme, quotes or white space around it, named as the cause; none if there is nothing of the
// kind.
std::optional<Error> WhatStandsAround(std::string_view token);

}  // namespace jwt_auth::jose
