#include "jose/jwt/claims.hpp"

#include <algorithm>
#include <limits>

#include "jose/jwt/saturating_add.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Micros kIssuedAheadTolerance = 60 * kMicrosPerSecond;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

Result<void> ReadText(const JsonValue &value, std::optional<std::string_view> &out, const char *complaint) {
  if (!value.is(JsonType::kString)) return Error{ErrorCode::kMalformed, complaint};
  out = value.text();
  return {};
}

Result<void> ReadTime(const JsonValue &value, std::optional<Micros> &out, const char *complaint) {
  if (value.is(JsonType::kNumber)) out = ParseNumericDate(value.text());
  if (!out) return Error{ErrorCode::kMalformed, complaint};
  return {};
}

Result<void> ReadAudience(const JsonValue &value, std::optional<std::vector<std::string_view>> &out) {
  out.emplace();
  if (value.is(JsonType::kString)) {
    out->push_back(value.text());
    return {};
  }
  constexpr Error kNotAnAudience{ErrorCode::kMalformed, "claim aud is neither a string nor an array of strings"};
  if (!value.is(JsonType::kArray)) return kNotAnAudience;
  for (const JsonValue element : value.elements()) {
    if (!element.is(JsonType::kString)) return kNotAnAudience;
    out->push_back(element.text());
  }
  return {};
}

Result<void> ReadMember(std::string_view name, const JsonValue &value, RegisteredClaims &out) {
  if (name == "iss") return ReadText(value, out.iss, "claim iss is not a string");
  if (name == "sub") return ReadText(value, out.sub, "claim sub is not a string");
  if (name == "jti") return ReadText(value, out.jti, "claim jti is not a string");
  if (name == "aud") return ReadAudience(value, out.aud);
  if (name == "exp") return ReadTime(value, out.exp, "claim exp is not a number in range");
  if (name == "nbf") return ReadTime(value, out.nbf, "claim nbf is not a number in range");
  if (name == "iat") return ReadTime(value, out.iat, "claim iat is not a number in range");
  return {};
}

Result<void> ReadMembers(const JsonValue &payload, RegisteredClaims &out) {
  if (!payload.is(JsonType::kObject)) return Error{ErrorCode::kMalformed, "claims are not a JSON object"};
  for (const auto &[name, value] : payload.members()) {
    // Every registered name has three letters.
    if (name.size() != 3) continue;
    if (auto read = ReadMember(name, value, out); !read) return read.error();
  }
  return {};
}

Result<void> CheckTimes(const RegisteredClaims &claims, const Expectations &expected) {
  const Micros latest = SaturatingAdd(expected.now, expected.leeway);
  if (claims.exp && expected.now >= SaturatingAdd(*claims.exp, expected.leeway)) {
    return Error{ErrorCode::kExpired, nullptr};
  }
  if (expected.from_any_time) return {};
  if (claims.nbf && *claims.nbf > latest) return Error{ErrorCode::kNotYetValid, "nbf lies ahead"};
  if (claims.iat && *claims.iat > SaturatingAdd(latest, kIssuedAheadTolerance)) {
    return Error{ErrorCode::kNotYetValid, "iat lies ahead"};
  }
  return {};
}

constexpr Error kNamesNoAudience{ErrorCode::kAudienceMismatch, "it names none"};
constexpr Error kNamesAnother{ErrorCode::kAudienceMismatch, "it names another"};

bool Holds(const std::vector<std::string> &texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

Result<void> CheckOneOfAudiences(const RegisteredClaims &claims, const std::vector<std::string> &expected) {
  if (Holds(expected, kAnyAudience)) return {};
  if (!claims.aud) return kNamesNoAudience;
  for (const std::string_view named : *claims.aud)
    if (Holds(expected, named)) return {};
  return kNamesAnother;
}

Result<void> CheckAudience(const RegisteredClaims &claims, const Expectations &expected) {
  if (expected.audiences != nullptr && !expected.audiences->empty()) return CheckOneOfAudiences(claims, *expected.audiences);
  if (!expected.audience) {
    if (!claims.aud) return {};
    return Error{ErrorCode::kAudienceMismatch, "it names an audience, and none is expected",
                 "Name the expected audience with the argument audience, or for tokens of the keyring with jwt_auth.audience; "
                 "'*' accepts any."};
  }
  if (*expected.audience == kAnyAudience) return {};
  if (!claims.aud) return kNamesNoAudience;
  const bool named = std::find(claims.aud->begin(), claims.aud->end(), *expected.audience) != claims.aud->end();
  if (!named) return kNamesAnother;
  return {};
}

}  // namespace

