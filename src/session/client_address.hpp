// Client addresses as text: what a token is bound to, and what a proxy reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "session/policy.hpp"

namespace jwt_auth::session {

// What a token's client_ip names. Plain data.
struct Network {
  Address address;
  std::uint8_t prefix;  // of 32 or 128 bits
};

// "192.0.2.1", "2001:db8::1", or either with "/prefix"; IPv4 mapped into IPv6 is IPv4. No zone, no port, no blanks, no leading
// zeros. None otherwise.
std::optional<Network> ParseNetwork(std::string_view text);

bool Contains(const Network &network, const Address &client);

// The address in a header such as X-Forwarded-For: the entry `hops` from the right (1 is the last, which the nearest proxy
// appended), without its port ("192.0.2.1:443", "[2001:db8::1]:443"). Absent if there are fewer entries or that one is no
// single address: what stands further left was written by the client and proves nothing.
Address ForwardedClient(std::string_view header, int hops);

}  // namespace jwt_auth::session
