// Whatever is refused is refused in time that grows with its size and no faster.
#include <algorithm>
#include <ctime>
#include <functional>

#include "jose/jwe/jwe.hpp"
#include "jose/jwt/claims.hpp"
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

using Refusal = std::function<bool(std::size_t size)>;

double Seconds(const Refusal &refuse, std::size_t size) {
  const std::clock_t start = std::clock();
  EXPECT_TRUE(refuse(size));
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

std::string Many(std::string_view text, std::size_t size) {
  std::string out;
  while (out.size() < size) out += text;
  return out;
}

std::string NamesIn(std::size_t size) {
  std::string members;
  for (std::size_t i = 0; members.size() < size; ++i) members += "\"n" + std::to_string(i * 7919 % 1000003) + "\":1,";
  return members;
}

bool IsRefusedAsJws(const std::string &token) { return !VerifiedPayload(token, Keys(kSecret)); }
bool IsRefusedAsJwe(const std::string &token) { return !UnverifiedJwe::Parse(token); }
bool IsRefusedWithHeader(const std::string &header) {
  return IsRefusedAsJws(EncodeBase64Url(header) + ".e30.AAAA") && IsRefusedAsJwe(EncodeBase64Url(header) + "....");
}
bool AreRefusedAsClaims(const std::string &payload) {
  const auto document = ParseJson(payload);
  return !document || !ReadClaims(document->root());
}

class Proportion : public testing::TestWithParam<std::pair<const char *, Refusal>> {};

TEST_P(Proportion, ARefusalTakesTimeInProportionToItsSize) {
  // 32 times the size: 32 times the time, and room for a busy machine; comparing all pairs would take 1024 times as long. It is
  // processor time, the best of three or, where that is too much, of as many as ten: what is slow by chance is not slow each
  // time. What takes less than half a millisecond counts as that: shorter times are noise.
  constexpr std::size_t kSize = 32768;
  double little = 1e9;
  double much = 1e9;
  const auto bound = [&] { return 256 * std::max(little, 0.0005); };
  for (int round = 1; round <= 3 || (round <= 10 && much >= bound()); ++round) {
    little = std::min(little, Seconds(GetParam().second, kSize));
    much = std::min(much, Seconds(GetParam().second, 32 * kSize));
  }
  EXPECT_LT(much, bound());
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, Proportion,
    testing::Values(
        std::make_pair("dots", [](std::size_t n) { return IsRefusedAsJws(Many(".", n)) && IsRefusedAsJwe(Many(".", n)); }),
        std::make_pair("noise",
                       [](std::size_t n) { return IsRefusedAsJws(Many("Ab9_", n) + ".e30.") && IsRefusedAsJws(Many("A", n)); }),
        std::make_pair("signature",
                       [](std::size_t n) { return IsRefusedAsJws("eyJhbGciOiJIUzI1NiJ9.e30." + Many("AAAA", n)); }),
        std::make_pair("payload",
                       [](std::size_t n) { return IsRefusedAsJws("eyJhbGciOiJIUzI1NiJ9." + Many("AAAA", n) + ".AAAA"); }),
        std::make_pair("brackets", [](std::size_t n) { return IsRefusedWithHeader(Many("[", n)); }),
        std::make_pair("names", [](std::size_t n) { return IsRefusedWithHeader("{" + NamesIn(n) + "\"n7919\":1}"); }),
        std::make_pair("escapes", [](std::size_t n) { return IsRefusedWithHeader("{\"x\":\"" + Many("\\u00e9", n) + "\"}"); }),
        std::make_pair("digits", [](std::size_t n) { return IsRefusedWithHeader("{\"x\":" + Many("9", n) + "}"); }),
        std::make_pair("times",
                       [](std::size_t n) {
                         return AreRefusedAsClaims("{\"exp\":" + Many("9", std::min<std::size_t>(n, 131072)) + "}");
                       }),
        std::make_pair("audiences", [](std::size_t n) { return AreRefusedAsClaims("{\"aud\":[" + Many("\"a\",", n) + "1]}"); }),
        std::make_pair("kids",
                       [](std::size_t n) {
                         return IsRefusedAsJws(EncodeBase64Url(R"({"alg":"HS256","kid":")" + Many("k", n) + "\"}") +
                                               ".e30.AAAA");
                       }),
        std::make_pair("keys", [](std::size_t n) { return !ParseKeys("{\"keys\":[" + Many("{},", n) + "{}]}"); }),
        std::make_pair("names_of_a_key", [](std::size_t n) { return !ParseKeys("{" + NamesIn(n) + "\"kty\":\"x\"}"); }),
        std::make_pair("blanks", [](std::size_t n) { return !ParseKeys(Many(" ", n) + "{"); }),
        std::make_pair("numbers",
                       [](std::size_t n) { return !ParseKeys(R"({"kty":"RSA","e":"AQAB","n":")" + Many("_", n) + "\"}"); }),
        std::make_pair("armour", [](std::size_t n) { return !ParseKeys("-----BEGIN PUBLIC KEY-----" + Many("\nAAAA", n)); })),
    [](const auto &one) { return std::string(one.param.first); });

}  // namespace
}  // namespace jwt_auth::jose
