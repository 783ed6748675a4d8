// jwt_auth.audit: how much is recorded.
#pragma once

#include "session/audit.hpp"

namespace jwt_auth::pg::settings {

session::AuditLevel Audit() noexcept;

}  // namespace jwt_auth::pg::settings
