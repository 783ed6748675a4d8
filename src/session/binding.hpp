// Binding of a session to the address and the fingerprint of its client.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "session/refresh_token.hpp"

namespace jwt_auth::session {

// An IP address without a netmask. An IPv4 address mapped into IPv6 (::ffff:a.b.c.d) is the IPv4 address. Plain data.
struct Address {
  enum class Family : std::uint8_t { kNone, kV4, kV6 };  // kNone: unknown
  Family family;
  std::array<unsigned char, 16> bytes;  // the first 4 for IPv4, the rest zero

  bool known() const { return family != Family::kNone; }
  int bits() const { return family == Family::kV4 ? 32 : 128; }
};
constexpr Address kNoAddress = {Address::Family::kNone, {}};

// From the bytes of an address in network order; IPv4-mapped ones become IPv4.
Address MakeAddress(Address::Family family, const unsigned char *bytes) noexcept;
bool SameAddress(const Address &a, const Address &b) noexcept;

struct Network {
  Address address;  // bits behind the prefix are zero
  int prefix;
};
Network NetworkOf(const Address &address, int prefix) noexcept;
bool Contains(const Network &network, const Address &address) noexcept;
// "192.0.2.7" for a single address, "192.0.2.0/24" for a network: the claim `client_ip`.
std::string FormatNetwork(const Network &network);
// Reads what FormatNetwork writes; none for anything that is not an address or a network.
std::optional<Network> ParseNetwork(std::string_view text) noexcept;

enum class IpBinding : std::uint8_t { kOff, kLog, kSubnet, kExact };
constexpr IpBinding kIpBindings[] = {IpBinding::kOff, IpBinding::kLog, IpBinding::kSubnet, IpBinding::kExact};
enum class FingerprintBinding : std::uint8_t { kOff, kLog, kExact };
constexpr FingerprintBinding kFingerprintBindings[] = {FingerprintBinding::kOff, FingerprintBinding::kLog,
                                                       FingerprintBinding::kExact};

// The names that settings and policies use; none for any other text.
std::optional<IpBinding> IpBindingNamed(std::string_view name) noexcept;
std::optional<FingerprintBinding> FingerprintBindingNamed(std::string_view name) noexcept;
const char *NameOf(IpBinding binding) noexcept;
const char *NameOf(FingerprintBinding binding) noexcept;

struct BindingPolicy {
  IpBinding ip;
  int prefix_v4;  // 0..32
  int prefix_v6;  // 0..128
  FingerprintBinding fingerprint;
};

// Whether a session is refused where its binding is violated: under kLog it is not.
bool Enforces(IpBinding binding) noexcept;

// A client: its address, and the hash of its fingerprint. Plain data.
struct Client {
  Address address;
  bool has_fingerprint;
  Hash fingerprint;
};
constexpr Client kUnknownClient = {kNoAddress, false, {}};

// How a client compares with what a session is bound to.
enum class BindingCheck : std::uint8_t {
  kHolds,     // or the session is not bound, or the policy is off
  kLogged,    // violated, and the policy only logs
  kViolated,  // violated, and the policy enforces
};

// A session whose log-in gave no address (or fingerprint) is not bound to one. If it is bound, a client without one violates.
BindingCheck CheckAddress(const BindingPolicy &policy, const Address &bound, const Address &presented) noexcept;
BindingCheck CheckFingerprint(const BindingPolicy &policy, const Client &bound, const Client &presented) noexcept;

// What the access token of a session carries: the network or address that binds it, none unless the policy enforces.
std::optional<Network> BoundNetwork(const BindingPolicy &policy, const Address &bound) noexcept;
bool CarriesFingerprint(const BindingPolicy &policy, const Client &bound) noexcept;

}  // namespace jwt_auth::session
