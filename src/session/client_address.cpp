#include "session/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace jwt_auth::session {

namespace {

constexpr std::size_t kLongestAddress = 45;  // of IPv6 with an IPv4 tail
constexpr int kMappedBits = 96;              // of ::ffff:0:0/96

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> ParseNumber(std::string_view text, int max) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), IsDigit)) return std::nullopt;
  int number = 0;
  for (const char c : text) number = number * 10 + (c - '0');
  return number <= max ? std::optional<int>(number) : std::nullopt;
}

bool LooksLikeV6(std::string_view text) { return text.find(':') != std::string_view::npos; }

Address ParseAddress(std::string_view text) {
  if (text.empty() || text.size() > kLongestAddress) return {};
  char terminated[kLongestAddress + 1] = {};
  std::memcpy(terminated, text.data(), text.size());
  unsigned char v4[4];
  unsigned char v6[16];
  if (LooksLikeV6(text)) return inet_pton(AF_INET6, terminated, v6) == 1 ? AddressV6(v6) : Address{};
  return inet_pton(AF_INET, terminated, v4) == 1 ? AddressV4(v4) : Address{};
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The address of "host", "host:port", "[v6]" and "[v6]:port".
Address ParseHost(std::string_view text) {
  std::optional<std::string_view> port;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return {};
    const std::string_view rest = text.substr(close + 1);
    text = text.substr(1, close - 1);
    if (!LooksLikeV6(text) || (!rest.empty() && rest.front() != ':')) return {};
    if (!rest.empty()) port = rest.substr(1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const auto colon = text.find(':');
    port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (port && !ParseNumber(*port, 65535)) return {};
  return ParseAddress(text);
}

}  // namespace

std::optional<Network> ParseNetwork(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const Address address = ParseAddress(host);
  if (!address.present) return std::nullopt;
  const int width = LooksLikeV6(host) ? 128 : 32;
  int prefix = width;
  if (slash != std::string_view::npos) {
    const auto number = ParseNumber(text.substr(slash + 1), width);
    if (!number) return std::nullopt;
    prefix = *number;
  }
  if (width == 128 && address.is_v4) {
    if (prefix < kMappedBits) return std::nullopt;
    prefix -= kMappedBits;
  }
  return Network{address, static_cast<std::uint8_t>(prefix)};
}

bool Contains(const Network &network, const Address &client) {
  if (!client.present || network.address.is_v4 != client.is_v4) return false;
  const std::size_t whole = network.prefix / 8;
  if (!std::equal(client.bytes.begin(), client.bytes.begin() + whole, network.address.bytes.begin())) return false;
  const int rest = network.prefix % 8;
  if (rest == 0) return true;
  const int differing = network.address.bytes[whole] ^ client.bytes[whole];
  return (differing >> (8 - rest)) == 0;
}

Address ForwardedClient(std::string_view header, int hops) {
  for (int hop = 1;; hop++) {
    const auto comma = header.rfind(',');
    if (hop == hops) return ParseHost(Trimmed(comma == std::string_view::npos ? header : header.substr(comma + 1)));
    if (comma == std::string_view::npos) return {};
    header = header.substr(0, comma);
  }
}

}  // namespace jwt_auth::session
