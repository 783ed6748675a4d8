// The Set-Cookie value that carries a refresh token (RFC 6265 section 4.1, RFC 6265bis for SameSite and the name prefixes,
// CHIPS for Partitioned).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jose/result.hpp"

namespace jwt_auth::session {

struct Cookie {
  std::string_view name;
  std::optional<std::string_view> value;  // none: the cookie is deleted
  std::string_view path;
  std::int64_t max_age;  // seconds; not looked at where there is no value, nor where it is not persistent
  std::string_view same_site;
  std::optional<std::string_view> domain;
  bool persistent = true;    // false: until the browser is closed
  bool partitioned = false;  // one for each site that embeds ours
};

// Always HttpOnly and Secure. kInvalidArgument, naming the part: a name that is no token (RFC 7230), a value, path or domain
// with a control character, blank, quote, comma, semicolon, backslash or a byte that is not ASCII, a path that does not start
// with '/', a same_site other than Strict, Lax or None, or what browsers refuse: a name of __Host- with a domain or a path
// other than '/'. (A name of __Secure- asks for Secure, which each of them is.)
Result<std::string> SetCookie(const Cookie &cookie);

}  // namespace jwt_auth::session
