// Claims: types are never overlooked, times are exact, and a token that is accepted is one that the rules accept.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fuzz.hpp"
#include "jose/jwt/claims.hpp"

using namespace jwt_auth;
using fuzz::Require;
using jose::JsonType;
using jose::JsonValue;
using jose::Micros;

namespace {

// Against the processor's 64-bit mantissa: no farther off than what that can't hold.
void CheckTime(std::string_view literal) {
  const auto exact = jose::ParseNumericDate(literal);
  const long double value = std::strtold(std::string(literal).c_str(), nullptr) * 1e6L;
  constexpr long double kRange = 9.2e18L;
  if (!exact) {
    Require(!(std::fabs(value) < kRange), "a time in range is read");
    return;
  }
  const long double off = value - static_cast<long double>(*exact);
  const long double blur = 2 + std::fabs(value) * 0x1p-60L;
  Require(off > -blur && off < blur, "a time is read as what it says");
}

bool AllStrings(const JsonValue &value) {
  bool all = value.is(JsonType::kArray);
  for (const JsonValue element : value.elements()) all = all && element.is(JsonType::kString);
  return all;
}

bool AllAcceptable(const JsonValue &payload) {
  bool acceptable = true;
  for (const auto &[name, value] : payload.members()) {
    if (value.is(JsonType::kNumber)) CheckTime(value.text());
    acceptable = acceptable && jose::IsAcceptableClaim(name, value.type(), value.text(), AllStrings(value));
  }
  return acceptable;
}

bool IsMeantFor(const jose::RegisteredClaims &claims, std::string_view audience) {
  return audience == "*" || (claims.aud && std::count(claims.aud->begin(), claims.aud->end(), audience) > 0);
}

// In 128 bits nothing wraps around.
bool Holds(const jose::RegisteredClaims &claims, const jose::Expectations &expected) {
  const __int128 now = expected.now;
  const __int128 leeway = expected.leeway;
  if (claims.exp ? now >= *claims.exp + leeway : expected.needs_exp) return false;
  if (!expected.from_any_time) {
    if (claims.nbf && *claims.nbf > now + leeway) return false;
    if (claims.iat && *claims.iat > now + leeway + 60 * jose::kMicrosPerSecond) return false;
  }
  if (expected.issuer && claims.iss != expected.issuer) return false;
  if (expected.audiences != nullptr && !expected.audiences->empty())
    return std::any_of(expected.audiences->begin(), expected.audiences->end(),
                       [&](std::string_view audience) { return IsMeantFor(claims, audience); });
  return expected.audience ? IsMeantFor(claims, *expected.audience) : !claims.aud;
}

// A list of audiences, with commas between them.
std::vector<std::string> Listed(std::string_view text) {
  std::vector<std::string> list;
  for (std::size_t start = 0, end = 0; end < text.size(); start = end + 1) {
    end = std::min(text.find(',', start), text.size());
    list.emplace_back(text.substr(start, end - start));
  }
  return list;
}

// What CheckClaims may refuse claims for.
bool IsDocumented(const Result<void> &refused, const jose::Expectations &expected) {
  return fuzz::IsOneOf(refused, {ErrorCode::kExpired, ErrorCode::kNotYetValid, ErrorCode::kIssuerMismatch,
                                 ErrorCode::kAudienceMismatch}) ||
         (expected.needs_exp && refused.error().code == ErrorCode::kMalformed);
}

}  // namespace

FUZZ_TARGET(input) {
  const std::size_t choices = input.Byte();
  const Micros now = static_cast<Micros>(input.Number()) * static_cast<Micros>(input.Number()) * jose::kMicrosPerSecond;
  const std::string_view issuer = input.Text();
  const std::string_view audience = input.Text();
  const auto payload = jose::ParseJson(input.Rest());
  if (!payload) return;
  const auto claims = jose::ReadClaims(payload->root());
  if (!payload->root().is(JsonType::kObject)) {
    Require(!claims, "claims are an object");
    return;
  }
  Require(static_cast<bool>(claims) == AllAcceptable(payload->root()), "signing and verifying ask for the same types");
  if (!claims) {
    Require(claims.error().code == ErrorCode::kMalformed, "refusals are those documented");
    return;
  }
  for (const char *name : {"iss", "sub", "jti"}) {
    const auto member = payload->root().Find(name);
    const auto &read = name[0] == 'i' ? claims->iss : name[0] == 's' ? claims->sub : claims->jti;
    Require(member.has_value() == read.has_value() && (!read || *read == member->text()), "claims are read as they are");
  }
  jose::Expectations expected;
  expected.now = now;
  constexpr Micros kLeeways[] = {0, 1, jose::kMicrosPerSecond, 86400 * jose::kMicrosPerSecond};
  expected.leeway = kLeeways[choices & 3];
  if (choices & 4) expected.issuer = issuer;
  if (choices & 8) expected.audience = audience;
  const std::vector<std::string> audiences = Listed(audience);
  if (choices & 16) expected.audiences = &audiences;
  expected.from_any_time = (choices & 32) != 0;
  expected.needs_exp = (choices & 64) != 0;
  const auto checked = jose::CheckClaims(*claims, expected);
  Require(static_cast<bool>(checked) == Holds(*claims, expected), "what is accepted is what the rules accept");
  Require(checked || IsDocumented(checked, expected), "refusals are those documented");
}
