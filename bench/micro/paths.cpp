// The hot paths of the core, each a fixed number of times, for a tool that counts instructions. Every path is a function of
// its own that nothing is inlined into, so that its cost can be found by its name.
#include <cstdio>

#include "jose/json/base64url.hpp"
#include "jose/jws/jws.hpp"
#include "jose/jwt/claims.hpp"
#include "jose/keys/key_cache.hpp"
#include "samples.hpp"
#include "session/refresh_token.hpp"

namespace jose = jwt_auth::jose;
namespace session = jwt_auth::session;
namespace bench = jwt_auth::bench;

#define PATH extern "C" __attribute__((noinline, used))

PATH bool path_base64url_encode() { return !jose::EncodeBase64Url(bench::kPayload).empty(); }

PATH bool path_base64url_decode(const std::string &text) { return static_cast<bool>(jose::DecodeBase64Url(text)); }

PATH bool path_json_payload() { return static_cast<bool>(jose::ParseJsonObject(bench::kPayload)); }

PATH bool path_json_difficult() {
  return static_cast<bool>(jose::ParseJsonObject(R"({"name":"J\u00fcrgen","ratio":0.25,"list":[1,2,{"a":null}]})"));
}

PATH bool path_key_lookup(jose::KeyCache &cache) {
  return static_cast<bool>(cache.Get(jose::KeyCache::Kind::kText, bench::kSecret));
}

PATH bool path_sign(const char *algorithm) {
  jose::SignOptions options;
  options.alg_name = algorithm;
  options.typ = "JWT";
  return static_cast<bool>(jose::SignJws(bench::kPayload, bench::SampleKeys(algorithm), options));
}

PATH bool path_verify(const std::string &token) { return bench::VerifyToken(token, bench::SampleKeys("HS256")); }

PATH bool path_verify_refused(const std::string &token) { return !bench::VerifyToken(token, bench::SampleKeys("HS256")); }

PATH bool path_refresh_token(const std::string &text) {
  const auto token = session::RefreshToken::Decode(text);
  if (!token) return false;
  const session::RefreshTokenHashes presented = token->Hashes();
  const session::Nonce nonce{};
  return !token->Successor(presented.generation + 1, nonce, {}).Encode().empty();
}

int main() {
  constexpr int kTimes = 1000;
  const std::string encoded = jose::EncodeBase64Url(bench::kPayload);
  const std::string token = bench::SampleToken("HS256");
  const std::string refused = token.substr(0, token.size() - 4) + "AAAA";
  const auto first = session::RefreshToken::First({}, std::string(session::kFreshSecretSize, 'x')).Encode();
  const std::string refresh_token(jose::AsText(first));
  jose::KeyCache cache;
  bool good = true;
  for (int i = 0; i < kTimes; ++i) {
    good = path_base64url_encode() && good;
    good = path_base64url_decode(encoded) && good;
    good = path_json_payload() && good;
    good = path_json_difficult() && good;
    good = path_key_lookup(cache) && good;
    good = path_sign("HS256") && good;
    good = path_verify(token) && good;
    good = path_verify_refused(refused) && good;
    good = path_refresh_token(refresh_token) && good;
  }
  if (!good) std::fputs("a path went wrong\n", stderr);
  return good ? 0 : 1;
}
