// URLs that name the same resource have one spelling (RFC 3986 sections 6.2.2 and 6.2.3).
#include <gtest/gtest.h>

#include <string>

#include "jose/proof/http_url.hpp"

namespace jwt_auth::jose {
namespace {

std::string Normalized(std::string_view url) { return NormalizedHttpUrl(url).value_or("none"); }

struct Spelling {
  std::string_view url;
  std::string_view normalized;
};

TEST(HttpUrl, HasOneSpelling) {
  constexpr Spelling kSpellings[] = {
      {"https://a.example/b", "https://a.example/b"},
      {"HTTPS://A.Example/B", "https://a.example/B"},
      {"https://a.example", "https://a.example/"},
      {"https://a.example/", "https://a.example/"},
      {"https://a.example:443/b", "https://a.example/b"},
      {"https://a.example:0443/b", "https://a.example/b"},
      {"https://a.example:/b", "https://a.example/b"},
      {"http://a.example:80/b", "http://a.example/b"},
      {"http://a.example:443/b", "http://a.example:443/b"},
      {"https://a.example:80/b", "https://a.example:80/b"},
      {"https://a.example:8443", "https://a.example:8443/"},
      {"https://a.example:0/", "https://a.example:0/"},
      {"https://[2001:DB8::1]:443/b", "https://[2001:db8::1]/b"},
      {"https://[::1]:8443/b", "https://[::1]:8443/b"},
      {"https://192.0.2.1/b", "https://192.0.2.1/b"},
      {"https://a.example/b?c=d", "https://a.example/b"},
      {"https://a.example/b#c", "https://a.example/b"},
      {"https://a.example?c", "https://a.example/"},
      {"https://a.example#c", "https://a.example/"},
      {"https://a.example/b#c?d", "https://a.example/b"},
      {"https://a.example/%7eb/%7Ec", "https://a.example/~b/~c"},
      {"https://a.example/%62", "https://a.example/b"},
      {"https://a.example/%2fb", "https://a.example/%2Fb"},
      {"https://a.example/%c3%a4", "https://a.example/%C3%A4"},
      {"https://a.example/\xc3\xa4", "https://a.example/%C3%A4"},
      {"https://a.example/b c\"<>\\^`{|}", "https://a.example/b%20c%22%3C%3E%5C%5E%60%7B%7C%7D"},
      {"https://a.example/b%zz%2", "https://a.example/b%25zz%252"},
      {"https://a.example/!$&'()*+,;=:@", "https://a.example/!$&'()*+,;=:@"},
      {"https://a.example/b/./c/../d", "https://a.example/b/d"},
      {"https://a.example/../../b", "https://a.example/b"},
      {"https://a.example/b/..", "https://a.example/"},
      {"https://a.example/b/.", "https://a.example/b/"},
      {"https://a.example/b/%2e%2E/c", "https://a.example/c"},
      {"https://a.example/b//c", "https://a.example/b//c"},
      {"https://a.example/b/", "https://a.example/b/"},
      {"https://a.example/...", "https://a.example/..."},
  };
  for (const auto &[url, normalized] : kSpellings) {
    EXPECT_EQ(Normalized(url), normalized) << url;
    EXPECT_EQ(Normalized(normalized), normalized) << "again: " << url;
  }
}

TEST(HttpUrl, OfAnotherResourceIsAnother) {
  const std::string url = Normalized("https://a.example/b");
  for (const std::string_view other :
       {"http://a.example/b", "https://b.example/b", "https://a.example./b", "https://a.example/B", "https://a.example/b/",
        "https://a.example/b%20", "https://a.example:444/b", "https://a.example/%42", "https://a.example/b%2F"}) {
    EXPECT_NE(Normalized(other), "none") << other;
    EXPECT_NE(Normalized(other), url) << other;
  }
}

TEST(HttpUrl, WithoutSchemeHostOrSenseIsNone) {
  for (const std::string_view url : {"",
                                     "/",
                                     "/b",
                                     "a.example/b",
                                     "//a.example/b",
                                     "https:a.example",
                                     "https:/a.example",
                                     "ftp://a.example/b",
                                     "javascript://a.example/b",
                                     "https://",
                                     "https:///b",
                                     "https://?b",
                                     "https://:443/b",
                                     "https://user@a.example/",
                                     "https://user:pass@a.example/",
                                     "https://a.example:99999/",
                                     "https://a.example:443443/",
                                     "https://a.example:x/",
                                     "https://a.example:-1/",
                                     "https://a b/",
                                     "https://a%2eexample/",
                                     "https://\xc3\xa4.example/",
                                     "https://[::1/",
                                     "https://[]/",
                                     "https://[g::1]/",
                                     "https://a\\b/",
                                     " https://a.example/",
                                     "https://a.example\n/",
                                     "https://a:b:1/"}) {
    EXPECT_EQ(Normalized(url), "none") << url;
  }
  EXPECT_EQ(Normalized(std::string_view("https://a\0.example/", 19)), "none");
  EXPECT_NE(Normalized("https://a.example/" + std::string(kMaxUrlSize - 18, 'b')), "none");
  EXPECT_EQ(Normalized("https://a.example/" + std::string(kMaxUrlSize - 17, 'b')), "none");
}

TEST(HttpOrigin, IsSchemeHostAndPortAlone) {
  EXPECT_EQ(NormalizedOrigin("HTTPS://API.example.com:443"), "https://api.example.com");
  EXPECT_EQ(NormalizedOrigin("https://api.example.com/"), "https://api.example.com");
  EXPECT_EQ(NormalizedOrigin("http://localhost:3000"), "http://localhost:3000");
  for (const std::string_view url : {"https://a.example/b", "https://a.example//", "https://a.example/?b", "https://a.example?",
                                     "https://a.example#", "a.example", ""}) {
    EXPECT_EQ(NormalizedOrigin(url), std::nullopt) << url;
  }
}

}  // namespace
}  // namespace jwt_auth::jose
