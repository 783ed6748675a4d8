// The kind of a token: the header's `typ` (RFC 7515 section 4.1.9), and which kind is good where (RFC 8725 sections 3.11
// and 3.12).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth::jose {

// The type of an access token (RFC 9068 section 2.1) and that of any JWT (RFC 7519 section 5.1).
constexpr std::string_view kAccessTokenType = "at+jwt";
constexpr std::string_view kAnyTokenType = "JWT";

// Whether two types are the same: compared without ASCII case, and with "application/" in front or not where no other "/"
// follows (RFC 7515 section 4.1.9).
bool IsSameType(std::string_view a, std::string_view b) noexcept;

// Whether tokens can be issued for this purpose: [a-z][a-z0-9.-]{0,63}, and no name that has a meaning elsewhere, such as `at`,
// `jwt` or `logout`. Their type is `<purpose>+jwt`.
enum class PurposeCheck { kGood, kMalformed, kReserved };
PurposeCheck CheckPurpose(std::string_view purpose) noexcept;
std::string TypeOfPurpose(std::string_view purpose);

// What a caller expects of a token's type. Plain data.
struct ExpectedType {
  enum class Rule {
    kAny,          // every kind: a token that is to be refused from now on
    kAccessToken,  // at+jwt; JWT or none where `accepts_untyped`
    kUntyped,      // JWT or none
    kNamed,        // exactly `name`
    kPurpose,      // `<name>+jwt`
    kOneOf,        // one of `names`; none counts as JWT
  };
  Rule rule = Rule::kAny;
  std::string_view name;
  bool accepts_untyped = true;
  const std::vector<std::string> *names = nullptr;
};
bool IsExpectedType(const std::optional<std::string_view> &typ, const ExpectedType &expected) noexcept;

}  // namespace jwt_auth::jose
