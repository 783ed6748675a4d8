// Refresh tokens: read, hashed, and their successor derived.
#include <benchmark/benchmark.h>

#include "samples.hpp"
#include "session/refresh_token.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::bench {
namespace {

std::string SampleRefreshToken() {
  const auto token = session::RefreshToken::First({}, std::string(session::kFreshSecretSize, 'x'));
  return std::string(jose::AsText(token.Encode()));
}

void Present(benchmark::State &state) {
  const std::string text = SampleRefreshToken();
  for (auto _ : state) benchmark::DoNotOptimize(session::RefreshToken::Decode(text)->Hashes());
}
BENCHMARK(Present)->Name("core/refresh token read and hashed");

void Succeed(benchmark::State &state) {
  const auto token = session::RefreshToken::Decode(SampleRefreshToken());
  const session::Nonce nonce{};
  for (auto _ : state) benchmark::DoNotOptimize(token->Successor(1, nonce, {}).Encode());
}
BENCHMARK(Succeed)->Name("core/refresh token's successor");

void UserKey(benchmark::State &state) {
  for (auto _ : state) benchmark::DoNotOptimize(session::UserKeyOf("", "6f1d3c0e-6f0a-4b5e-9d2a-0d5a4a9b7c11"));
}
BENCHMARK(UserKey)->Name("core/user key");

}  // namespace
}  // namespace jwt_auth::bench
