#include "session/user_key_range.hpp"

#include <algorithm>
#include <charconv>

namespace jwt_auth::session {

namespace {

void SkipSpace(std::string_view &text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

bool TakeNumber(std::string_view &text, UserKey &number) noexcept {
  SkipSpace(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  SkipSpace(text);
  return true;
}

bool Take(std::string_view &text, std::string_view expected) noexcept {
  if (text.substr(0, expected.size()) != expected) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace

bool UserKeyRanges::Contains(UserKey key) const noexcept {
  return std::any_of(ranges.begin(), ranges.begin() + count,
                     [key](const UserKeyRange &range) { return range.first <= key && key <= range.last; });
}

bool ParseUserKeyRanges(std::string_view text, UserKeyRanges &ranges) noexcept {
  ranges.count = 0;
  do {
    if (ranges.count == UserKeyRanges::kMax) return false;
    UserKeyRange &range = ranges.ranges[ranges.count++];
    if (!TakeNumber(text, range.first) || !Take(text, "..") || !TakeNumber(text, range.last)) return false;
    if (range.last < range.first) return false;
  } while (Take(text, ","));
  return text.empty();
}

}  // namespace jwt_auth::session
