#include "session/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace jwt_auth::session {

namespace {

constexpr std::size_t kLongestAddress = 45;  // of IPv6 with an IPv4 tail
constexpr std::uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> ParseNumber(std::string_view text, int max) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), IsDigit)) return std::nullopt;
  int number = 0;
  for (const char c : text) number = number * 10 + (c - '0');
  return number <= max ? std::optional<int>(number) : std::nullopt;
}

std::optional<Network> ParseAddress(std::string_view text) {
  if (text.empty() || text.size() > kLongestAddress) return std::nullopt;
  char terminated[kLongestAddress + 1] = {};
  std::memcpy(terminated, text.data(), text.size());
  std::uint8_t bytes[16];
  const bool is_v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(is_v6 ? AF_INET6 : AF_INET, terminated, bytes) != 1) return std::nullopt;
  return NetworkOf(is_v6, bytes, is_v6 ? 128 : 32);
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The address of "host", "host:port", "[v6]" and "[v6]:port".
std::optional<Network> ParseHost(std::string_view text) {
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
    text = text.substr(1, close - 1);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const auto colon = text.find(':');
    has_port = true;
    port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (has_port && !ParseNumber(port, 65535)) return std::nullopt;
  return ParseAddress(text);
}

}  // namespace

Network NetworkOf(bool is_v6, const std::uint8_t *bytes, std::uint8_t prefix) {
  Network network{};
  if (is_v6 && prefix >= 96 && std::memcmp(bytes, kMappedPrefix, sizeof kMappedPrefix) == 0) {
    std::memcpy(network.address.data(), bytes + 12, 4);
    network.prefix = static_cast<std::uint8_t>(prefix - 96);
    return network;
  }
  network.is_v6 = is_v6;
  std::memcpy(network.address.data(), bytes, is_v6 ? 16 : 4);
  network.prefix = prefix;
  return network;
}

std::optional<Network> ParseNetwork(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return ParseAddress(text);
  const std::string_view host = text.substr(0, slash);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  const auto prefix = ParseNumber(text.substr(slash + 1), is_v6 ? 128 : 32);
  if (!prefix || !ParseAddress(host)) return std::nullopt;
  char terminated[kLongestAddress + 1] = {};
  std::memcpy(terminated, host.data(), host.size());
  std::uint8_t bytes[16];
  inet_pton(is_v6 ? AF_INET6 : AF_INET, terminated, bytes);
  return NetworkOf(is_v6, bytes, static_cast<std::uint8_t>(*prefix));
}

bool Contains(const Network &network, const Network &client) {
  if (network.is_v6 != client.is_v6) return false;
  const std::size_t whole = network.prefix / 8;
  if (std::memcmp(network.address.data(), client.address.data(), whole) != 0) return false;
  const int rest = network.prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return ((network.address[whole] ^ client.address[whole]) & mask) == 0;
}

std::optional<Network> ForwardedClient(std::string_view header, int hops) {
  for (int hop = 1;; hop++) {
    const auto comma = header.rfind(',');
    if (hop == hops) return ParseHost(Trimmed(comma == std::string_view::npos ? header : header.substr(comma + 1)));
    if (comma == std::string_view::npos) return std::nullopt;
    header = header.substr(0, comma);
  }
}

}  // namespace jwt_auth::session
