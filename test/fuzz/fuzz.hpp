// What the fuzz targets share. A target reads choices from its input and then text; whatever breaks a promise of the core's
// headers is a find, beside what the sanitizers notice.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "jose/json/base64url.hpp"
#include "jose/json/json.hpp"
#include "jose/jws/jws.hpp"
#include "jose/keys/jwk.hpp"
#include "vectors.hpp"

namespace jwt_auth::fuzz {

inline void Require(bool holds, const char *promise) {
  if (holds) return;
  std::fprintf(stderr, "\nbroken promise: %s\n", promise);
  std::abort();
}

// The input, used up from its start.
class Input {
 public:
  Input(const std::uint8_t *data, std::size_t size) : rest_(reinterpret_cast<const char *>(data), size) {}

  // One of `count` choices; the first where nothing is left.
  std::size_t Choice(std::size_t count) { return Byte() % count; }
  unsigned char Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::size_t Number() {
    const std::size_t high = Byte();
    return high << 8 | Byte();
  }
  // Up to a NUL byte, which no text that is accepted holds.
  std::string_view Text() {
    const std::size_t end = std::min(rest_.find('\0'), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return text;
  }
  std::string_view Rest() { return std::exchange(rest_, {}); }

 private:
  std::string_view rest_;
};

// The token with another of its characters in one place; the same token where that character was there.
inline std::string Altered(std::string token, std::size_t where, unsigned char what) {
  token[where % token.size()] = static_cast<char>(what);
  return token;
}

template <class T>
bool IsOneOf(const Result<T> &result, std::initializer_list<ErrorCode> codes) {
  for (const ErrorCode code : codes) {
    if (result.error().code == code) return true;
  }
  return false;
}

inline jose::KeySet KeysOf(std::string_view text, jose::KeyPurpose purpose) {
  auto keys = jose::ParseKeys(text, purpose);
  Require(static_cast<bool>(keys), "a key of the test vectors is usable");
  return std::move(*keys);
}

inline std::string OctJwk(std::size_t size, std::string_view members = "") {
  std::string secret;
  for (std::size_t i = 0; i < size; ++i) secret += static_cast<char>('A' + i);
  return R"({"kty":"oct","k":")" + jose::EncodeBase64Url(secret) + "\"" + std::string(members) + "}";
}

}  // namespace jwt_auth::fuzz

#define FUZZ_TARGET(input)                                                            \
  static void Fuzz(jwt_auth::fuzz::Input input);                                      \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) { \
    Fuzz({data, size});                                                               \
    return 0;                                                                         \
  }                                                                                   \
  static void Fuzz(jwt_auth::fuzz::Input input)