Result<RegisteredClaims> ReadClaims(const JsonValue &payload) {
  Result<RegisteredClaims> claims{RegisteredClaims()};
  if (const auto read = ReadMembers(payload, *claims); !read) claims = read.error();
  return claims;
}

Result<void> CheckClaims(const RegisteredClaims &claims, const Expectations &expected) {
  if (auto checked = CheckTimes(claims, expected); !checked) return checked.error();
  if (expected.issuer && claims.iss != expected.issuer) {
    return Error{ErrorCode::kIssuerMismatch, claims.iss ? nullptr : "it names none"};
  }
  if (auto checked = CheckAudience(claims, expected); !checked) return checked.error();
  if (expected.needs_exp && !claims.exp) return Error{ErrorCode::kMalformed, "claim exp is missing"};
  return {};
}

bool IsAcceptableClaim(std::string_view name, JsonType type, std::string_view text, bool all_strings) noexcept {
  if (name == "iss" || name == "sub" || name == "jti") return type == JsonType::kString;
  if (name == "aud") return type == JsonType::kString || (type == JsonType::kArray && all_strings);
  if (name == "exp" || name == "nbf" || name == "iat") return type == JsonType::kNumber && ParseNumericDate(text).has_value();
  return true;
}

std::optional<Micros> ParseNumericDate(std::string_view literal) noexcept {
  // The value is 0.d1d2d3... * 10^point, d1 being the first digit that is not zero.
  constexpr std::int64_t kExponentBound = 1'000'000'000;
  const bool negative = !literal.empty() && literal[0] == '-';
  const std::size_t digits_at = negative ? 1 : 0;
  std::size_t i = digits_at;
  std::int64_t point = 0;
  bool significant = false;
  bool behind_point = false;
  bool any_digit = false;
  for (; i < literal.size() && (IsDigit(literal[i]) || (literal[i] == '.' && !behind_point)); ++i) {
    if (literal[i] == '.') {
      behind_point = true;
      continue;
    }
    any_digit = true;
    significant = significant || literal[i] != '0';
    if (behind_point ? !significant : significant) point += behind_point ? -1 : 1;
  }
  const std::size_t digits_end = i;
  if (!any_digit) return std::nullopt;
  if (i < literal.size()) {
    if (literal[i] != 'e' && literal[i] != 'E') return std::nullopt;
    ++i;
    const bool negative_exponent = i < literal.size() && literal[i] == '-';
    if (i < literal.size() && (literal[i] == '-' || literal[i] == '+')) ++i;
    if (i == literal.size()) return std::nullopt;
    std::int64_t exponent = 0;
    for (; i < literal.size(); ++i) {
      if (!IsDigit(literal[i])) return std::nullopt;
      exponent = std::min(exponent * 10 + (literal[i] - '0'), kExponentBound);
    }
    point += negative_exponent ? -exponent : exponent;
  }
  if (!significant) return 0;

  // At most 13 digits before the point, so at most 19 with the microseconds: they fit 64 bits without a sign.
  constexpr std::int64_t kMaxIntegerDigits = 13;
  constexpr std::int64_t kFractionDigits = 6;
  if (point > kMaxIntegerDigits) return std::nullopt;
  std::uint64_t magnitude = 0;
  bool inexact = false;
  std::int64_t wanted = point + kFractionDigits;  // digits that count, from the first significant one
  bool counting = false;
  for (std::size_t d = digits_at; d < digits_end; ++d) {
    if (literal[d] == '.') continue;
    counting = counting || literal[d] != '0';
    if (!counting) continue;
    if (wanted > 0) {
      magnitude = magnitude * 10 + static_cast<std::uint64_t>(literal[d] - '0');
      --wanted;
    } else if (literal[d] != '0') {
      inexact = true;
    }
  }
  for (; wanted > 0; --wanted) magnitude *= 10;
  if (negative && inexact) ++magnitude;  // down, not towards zero

  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<Micros>::max());
  if (negative) {
    if (magnitude > kMax + 1) return std::nullopt;
    return magnitude == kMax + 1 ? std::numeric_limits<Micros>::min() : -static_cast<Micros>(magnitude);
  }
  if (magnitude > kMax) return std::nullopt;
  return static_cast<Micros>(magnitude);
}

}  // namespace jwt_auth::jose
