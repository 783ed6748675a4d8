#include "session/audit.hpp"

#include <algorithm>

namespace jwt_auth::session {

namespace {

constexpr std::string_view kPrefix = "app.";
constexpr std::size_t kMaxName = 63;

bool IsNameCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; }

}  // namespace

const char *NameOf(AuditLevel level) noexcept {
  switch (level) {
    case AuditLevel::kAll:
      return "all";
    case AuditLevel::kSecurity:
      return "security";
    case AuditLevel::kOff:
      return "off";
  }
  return "";
}

bool IsRecorded(AuditLevel level, Event event) noexcept {
  if (level != AuditLevel::kSecurity) return level == AuditLevel::kAll;
  return event != Event::kLogin && event != Event::kRefreshed;
}

bool IsApplicationEvent(std::string_view name) noexcept {
  return name.size() > kPrefix.size() && name.size() <= kMaxName && name.substr(0, kPrefix.size()) == kPrefix &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

}  // namespace jwt_auth::session
