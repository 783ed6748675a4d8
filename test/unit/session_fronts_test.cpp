// What stands between HTTP and the database: the Authorization header, the client's address behind proxies, the cookie.
#include <gtest/gtest.h>

#include <string>

#include "session/bearer.hpp"
#include "session/client_address.hpp"
#include "session/cookie.hpp"

namespace jwt_auth::session {
namespace {

std::string Bearer(std::string_view header) {
  const auto token = BearerToken(header);
  if (!token) return token.error().code == ErrorCode::kMalformed ? "malformed" : "other error";
  return *token ? std::string(**token) : "none";
}

TEST(Bearer, IsReadInAnyCaseAndWithBlanksAround) {
  EXPECT_EQ(Bearer("Bearer a.b-c_d~e+f/g="), "a.b-c_d~e+f/g=");
  EXPECT_EQ(Bearer("bEARER \t a"), "a");
  EXPECT_EQ(Bearer("  Bearer a  "), "a");
}

TEST(Bearer, OtherSchemesAndNothingAreNobody) {
  for (const std::string_view header : {"", "  ", "Basic YTpi", "Bearers a", "Bear er", "a", "DPoP a", "Bearer:a", ","})
    EXPECT_EQ(Bearer(header), "none") << header;
}

TEST(Bearer, WithoutExactlyOneTokenIsMalformed) {
  for (const std::string_view header : {"Bearer", "Bearer ", "bearer \t", "Bearer a b", "Bearer a,b", "Bearer \"a\"",
                                        "Bearer a\r\nx: y", "Bearer \xc3\xa4", "Bearer a;b"})
    EXPECT_EQ(Bearer(header), "malformed") << header;
  EXPECT_EQ(Bearer(std::string_view("Bearer a\0b", 10)), "malformed");
}

TEST(Bearer, HasTheCharactersOfToken68) {
  // RFC 9110 section 11.2, and = anywhere.
  const std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
  for (int byte = 0; byte < 256; byte++) {
    const std::string token = std::string("a") + static_cast<char>(byte) + "b";
    const bool is_allowed = allowed.find(static_cast<char>(byte)) != std::string_view::npos;
    EXPECT_EQ(Bearer("Bearer " + token), is_allowed ? token : "malformed") << byte;
  }
}

std::string Forwarded(std::string_view header, int hops = 1) {
  const Address client = ForwardedClient(header, hops);
  return client.known() ? FormatNetwork({client, client.bits()}) : "unknown";
}

TEST(ForwardedClient, IsCountedFromTheRight) {
  EXPECT_EQ(Forwarded("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Forwarded("198.51.100.1, 192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Forwarded("198.51.100.1,192.0.2.1", 2), "198.51.100.1");
  EXPECT_EQ(Forwarded("forged, 198.51.100.1 , 192.0.2.1", 2), "198.51.100.1");
  EXPECT_EQ(Forwarded("192.0.2.1", 2), "unknown");
  EXPECT_EQ(Forwarded("192.0.2.1,", 1), "unknown");
  EXPECT_EQ(Forwarded("192.0.2.1,", 2), "192.0.2.1");
  EXPECT_EQ(Forwarded(std::string(100000, ','), 100), "unknown");
}

TEST(ForwardedClient, MayHaveAPort) {
  EXPECT_EQ(Forwarded("192.0.2.1:65535"), "192.0.2.1");
  EXPECT_EQ(Forwarded("192.0.2.1:09890"), "192.0.2.1");
  EXPECT_EQ(Forwarded("[2001:db8::1]:443"), "2001:db8::1");
  EXPECT_EQ(Forwarded("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(Forwarded("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(Forwarded("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Forwarded("[::ffff:192.0.2.1]:1"), "192.0.2.1");
}

TEST(ForwardedClient, IsUnknownForAnythingElse) {
  for (const std::string_view header : {"",
                                        " ",
                                        "unknown",
                                        "_hidden",
                                        "192.0.2",
                                        "192.0.2.256",
                                        "192.0.2.1:",
                                        "192.0.2.1:65536",
                                        "192.0.2.1:000080",
                                        "192.0.2.1:-1",
                                        "192.0.2.1:x",
                                        "192.0.2.1/24",
                                        "[192.0.2.1]",
                                        "[2001:db8::1",
                                        "2001:db8::1]",
                                        "[2001:db8::1]443",
                                        "[2001:db8::1]:",
                                        "[]",
                                        "[:]",
                                        "fe80::1%eth0",
                                        "\"192.0.2.1\"",
                                        "192.0.2.1 192.0.2.2",
                                        "for=192.0.2.1",
                                        ":",
                                        "::1:",
                                        ":443"})
    EXPECT_EQ(Forwarded(header), "unknown") << header;
  EXPECT_EQ(Forwarded(std::string_view("192.0.2.1\0", 10)), "unknown");
  EXPECT_EQ(Forwarded(std::string(5000, '1')), "unknown");
}

Cookie Plain() { return {"refresh_token", "abc", "/", 60, "Strict", std::nullopt}; }
std::string Set(const Cookie &cookie) {
  const auto text = SetCookie(cookie);
  if (!text) return text.error().code == ErrorCode::kInvalidArgument ? "refused" : "other error";
  return *text;
}

TEST(SetCookie, IsAlwaysHttpOnlyAndSecure) {
  EXPECT_EQ(Set(Plain()), "refresh_token=abc; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Strict");
  EXPECT_EQ(Set({"a", "b", "/c/d", 0, "lax", "example.org"}),
            "a=b; Path=/c/d; Domain=example.org; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
  EXPECT_EQ(Set({"a", "b", "/", 0, "LAX", std::nullopt}), "a=b; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
}

TEST(SetCookie, WithoutAValueForgets) {
  Cookie cookie = Plain();
  cookie.value = std::nullopt;
  EXPECT_EQ(Set(cookie), "refresh_token=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
}

TEST(SetCookie, UntilTheBrowserIsClosedHasNoMaxAge) {
  Cookie cookie = Plain();
  cookie.persistent = false;
  EXPECT_EQ(Set(cookie), "refresh_token=abc; Path=/; HttpOnly; Secure; SameSite=Strict");
  cookie.value = std::nullopt;
  EXPECT_EQ(Set(cookie), "refresh_token=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
}

TEST(SetCookie, PartitionedIsSaidWhenItIsSetAndWhenItIsCleared) {
  Cookie cookie = Plain();
  cookie.partitioned = true;
  cookie.same_site = "none";
  EXPECT_EQ(Set(cookie), "refresh_token=abc; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=None; Partitioned");
  cookie.value = std::nullopt;
  EXPECT_EQ(Set(cookie), "refresh_token=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned");
}

TEST(SetCookie, RefusesEveryByteThatCouldEndAnAttribute) {
  for (int byte = 0; byte < 256; byte++) {
    const auto c = static_cast<char>(byte);
    const bool harmful = byte <= ' ' || byte >= 0x7f || std::string_view(";,\"'\\").find(c) != std::string_view::npos;
    const std::string text = std::string("a") + c + "b";
    Cookie cookie = Plain();
    cookie.value = text;
    EXPECT_EQ(Set(cookie) == "refused", harmful) << byte;
    const std::string path = "/" + text;
    cookie = Plain();
    cookie.path = path;
    EXPECT_EQ(Set(cookie) == "refused", harmful) << byte;
    cookie = Plain();
    cookie.name = text;
    EXPECT_EQ(Set(cookie) == "refused", harmful || std::string_view("()<>@:/[]?={}").find(c) != std::string_view::npos) << byte;
    cookie = Plain();
    cookie.domain = text;
    EXPECT_EQ(Set(cookie) == "refused", !(isalnum(byte) != 0 && byte < 0x80) && c != '.' && c != '-') << byte;
    cookie = Plain();
    cookie.same_site = text;
    EXPECT_EQ(Set(cookie), "refused") << byte;
  }
}

TEST(SetCookie, RefusesWhatIsNoCookie) {
  const auto with = [](auto change) {
    Cookie cookie = Plain();
    change(cookie);
    return Set(cookie);
  };
  EXPECT_EQ(with([](Cookie &c) { c.name = ""; }), "refused");
  EXPECT_EQ(with([](Cookie &c) { c.value = ""; }), "refused");
  EXPECT_EQ(with([](Cookie &c) { c.path = ""; }), "refused");
  EXPECT_EQ(with([](Cookie &c) { c.path = "auth"; }), "refused");
  EXPECT_EQ(with([](Cookie &c) { c.domain = ""; }), "refused");
  EXPECT_EQ(with([](Cookie &c) { c.same_site = ""; }), "refused");
}

TEST(SetCookie, HostCookiesHaveTheRootPathAndNoDomain) {
  EXPECT_EQ(Set({"__Host-a", "b", "/", 1, "Strict", std::nullopt}),
            "__Host-a=b; Path=/; Max-Age=1; HttpOnly; Secure; SameSite=Strict");
  EXPECT_EQ(Set({"__Host-a", "b", "/c", 1, "Strict", std::nullopt}), "refused");
  EXPECT_EQ(Set({"__hOST-a", "b", "/", 1, "Strict", "example.org"}), "refused");
  EXPECT_EQ(Set({"__Host-a", std::nullopt, "/c", 0, "Strict", std::nullopt}), "refused");
  EXPECT_EQ(Set({"__Secure-a", "b", "/c", 1, "Strict", "example.org"}),
            "__Secure-a=b; Path=/c; Domain=example.org; Max-Age=1; HttpOnly; Secure; SameSite=Strict");
}

}  // namespace
}  // namespace jwt_auth::session
