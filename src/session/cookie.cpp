#include "session/cookie.hpp"

#include <algorithm>

namespace jwt_auth::session {

namespace {

constexpr Error Refusal(const char *detail) { return {ErrorCode::kInvalidArgument, detail}; }

// Characters that neither end the attribute nor start another header, and that all parsers read alike.
bool IsHarmless(char c) { return c > ' ' && c < 0x7f && c != ';' && c != ',' && c != '"' && c != '\'' && c != '\\'; }
bool AllHarmless(std::string_view text) { return std::all_of(text.begin(), text.end(), IsHarmless); }

bool IsTokenCharacter(char c) { return IsHarmless(c) && std::string_view("()<>@:/[]?={}").find(c) == std::string_view::npos; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> SameSiteNamed(std::string_view text) {
  for (const std::string_view name : {"Strict", "Lax", "None"})
    if (EqualIgnoringCase(text, name)) return name;
  return std::nullopt;
}

}  // namespace

Result<std::string> SetCookie(const Cookie &cookie) {
  if (cookie.name.empty() || !std::all_of(cookie.name.begin(), cookie.name.end(), IsTokenCharacter))
    return Refusal("name is not a cookie name");
  if (cookie.value && (cookie.value->empty() || !AllHarmless(*cookie.value)))
    return Refusal("refresh_token has a character that a cookie cannot carry");
  if (cookie.path.empty() || cookie.path.front() != '/' || !AllHarmless(cookie.path))
    return Refusal("path is not a cookie path");
  if (cookie.domain && (cookie.domain->empty() || !std::all_of(cookie.domain->begin(), cookie.domain->end(), [](char c) {
                          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                                 c == '-';
                        })))
    return Refusal("domain is not a host name");
  const auto same_site = SameSiteNamed(cookie.same_site);
  if (!same_site) return Refusal("same_site is not Strict, Lax or None");
  constexpr std::string_view kHostPrefix = "__Host-";
  if (EqualIgnoringCase(cookie.name.substr(0, kHostPrefix.size()), kHostPrefix) && (cookie.domain || cookie.path != "/"))
    return Refusal("a __Host- cookie has the path / and no domain");

  std::string text(cookie.name);
  text += '=';
  text += cookie.value.value_or(std::string_view());
  text += "; Path=";
  text += cookie.path;
  if (cookie.domain) {
    text += "; Domain=";
    text += *cookie.domain;
  }
  if (cookie.persistent || !cookie.value) {
    text += "; Max-Age=";
    text += std::to_string(cookie.value ? cookie.max_age : 0);
  }
  text += "; HttpOnly; Secure; SameSite=";
  text += *same_site;
  if (cookie.partitioned) text += "; Partitioned";
  return text;
}

}  // namespace jwt_auth::session
