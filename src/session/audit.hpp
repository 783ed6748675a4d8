// How much of what happens is recorded.
#pragma once

#include <cstdint>
#include <string_view>

#include "session/event.hpp"

namespace jwt_auth::session {

// jwt_auth.audit.
enum class AuditLevel : std::uint8_t { kAll, kSecurity, kOff };
constexpr AuditLevel kAuditLevels[] = {AuditLevel::kAll, AuditLevel::kSecurity, AuditLevel::kOff};
const char *NameOf(AuditLevel level) noexcept;

// Whether an event gets a row in the audit. Under kSecurity those that end, refuse or change something, and the application's
// own, of which we know no more.
bool IsRecorded(AuditLevel level, Event event) noexcept;

// The name of an event of the application's own: "app." and 1 to 59 characters a-z, 0-9, '_', '.' and '-'.
bool IsApplicationEvent(std::string_view name) noexcept;

}  // namespace jwt_auth::session
