#include "session/session_class.hpp"

#include <algorithm>

namespace jwt_auth::session {

namespace {

constexpr std::size_t kMaxClassName = 63;

bool IsControlCharacter(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

bool IsClassName(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMaxClassName && name.front() != ' ' && name.back() != ' ' &&
         std::none_of(name.begin(), name.end(), IsControlCharacter);
}

LifetimePolicy LifetimesOf(const std::optional<SessionClass> &session_class, const LifetimePolicy &settings) noexcept {
  if (!session_class) return settings;
  return {session_class->access_token_ttl.value_or(settings.access_token_ttl),
          session_class->refresh_token_ttl.value_or(settings.refresh_token_ttl),
          session_class->max_age.value_or(settings.session_max_age)};
}

LimitRule LimitOf(const std::optional<SessionClass> &session_class, const LimitRule &settings,
                  const std::optional<int> &user) noexcept {
  if (!session_class) return {user.value_or(settings.limit), settings.policy};
  const LimitPolicy policy = session_class->limit_policy.value_or(settings.policy);
  if (!session_class->listed) return {0, policy};
  return {session_class->max_sessions.value_or(settings.limit), policy};
}

Micros EndAtRefresh(Micros created_at, Micros end, bool has_class, const LifetimePolicy &lifetimes) noexcept {
  return has_class ? AbsoluteEnd(created_at, lifetimes) : end;
}

}  // namespace jwt_auth::session
