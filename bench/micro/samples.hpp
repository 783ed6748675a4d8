// What the benchmarks work on: one payload of usual size, keys made afresh, tokens signed with them.
#pragma once

#include <string>
#include <string_view>

#include "jose/keys/jwk.hpp"

namespace jwt_auth::bench {

// Nine claims in 238 bytes, good until 2100.
extern const std::string_view kPayload;
constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// A key for the algorithm with both its parts; ends the program with a message if there is none.
const jose::KeySet &SampleKeys(std::string_view algorithm);
// kPayload, signed with it.
const std::string &SampleToken(std::string_view algorithm);

// What verifying means wherever it is measured: all of the core that jwt_verify runs. False if the token is refused.
bool VerifyToken(std::string_view token, const jose::KeySet &keys);

// The value, or the end of the program with the reason.
template <class T>
T Expect(Result<T> result, const char *what);
[[noreturn]] void Give(const char *what, const char *why);

template <class T>
T Expect(Result<T> result, const char *what) {
  if (!result) Give(what, result.error().detail);
  return std::move(*result);
}

}  // namespace jwt_auth::bench
