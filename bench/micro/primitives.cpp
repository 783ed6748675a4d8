// The parts of a token: base64url, JSON, header, claims, the look-up of a key argument.
#include <benchmark/benchmark.h>

#include "jose/json/base64url.hpp"
#include "jose/jwt/claims.hpp"
#include "jose/jws/jws.hpp"
#include "jose/keys/key_cache.hpp"
#include "samples.hpp"

namespace jwt_auth::bench {
namespace {

void EncodeBase64Url(benchmark::State &state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    jose::AppendBase64Url(kPayload, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(EncodeBase64Url)->Name("core/base64url encode");

void DecodeBase64Url(benchmark::State &state) {
  const std::string text = jose::EncodeBase64Url(kPayload);
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(jose::AppendDecodedBase64Url(text, out));
  }
}
BENCHMARK(DecodeBase64Url)->Name("core/base64url decode");

void ParsePayload(benchmark::State &state) {
  for (auto _ : state) benchmark::DoNotOptimize(jose::ParseJsonObject(kPayload));
}
BENCHMARK(ParsePayload)->Name("core/JSON payload");

void ParseToken(benchmark::State &state) {
  const std::string &token = SampleToken("HS256");
  for (auto _ : state) benchmark::DoNotOptimize(jose::UnverifiedJws::Parse(token));
}
BENCHMARK(ParseToken)->Name("core/token parts and header");

void CheckClaims(benchmark::State &state) {
  const auto payload = Expect(jose::ParseJsonObject(kPayload), "payload");
  jose::Expectations expected;
  expected.audience = "api.example.com";
  expected.now = jose::Micros{1800000000} * jose::kMicrosPerSecond;
  for (auto _ : state) {
    const auto claims = jose::ReadClaims(payload.root());
    benchmark::DoNotOptimize(jose::CheckClaims(*claims, expected));
  }
}
BENCHMARK(CheckClaims)->Name("core/claims read and checked");

void FindKey(benchmark::State &state) {
  jose::KeyCache cache;
  for (auto _ : state) benchmark::DoNotOptimize(cache.Get(jose::KeyCache::Kind::kText, kSecret));
}
BENCHMARK(FindKey)->Name("core/key argument look-up");

}  // namespace
}  // namespace jwt_auth::bench
