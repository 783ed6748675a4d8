// Removing API keys that have ended.
#pragma once

#include <cstdint>

#include "session/lifetime.hpp"

namespace jwt_auth::pg {

// Deletes up to `size` keys that expired or were created before a cutoff, or notes of the use of keys that are gone. Answers
// how many rows went; rows that somebody holds are left. Inside SPI, as the tables' owner.
std::uint64_t delete_ended_api_keys(session::Micros global_cutoff, session::Micros now, std::int64_t size);
std::uint64_t delete_orphaned_uses(std::int64_t size);

}  // namespace jwt_auth::pg
