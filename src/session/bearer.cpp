#include "session/bearer.hpp"

#include <algorithm>

namespace jwt_auth::session {

namespace {

constexpr std::string_view kScheme = "bearer";

bool IsBearer(std::string_view scheme) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(scheme.begin(), scheme.end(), kScheme.begin(), kScheme.end(),
                    [&](char a, char b) { return lower(a) == b; });
}

bool IsTokenCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

}  // namespace

Result<std::optional<std::string_view>> BearerToken(std::string_view authorization) {
  constexpr std::string_view kBlanks = " \t";
  const auto start = authorization.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return std::optional<std::string_view>();
  authorization = authorization.substr(start, authorization.find_last_not_of(kBlanks) - start + 1);
  const std::string_view scheme = authorization.substr(0, authorization.find_first_of(kBlanks));
  if (!IsBearer(scheme)) return std::optional<std::string_view>();
  std::string_view token = authorization.substr(scheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(kBlanks), token.size()));
  if (token.empty()) return Error{ErrorCode::kMalformed, "the Bearer header holds no token"};
  if (!std::all_of(token.begin(), token.end(), IsTokenCharacter))
    return Error{ErrorCode::kMalformed, "the Bearer header does not hold one token"};
  return std::optional<std::string_view>(token);
}

}  // namespace jwt_auth::session
