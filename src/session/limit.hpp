// The limit on a user's sessions, and which of them end to make room for a new one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "session/session_id.hpp"

namespace jwt_auth::session {

enum class LimitPolicy : std::uint8_t { kEvictOldest, kEvictIdle, kReject };
constexpr LimitPolicy kLimitPolicies[] = {LimitPolicy::kEvictOldest, LimitPolicy::kEvictIdle, LimitPolicy::kReject};

std::optional<LimitPolicy> LimitPolicyNamed(std::string_view name) noexcept;
const char *NameOf(LimitPolicy policy) noexcept;

// A live session, as far as the limit is concerned.
struct LiveSession {
  SessionId id;
  Micros created_at;
  Micros refreshed_at;  // the log-in, if it was never refreshed
  std::uint32_t generation;
  bool is_same_device;  // as the log-in that asks for room
};

struct Room {
  bool granted;
  std::vector<LiveSession> replaced;  // those of the same device, by creation; empty unless granted
  std::vector<LiveSession> evicted;   // in the order in which they end; empty unless granted
};

// Makes room for one more session among the live ones, which are those of one class. The device's own session is replaced and
// is not counted, so it makes room by itself. A `limit` of 0 means unlimited. If the limit was lowered, several are evicted.
// kEvictOldest: by creation. kEvictIdle: by last refresh. Equal times are ordered by id, so that the choice is always the same.
Room MakeRoom(std::vector<LiveSession> live, int limit, LimitPolicy policy);

}  // namespace jwt_auth::session
