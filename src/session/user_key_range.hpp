// Which users are this server's, where users are spread over several: ranges of user keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "session/session_id.hpp"

namespace jwt_auth::session {

struct UserKeyRange {
  UserKey first;
  UserKey last;  // included
};

// A list of ranges. Plain data.
struct UserKeyRanges {
  static constexpr std::size_t kMax = 64;

  std::uint32_t count = 0;
  std::array<UserKeyRange, kMax> ranges = {};

  bool Contains(UserKey key) const noexcept;
};

// Parses "FIRST..LAST", or several of these with commas between them; white space may stand around numbers. False for anything
// else, for a number outside of an integer's range, and for a range that ends before it begins.
bool ParseUserKeyRanges(std::string_view text, UserKeyRanges &ranges) noexcept;

}  // namespace jwt_auth::session
