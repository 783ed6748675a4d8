#include "jose/jws/header_members.hpp"

#include <array>

namespace jwt_auth::jose {
namespace {

enum class Form { kText, kObject, kTexts };

struct Member {
  std::string_view name;
  Form form;
  const char *complaint;
};

constexpr std::array<Member, 10> kMembers{{{"alg", Form::kText, "alg of the header is not a string"},
                                           {"kid", Form::kText, "kid of the header is not a string"},
                                           {"typ", Form::kText, "typ of the header is not a string"},
                                           {"cty", Form::kText, "cty of the header is not a string"},
                                           {"jku", Form::kText, "jku of the header is not a string"},
                                           {"x5u", Form::kText, "x5u of the header is not a string"},
                                           {"x5t", Form::kText, "x5t of the header is not a string"},
                                           {"x5t#S256", Form::kText, "x5t#S256 of the header is not a string"},
                                           {"jwk", Form::kObject, "jwk of the header is not an object"},
                                           {"x5c", Form::kTexts, "x5c of the header is not an array of strings"}}};

bool Has(const JsonValue &value, Form form) {
  switch (form) {
    case Form::kText:
      return value.is(JsonType::kString);
    case Form::kObject:
      return value.is(JsonType::kObject);
    case Form::kTexts:
      return IsArrayOfStrings(value);
  }
  return false;
}

bool IsBearer(std::string_view text) {
  constexpr std::string_view kScheme = "bearer ";
  if (text.size() <= kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (c != kScheme[i]) return false;
  }
  return true;
}

}  // namespace

const char *WrongHeaderMember(std::string_view name, const JsonValue &value) {
  for (const Member &member : kMembers) {
    if (member.name == name) return Has(value, member.form) ? nullptr : member.complaint;
  }
  return nullptr;
}

std::optional<Error> WhatStandsAround(std::string_view token) {
  constexpr std::string_view kAround = " \t\r\n\"'";
  if (token.empty()) return Error{ErrorCode::kMalformed, "token is empty"};
  if (IsBearer(token)) {
    return Error{ErrorCode::kMalformed, "token has the scheme \"Bearer\" in front",
                 "Give the token alone: what follows \"Bearer \"."};
  }
  if (kAround.find(token.front()) != std::string_view::npos || kAround.find(token.back()) != std::string_view::npos)
    return Error{ErrorCode::kMalformed, "token has white space or quotes around it", "Give the token alone."};
  return std::nullopt;
}

}  // namespace jwt_auth::jose
