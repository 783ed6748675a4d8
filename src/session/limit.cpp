#include "session/limit.hpp"

#include <algorithm>
#include <tuple>

namespace jwt_auth::session {

std::optional<LimitPolicy> LimitPolicyNamed(std::string_view name) noexcept {
  for (const LimitPolicy policy : kLimitPolicies) {
    if (name == NameOf(policy)) return policy;
  }
  return std::nullopt;
}

const char *NameOf(LimitPolicy policy) noexcept {
  switch (policy) {
    case LimitPolicy::kEvictOldest:
      return "evict_oldest";
    case LimitPolicy::kEvictIdle:
      return "evict_idle";
    case LimitPolicy::kReject:
      return "reject";
  }
  return "";
}

Room MakeRoom(std::vector<LiveSession> live, int limit, LimitPolicy policy) {
  const auto others =
      std::stable_partition(live.begin(), live.end(), [](const LiveSession &one) { return one.is_same_device; });
  Room room{true, {live.begin(), others}, {}};
  std::sort(room.replaced.begin(), room.replaced.end(), [](const LiveSession &a, const LiveSession &b) {
    return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id);
  });
  live.erase(live.begin(), others);
  if (limit <= 0 || live.size() < static_cast<std::size_t>(limit)) return room;
  if (policy == LimitPolicy::kReject) return {false, {}, {}};
  const std::size_t too_many = live.size() - static_cast<std::size_t>(limit) + 1;
  std::sort(live.begin(), live.end(), [policy](const LiveSession &a, const LiveSession &b) {
    const Micros a_time = policy == LimitPolicy::kEvictOldest ? a.created_at : a.refreshed_at;
    const Micros b_time = policy == LimitPolicy::kEvictOldest ? b.created_at : b.refreshed_at;
    return std::tie(a_time, a.id) < std::tie(b_time, b.id);
  });
  live.resize(too_many);
  room.evicted = std::move(live);
  return room;
}

}  // namespace jwt_auth::session
