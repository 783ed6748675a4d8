// Addresses, networks and what binds a session to them.
#include "session/binding.hpp"

#include <gtest/gtest.h>

namespace jwt_auth::session {
namespace {

Address Parse(const char *text) {
  const auto network = ParseNetwork(text);
  EXPECT_TRUE(network) << text;
  return network ? network->address : kNoAddress;
}

BindingPolicy Policy(IpBinding ip, int v4 = 24, int v6 = 64) { return {ip, v4, v6, FingerprintBinding::kOff}; }

TEST(Binding, AddressesUnderEachPolicy) {
  struct Row {
    const char *bound, *presented;  // null: absent
    bool same_subnet, same_address;
  };
  const Row rows[] = {
      {"192.0.2.7", "192.0.2.7", true, true},
      {"192.0.2.7", "192.0.2.8", true, false},
      {"192.0.2.7", "192.0.3.7", false, false},
      {"192.0.2.7", "::ffff:192.0.2.7", true, true},
      {"::ffff:192.0.2.7", "192.0.2.7", true, true},
      {"::ffff:192.0.2.7", "::ffff:192.0.2.99", true, false},
      {"192.0.2.7", "2001:db8::7", false, false},
      {"2001:db8::7", "2001:db8::7", true, true},
      {"2001:db8::7", "2001:db8::ffff:0:0:8", true, false},
      {"2001:db8::7", "2001:db8:0:1::7", false, false},
      {"2001:db8::7", "192.0.2.7", false, false},
      {"::c000:207", "192.0.2.7", false, false},  // not a mapped address
      {"192.0.2.7", nullptr, false, false},
      {"2001:db8::7", nullptr, false, false},
      {nullptr, "192.0.2.7", true, true},
      {nullptr, nullptr, true, true},
  };
  for (const Row &row : rows) {
    const Address bound = row.bound != nullptr ? Parse(row.bound) : kNoAddress;
    const Address presented = row.presented != nullptr ? Parse(row.presented) : kNoAddress;
    const auto check = [&](IpBinding ip) { return CheckAddress(Policy(ip), bound, presented); };
    SCOPED_TRACE(std::string(row.bound != nullptr ? row.bound : "-") + " " + (row.presented != nullptr ? row.presented : "-"));
    EXPECT_EQ(check(IpBinding::kOff), BindingCheck::kHolds);
    EXPECT_EQ(check(IpBinding::kLog), row.same_address ? BindingCheck::kHolds : BindingCheck::kLogged);
    EXPECT_EQ(check(IpBinding::kSubnet), row.same_subnet ? BindingCheck::kHolds : BindingCheck::kViolated);
    EXPECT_EQ(check(IpBinding::kExact), row.same_address ? BindingCheck::kHolds : BindingCheck::kViolated);
  }
}

TEST(Binding, PrefixesOfEveryLength) {
  const Address v4 = Parse("255.255.255.255");
  const Address v6 = Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  for (const Address &address : {v4, v6}) {
    for (int differing = 0; differing < address.bits(); ++differing) {
      Address other = address;
      other.bytes[differing / 8] ^= static_cast<unsigned char>(0x80 >> differing % 8);
      for (int prefix = 0; prefix <= address.bits(); ++prefix) {
        const auto check = CheckAddress(Policy(IpBinding::kSubnet, prefix, prefix), address, other);
        ASSERT_EQ(check, differing >= prefix ? BindingCheck::kHolds : BindingCheck::kViolated) << prefix << " " << differing;
      }
    }
  }
}

TEST(Binding, ClaimNamesTheNetworkOrTheAddress) {
  struct Row {
    IpBinding ip;
    const char *bound, *claim;
  };
  for (const Row &row : {Row{IpBinding::kSubnet, "192.0.2.7", "192.0.2.0/24"}, Row{IpBinding::kExact, "192.0.2.7", "192.0.2.7"},
                         Row{IpBinding::kSubnet, "::ffff:192.0.2.7", "192.0.2.0/24"},
                         Row{IpBinding::kSubnet, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
                         Row{IpBinding::kExact, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"}}) {
    const auto network = BoundNetwork(Policy(row.ip), Parse(row.bound));
    ASSERT_TRUE(network);
    EXPECT_EQ(FormatNetwork(*network), row.claim);
    const auto parsed = ParseNetwork(row.claim);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(Contains(*parsed, Parse(row.bound)));
    EXPECT_EQ(FormatNetwork(*parsed), row.claim);
  }
  EXPECT_FALSE(BoundNetwork(Policy(IpBinding::kOff), Parse("192.0.2.7")));
  EXPECT_FALSE(BoundNetwork(Policy(IpBinding::kLog), Parse("192.0.2.7"))) << "nothing enforces it, so no request may fail";
  EXPECT_FALSE(BoundNetwork(Policy(IpBinding::kExact), kNoAddress));
}

TEST(Binding, ParsesNoHalfAddresses) {
  for (const char *text : {"", "192.0.2", "192.0.2.256", "192.0.2.7/", "192.0.2.7/33", "192.0.2.7/x", "192.0.2.7/0024",
                           "::1/129", "2001:db8::7::", "localhost", " 192.0.2.7", "192.0.2.7 ", "192.0.2.7:80", "[::1]",
                           "fe80::1%eth0", "::ffff:192.0.2.7/80", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"})
    EXPECT_FALSE(ParseNetwork(text)) << text;
  EXPECT_FALSE(ParseNetwork(std::string_view("192.0.2.7\0", 10)));
  EXPECT_FALSE(ParseNetwork("0000:0000:0000:0000:0000:0000:255.255.255.255.")) << "one character longer than any address";
  for (const char *prefix : {"/:", "/.", "/1 ", "/ 1", "/+1", "/-1", "/1a", "/a1", "/1/1"})
    EXPECT_FALSE(ParseNetwork(std::string("192.0.2.7") + prefix)) << prefix;
}

TEST(Binding, ParsesEveryPrefix) {
  struct Row {
    const char *text, *network;
  };
  for (const Row &row : {Row{"192.0.2.7/0", "0.0.0.0/0"}, Row{"192.0.2.7/32", "192.0.2.7"}, Row{"192.0.2.7/19", "192.0.0.0/19"},
                         Row{"192.0.2.7/024", "192.0.2.0/24"}, Row{"2001:db8::7/0", "::/0"},
                         Row{"2001:db8::7/128", "2001:db8::7"}, Row{"::ffff:192.0.2.7/120", "192.0.2.0/24"},
                         Row{"::ffff:192.0.2.7/128", "192.0.2.7"}, Row{"::ffff:192.0.2.7/96", "0.0.0.0/0"}}) {
    const auto network = ParseNetwork(row.text);
    ASSERT_TRUE(network) << row.text;
    EXPECT_EQ(FormatNetwork(*network), row.network) << row.text;
  }
}

TEST(Binding, NamesComeBack) {
  for (const char *name : {"off", "log", "subnet", "exact"}) {
    ASSERT_TRUE(IpBindingNamed(name));
    EXPECT_STREQ(NameOf(*IpBindingNamed(name)), name);
  }
  for (const char *name : {"off", "log", "exact"}) {
    ASSERT_TRUE(FingerprintBindingNamed(name));
    EXPECT_STREQ(NameOf(*FingerprintBindingNamed(name)), name);
  }
  EXPECT_FALSE(IpBindingNamed("OFF"));
  EXPECT_FALSE(IpBindingNamed(""));
  EXPECT_FALSE(FingerprintBindingNamed("subnet"));
}

TEST(Binding, FingerprintIsCarriedOnlyWhereItIsEnforced) {
  const Client with = {kNoAddress, true, {}};
  for (const auto &[binding, carried] : {std::pair(FingerprintBinding::kOff, false), std::pair(FingerprintBinding::kLog, false),
                                         std::pair(FingerprintBinding::kExact, true)}) {
    const BindingPolicy policy = {IpBinding::kOff, 24, 64, binding};
    EXPECT_EQ(CarriesFingerprint(policy, with), carried);
    EXPECT_FALSE(CarriesFingerprint(policy, kUnknownClient));
  }
}

}  // namespace
}  // namespace jwt_auth::session
