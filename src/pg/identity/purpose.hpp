// The `purpose` of a token that is good for one thing only.
#pragma once

#include "jose/jwt/token_type.hpp"
#include "pg/support/arguments.hpp"

namespace jwt_auth::pg {

// A purpose argument, as the type that a token for it has. 22004 for NULL, 22023 for one that is no purpose or has a meaning
// elsewhere. The result points to the argument.
jose::ExpectedType purpose_argument(FunctionCallInfo fcinfo, int index);

}  // namespace jwt_auth::pg
