#include "session/client_address.hpp"

#include <algorithm>
#include <optional>

namespace jwt_auth::session {

namespace {

bool IsPort(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  int port = 0;
  for (const char c : text) port = port * 10 + (c - '0');
  return port <= 65535;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Address ParseAddress(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return kNoAddress;
  const auto network = ParseNetwork(text);
  return network ? network->address : kNoAddress;
}

// The address of "host", "host:port", "[v6]" and "[v6]:port".
Address ParseHost(std::string_view text) {
  std::optional<std::string_view> port;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return kNoAddress;
    const std::string_view rest = text.substr(close + 1);
    text = text.substr(1, close - 1);
    if (text.find(':') == std::string_view::npos || (!rest.empty() && rest.front() != ':')) return kNoAddress;
    if (!rest.empty()) port = rest.substr(1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const auto colon = text.find(':');
    port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (port && !IsPort(*port)) return kNoAddress;
  return ParseAddress(text);
}

}  // namespace

Address ForwardedClient(std::string_view header, int hops) noexcept {
  for (int hop = 1;; hop++) {
    const auto comma = header.rfind(',');
    if (hop == hops) return ParseHost(Trimmed(comma == std::string_view::npos ? header : header.substr(comma + 1)));
    if (comma == std::string_view::npos) return kNoAddress;
    header = header.substr(0, comma);
  }
}

}  // namespace jwt_auth::session
