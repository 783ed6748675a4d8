// Versions of a user's rights and of a session's claims: which access tokens were made before the latest change of either.
//
// A change raises the version; a token carries the versions that were read before its claims were made. So a token that is made
// while a change is under way has the old version, whatever the clocks say, and is refused once the change has committed.
#pragma once

#include <cstdint>
#include <string_view>

#include "jose/jwt/claims.hpp"

namespace jwt_auth::session {

// 0: nothing was ever changed, and a token says nothing.
struct Versions {
  std::int64_t user = 0;     // the claim `uv`
  std::int64_t session = 0;  // the claim `sv`
};

// The version after a change: later than the one before, and not below the clock, so that an account or a session that was
// removed and came back never has a version again that old tokens carry.
std::int64_t NextVersion(std::int64_t before, jose::Micros now) noexcept;

// Whether a token was made before a change: its session has to be refreshed first. A token that is ahead is not: the row is of
// a copy, or came back.
bool IsStale(const Versions &token, const Versions &now) noexcept;

// The version in a claim. Text that is no version says as little as no claim: 0.
std::int64_t ReadVersion(std::string_view number) noexcept;

}  // namespace jwt_auth::session
