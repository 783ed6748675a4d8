// The classes of sessions, which each backend keeps with the keyring.
#pragma once

#include <optional>

#include "pg/support/arguments.hpp"
#include "session/session_class.hpp"

namespace jwt_auth::pg {

// After refresh_keyring(), for both sides of the boundary. None for no name and for a name that no class has (any more).
std::optional<session::SessionClass> FindSessionClass(const OptionalText &name) noexcept;
// The lifetimes of a session whose row has this class.
session::LifetimePolicy LifetimesOfClass(const OptionalText &name) noexcept;

// 22023 for what can be no class's name; `argument` is what the function calls it.
void check_class_name(std::string_view name, const char *argument);
// The class that a log-in asks for: none for NULL. 22023 for a name that no class has. After refresh_keyring().
OptionalText class_argument(FunctionCallInfo fcinfo, int index);
// 22023 if a name is present and no class has it (any more).
void require_session_class(const OptionalText &name);

// A lifetime as SQL has it, in microseconds (a month counts 30 days): 22023 under `name` unless it is from `least` to 68 years,
// the longest of the settings.
session::Micros lifetime_of(const Interval &interval, const char *name, session::Micros least);

}  // namespace jwt_auth::pg
