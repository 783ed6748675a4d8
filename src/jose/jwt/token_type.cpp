#include "jose/jwt/token_type.hpp"

#include <algorithm>

namespace jwt_auth::jose {

namespace {

constexpr std::size_t kMaxPurpose = 64;
constexpr std::string_view kMediaTypePrefix = "application/";
constexpr std::string_view kJwtSuffix = "+jwt";

// Types registered with IANA or in use with "+jwt" behind them, and what could be taken for one of our own kinds. A token for
// such a purpose would be a token of that kind to other software.
constexpr std::string_view kReservedPurposes[] = {"access",
                                                  "access-token",
                                                  "actor",
                                                  "at",
                                                  "client-authentication",
                                                  "dbsc",
                                                  "dc",
                                                  "dpop",
                                                  "entity-statement",
                                                  "explicit-registration-response",
                                                  "id",
                                                  "id-token",
                                                  "jarm",
                                                  "jose",
                                                  "jwe",
                                                  "jws",
                                                  "jwt",
                                                  "jwt-svid",
                                                  "kb",
                                                  "key-attestation",
                                                  "keyattestation",
                                                  "logout",
                                                  "oauth-authz-req",
                                                  "oauth-client-attestation",
                                                  "oauth-client-attestation-pop",
                                                  "openid4vci-proof",
                                                  "openid4vci-wallet-attestation",
                                                  "passport",
                                                  "provider-configuration-response",
                                                  "refresh",
                                                  "refresh-token",
                                                  "resolve-response",
                                                  "rt",
                                                  "sd",
                                                  "secevent",
                                                  "statuslist",
                                                  "svid",
                                                  "token",
                                                  "token-introspection",
                                                  "trust-mark",
                                                  "trust-mark-delegation",
                                                  "trust-mark-status-response",
                                                  "txntoken",
                                                  "vc",
                                                  "vc-ld",
                                                  "vp",
                                                  "vp-ld",
                                                  "wallet-attestation",
                                                  "wit",
                                                  "wpt"};

char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsSameText(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view WithoutPrefix(std::string_view type) noexcept {
  if (type.size() <= kMediaTypePrefix.size() || !IsSameText(type.substr(0, kMediaTypePrefix.size()), kMediaTypePrefix))
    return type;
  const std::string_view rest = type.substr(kMediaTypePrefix.size());
  return rest.find('/') == std::string_view::npos ? rest : type;
}

bool IsPurposeType(std::string_view type, std::string_view purpose) noexcept {
  const std::string_view bare = WithoutPrefix(type);
  return bare.size() == purpose.size() + kJwtSuffix.size() && IsSameText(bare.substr(0, purpose.size()), purpose) &&
         IsSameText(bare.substr(purpose.size()), kJwtSuffix);
}

}  // namespace

bool IsSameType(std::string_view a, std::string_view b) noexcept { return IsSameText(WithoutPrefix(a), WithoutPrefix(b)); }

PurposeCheck CheckPurpose(std::string_view purpose) noexcept {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_inner = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
  if (purpose.empty() || purpose.size() > kMaxPurpose || !is_letter(purpose.front()) ||
      !std::all_of(purpose.begin(), purpose.end(), is_inner))
    return PurposeCheck::kMalformed;
  const auto *end = std::end(kReservedPurposes);
  return std::find(std::begin(kReservedPurposes), end, purpose) == end ? PurposeCheck::kGood : PurposeCheck::kReserved;
}

std::string TypeOfPurpose(std::string_view purpose) { return std::string(purpose).append(kJwtSuffix); }

bool IsExpectedType(const std::optional<std::string_view> &typ, const ExpectedType &expected) noexcept {
  const auto is_untyped = [&typ] { return !typ || IsSameType(*typ, kAnyTokenType); };
  switch (expected.rule) {
    case ExpectedType::Rule::kAny:
      return true;
    case ExpectedType::Rule::kAccessToken:
      return is_untyped() ? expected.accepts_untyped : IsSameType(*typ, kAccessTokenType);
    case ExpectedType::Rule::kUntyped:
      return is_untyped();
    case ExpectedType::Rule::kNamed:
      return typ && IsSameType(*typ, expected.name);
    case ExpectedType::Rule::kPurpose:
      return typ && IsPurposeType(*typ, expected.name);
    case ExpectedType::Rule::kOneOf:
      return std::any_of(expected.names->begin(), expected.names->end(),
                         [&](const std::string &name) { return IsSameType(name, typ.value_or(kAnyTokenType)); });
  }
  return false;
}

}  // namespace jwt_auth::jose
