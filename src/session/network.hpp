// Client addresses: as text, as the network that a token is bound to, and as a proxy reports them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace jwt_auth::session {

// An IPv4 or IPv6 address with a prefix length. An IPv4 address written as IPv6 (::ffff:192.0.2.1) is the IPv4 address, so a
// client looks the same through either socket. Plain data.
struct Network {
  bool is_v6;
  std::array<std::uint8_t, 16> address;  // the first four bytes for IPv4
  std::uint8_t prefix;                   // of 32 or 128 bits
};

// "192.0.2.1", "2001:db8::1", or either with "/prefix". No zone, no port, no blanks, no leading zeros. None otherwise.
std::optional<Network> ParseNetwork(std::string_view text);
// From bytes in network order: 4 or 16 of them.
Network NetworkOf(bool is_v6, const std::uint8_t *bytes, std::uint8_t prefix);

// Whether the address of `client` (whatever its own prefix) lies in `network`.
bool Contains(const Network &network, const Network &client);

// The address in a header such as X-Forwarded-For: the entry `hops` from the right (1 is the last, which the nearest proxy
// appended), without its port ("192.0.2.1:443", "[2001:db8::1]:443"). None if there are fewer entries or that one is no
// single address: what stands further left was written by the client and proves nothing.
std::optional<Network> ForwardedClient(std::string_view header, int hops);

}  // namespace jwt_auth::session
