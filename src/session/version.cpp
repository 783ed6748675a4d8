#include "session/version.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace jwt_auth::session {

std::int64_t NextVersion(std::int64_t before, jose::Micros now) noexcept {
  const std::int64_t next = before == std::numeric_limits<std::int64_t>::max() ? before : before + 1;
  return std::max<std::int64_t>(next, now);
}

bool IsStale(const Versions &token, const Versions &now) noexcept {
  return token.user < now.user || token.session < now.session;
}

std::int64_t ReadVersion(std::string_view number) noexcept {
  std::int64_t version = 0;
  const char *end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, version);
  return read.ec == std::errc() && read.ptr == end ? std::max<std::int64_t>(version, 0) : 0;
}

}  // namespace jwt_auth::session
