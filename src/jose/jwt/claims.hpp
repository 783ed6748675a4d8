// The registered claims (RFC 7519 section 4.1) and what is asked of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jose/json/json.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// Microseconds since 1970-01-01 UTC.
using Micros = std::int64_t;
constexpr Micros kMicrosPerSecond = 1000000;

// The registered claims of a payload, their types checked. Views point into the document.
struct RegisteredClaims {
  std::optional<std::string_view> iss, sub, jti;
  std::optional<std::vector<std::string_view>> aud;
  std::optional<Micros> exp, nbf, iat;  // fractions are kept to the microsecond (exp, rounded down)
};

// kMalformed if a registered claim has the wrong type (null is one) or a time lies outside what a 64-bit count of
// microseconds holds. `payload` must be an object.
Result<RegisteredClaims> ReadClaims(const JsonValue &payload);

struct Expectations {
  std::optional<std::string_view> issuer;
  std::optional<std::string_view> audience;  // kAnyAudience waives; none: a token with an aud is refused
  // In the place of `audience`, if not null and not empty: one of them, or kAnyAudience.
  const std::vector<std::string> *audiences = nullptr;
  Micros leeway = 0;
  Micros now = 0;
  bool from_any_time = false;  // nbf and iat may lie ahead
  bool needs_exp = false;
};
constexpr std::string_view kAnyAudience = "*";

// In this order: kExpired (now >= exp + leeway), kNotYetValid (nbf > now + leeway; iat > now + 60 s + leeway),
// kIssuerMismatch, kAudienceMismatch, kMalformed (no exp where it is needed).
Result<void> CheckClaims(const RegisteredClaims &claims, const Expectations &expected);

// The type check of one member at signing, for callers that walk their own representation. Plain data, no allocation.
// `text` is a number's literal; `all_strings` tells whether an array holds nothing but strings. True if acceptable.
bool IsAcceptableClaim(std::string_view name, JsonType type, std::string_view text, bool all_strings) noexcept;

// Reads a JSON number as a NumericDate exactly, rounding down to the microsecond; none if out of range.
std::optional<Micros> ParseNumericDate(std::string_view literal) noexcept;

}  // namespace jwt_auth::jose
