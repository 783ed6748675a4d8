// Classes of sessions: lifetimes and a limit under a name, over the settings. "Remember me", a kiosk and a phone application
// are classes.
#pragma once

#include <optional>
#include <string_view>

#include "session/lifetime.hpp"
#include "session/limit.hpp"

namespace jwt_auth::session {

// What a class says; what it does not say is as the settings have it. Plain data.
struct SessionClass {
  std::optional<Micros> access_token_ttl;
  std::optional<Micros> refresh_token_ttl;
  std::optional<Micros> max_age;  // 0: no end but the idle one
  std::optional<int> max_sessions;
  std::optional<LimitPolicy> limit_policy;
  bool listed;  // false: such sessions are neither shown nor counted
};

// A name is UTF-8 of 1 to 63 bytes without control characters that neither begins nor ends with a blank.
bool IsClassName(std::string_view name) noexcept;

// How many sessions a user may have, and what becomes of one more.
struct LimitRule {
  int limit;  // 0: unlimited
  LimitPolicy policy;
};

// What holds for a session of the class; none: for a session without one, or whose class was dropped.
LifetimePolicy LifetimesOf(const std::optional<SessionClass> &session_class, const LifetimePolicy &settings) noexcept;

// The limit for a log-in. `user` is the user's own limit, or none: it is for sessions without a class. Sessions of an unlisted
// class are not counted.
LimitRule LimitOf(const std::optional<SessionClass> &session_class, const LimitRule &settings,
                  const std::optional<int> &user) noexcept;

// When a session that is refreshed ends at the latest. Without a class it is the end that its log-in gave it. With one it is
// the maximal age of this moment, in the class or, where it says nothing or was dropped, in the settings.
Micros EndAtRefresh(Micros created_at, Micros end, bool has_class, const LifetimePolicy &lifetimes) noexcept;

}  // namespace jwt_auth::session
