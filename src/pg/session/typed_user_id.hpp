// A user id of the type that the function declares for it: text, uuid or bigint.
#pragma once

#include "pg/session/user_argument.hpp"

namespace jwt_auth::pg {

// user_argument() for a function that has overloads for uuid and bigint, all bound to one C function: these are the user whose
// id as text is that value's.
UserRef typed_user_argument(FunctionCallInfo fcinfo, int index);
// The same without its rules: any user of any server, by the id without trailing blanks. 22004, 22023.
UserRef any_user_argument(FunctionCallInfo fcinfo, int index);

}  // namespace jwt_auth::pg
