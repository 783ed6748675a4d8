// How many sessions a user may have, and which of them make room for a new one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "session/session_id.hpp"

namespace jwt_auth::session {

enum class LimitPolicy : std::uint8_t { kEvictOldest, kEvictIdle, kReject };

std::optional<LimitPolicy> LimitPolicyNamed(std::string_view name) noexcept;
const char *NameOf(LimitPolicy policy) noexcept;

// A live session, as far as the limit is concerned.
struct LiveSession {
  SessionId id;
  Micros created_at;
  Micros refreshed_at;  // the log-in, if it was never refreshed
  std::uint32_t generation;
};

struct Room {
  bool granted;
  std::vector<LiveSession> evicted;  // first to go first; empty unless granted
};

// Makes room for one more session among the live ones. A `limit` of 0 is none; one that was lowered evicts several.
// kEvictOldest: by creation. kEvictIdle: by last refresh. Ties go by id, so that everybody chooses alike.
Room MakeRoom(std::vector<LiveSession> live, int limit, LimitPolicy policy);

}  // namespace jwt_auth::session
