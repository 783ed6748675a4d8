// The one table from refusals to SQLSTATEs and messages, and the one function that raises them.
#pragma once

#include <string_view>

#include "jose/result.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// Raises the refusal as an SQL error: "message: detail", with the hint of its kind.
[[noreturn]] void raise_error(const Error &error);
// For C++ phases: a text for the DETAIL of the next error that raise_error raises with the same `error.detail`. Cut at 1023
// bytes.
void NoteDetail(const Error &error, std::string_view text) noexcept;
// Raises 22004 for the argument of that name.
[[noreturn]] void raise_null_argument(const char *argument);

// The five characters of its SQLSTATE, and the text that raise_error would use, for functions that return refusals.
const char *SqlStateOf(ErrorCode code) noexcept;
char *message_of(const Error &error);

// True where the token is to blame (or its bearer), false where the caller, a key or the installation is.
bool IsTokenRefusal(ErrorCode code) noexcept;

}  // namespace jwt_auth::pg
