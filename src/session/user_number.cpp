#include "session/user_number.hpp"

#include <charconv>

namespace jwt_auth::session {

std::optional<std::int64_t> NumberOfUser(std::string_view user_id) noexcept {
  std::int64_t number = 0;
  const char *end = user_id.data() + user_id.size();
  const auto read = std::from_chars(user_id.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  char text[20];
  const auto written = std::to_chars(text, text + sizeof text, number);
  if (user_id != std::string_view(text, static_cast<std::size_t>(written.ptr - text))) return std::nullopt;
  return number;
}

}  // namespace jwt_auth::session
