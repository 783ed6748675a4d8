#include "session/binding.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace jwt_auth::session {

namespace {

constexpr std::array<unsigned char, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

int PrefixFor(const BindingPolicy &policy, const Address &address) noexcept {
  if (policy.ip != IpBinding::kSubnet) return address.bits();
  return address.family == Address::Family::kV4 ? policy.prefix_v4 : policy.prefix_v6;
}

}  // namespace

Address MakeAddress(Address::Family family, const unsigned char *bytes) noexcept {
  Address address = kNoAddress;
  address.family = family;
  if (family == Address::Family::kV6 && std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes)) {
    address.family = Address::Family::kV4;
    bytes += kMappedPrefix.size();
  }
  if (address.known()) std::copy_n(bytes, address.bits() / 8, address.bytes.begin());
  return address;
}

bool SameAddress(const Address &a, const Address &b) noexcept { return a.family == b.family && a.bytes == b.bytes; }

Network NetworkOf(const Address &address, int prefix) noexcept {
  Network network = {address, std::clamp(prefix, 0, address.bits())};
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(network.prefix - 8 * i, 0, 8);
    network.address.bytes[i] &= static_cast<unsigned char>(0xFF00 >> kept);
  }
  return network;
}

bool Contains(const Network &network, const Address &address) noexcept {
  return address.known() && address.family == network.address.family &&
         NetworkOf(address, network.prefix).address.bytes == network.address.bytes;
}

std::string FormatNetwork(const Network &network) {
  char text[INET6_ADDRSTRLEN];
  const int family = network.address.family == Address::Family::kV4 ? AF_INET : AF_INET6;
  if (inet_ntop(family, network.address.bytes.data(), text, sizeof text) == nullptr) return {};
  std::string formatted = text;
  if (network.prefix < network.address.bits()) formatted += '/' + std::to_string(network.prefix);
  return formatted;
}

std::optional<Network> ParseNetwork(std::string_view text) noexcept {
  int prefix = -1;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    if (digits.empty() || digits.size() > 3) return std::nullopt;
    prefix = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return std::nullopt;
      prefix = prefix * 10 + (c - '0');
    }
    text = text.substr(0, slash);
  }
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated);
  terminated[text.size()] = '\0';
  std::array<unsigned char, 16> bytes{};
  Address::Family family = Address::Family::kV4;
  if (inet_pton(AF_INET, terminated, bytes.data()) != 1) {
    if (inet_pton(AF_INET6, terminated, bytes.data()) != 1) return std::nullopt;
    family = Address::Family::kV6;
  }
  const int written_bits = family == Address::Family::kV4 ? 32 : 128;
  if (prefix > written_bits) return std::nullopt;
  const Address address = MakeAddress(family, bytes.data());
  if (prefix < 0) {
    prefix = address.bits();
  } else if (address.bits() != written_bits) {
    // A mapped network shorter than the mapping itself holds more than IPv4 addresses.
    if (prefix < written_bits - address.bits()) return std::nullopt;
    prefix -= written_bits - address.bits();
  }
  return NetworkOf(address, prefix);
}

std::optional<IpBinding> IpBindingNamed(std::string_view name) noexcept {
  for (const IpBinding binding : kIpBindings) {
    if (name == NameOf(binding)) return binding;
  }
  return std::nullopt;
}

std::optional<FingerprintBinding> FingerprintBindingNamed(std::string_view name) noexcept {
  for (const FingerprintBinding binding : kFingerprintBindings) {
    if (name == NameOf(binding)) return binding;
  }
  return std::nullopt;
}

const char *NameOf(IpBinding binding) noexcept {
  switch (binding) {
    case IpBinding::kOff:
      return "off";
    case IpBinding::kLog:
      return "log";
    case IpBinding::kSubnet:
      return "subnet";
    case IpBinding::kExact:
      return "exact";
  }
  return "";
}

const char *NameOf(FingerprintBinding binding) noexcept {
  switch (binding) {
    case FingerprintBinding::kOff:
      return "off";
    case FingerprintBinding::kLog:
      return "log";
    case FingerprintBinding::kExact:
      return "exact";
  }
  return "";
}

bool Enforces(IpBinding binding) noexcept { return binding == IpBinding::kSubnet || binding == IpBinding::kExact; }

BindingCheck CheckAddress(const BindingPolicy &policy, const Address &bound, const Address &presented) noexcept {
  if (policy.ip == IpBinding::kOff || !bound.known()) return BindingCheck::kHolds;
  if (Contains(NetworkOf(bound, PrefixFor(policy, bound)), presented)) return BindingCheck::kHolds;
  return policy.ip == IpBinding::kLog ? BindingCheck::kLogged : BindingCheck::kViolated;
}

BindingCheck CheckFingerprint(const BindingPolicy &policy, const Client &bound, const Client &presented) noexcept {
  if (policy.fingerprint == FingerprintBinding::kOff || !bound.has_fingerprint) return BindingCheck::kHolds;
  if (presented.has_fingerprint && SameHash(bound.fingerprint, presented.fingerprint)) return BindingCheck::kHolds;
  return policy.fingerprint == FingerprintBinding::kLog ? BindingCheck::kLogged : BindingCheck::kViolated;
}

std::optional<Network> BoundNetwork(const BindingPolicy &policy, const Address &bound) noexcept {
  if (!bound.known() || !Enforces(policy.ip)) return std::nullopt;
  return NetworkOf(bound, PrefixFor(policy, bound));
}

bool CarriesFingerprint(const BindingPolicy &policy, const Client &bound) noexcept {
  return bound.has_fingerprint && policy.fingerprint == FingerprintBinding::kExact;
}

}  // namespace jwt_auth::session
