#include "jose/proof/http_url.hpp"

#include <algorithm>
#include <vector>

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsUnreserved(char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

void AppendEncoded(unsigned char byte, std::string &out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool MayStandInPath(char c) { return IsUnreserved(c) || std::string_view("!$&'()*+,;=:@/").find(c) != kNowhere; }

// One encoding for each character of a path; a percent sign that encodes nothing is encoded itself.
std::string WithOneEncoding(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && i + 2 < path.size() && HexValue(path[i + 1]) >= 0 && HexValue(path[i + 2]) >= 0) {
      const int value = HexValue(path[i + 1]) * 16 + HexValue(path[i + 2]);
      if (IsUnreserved(static_cast<char>(value))) {
        out += static_cast<char>(value);
      } else {
        AppendEncoded(static_cast<unsigned char>(value), out);
      }
      i += 2;
    } else if (MayStandInPath(path[i])) {
      out += path[i];
    } else {
      AppendEncoded(static_cast<unsigned char>(path[i]), out);
    }
  }
  return out;
}

// RFC 3986 section 5.2.4 for a path that starts with a slash.
std::string WithoutDotSegments(std::string_view path) {
  std::vector<std::string_view> segments;
  bool ends_in_directory = false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    ends_in_directory = segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!ends_in_directory) segments.push_back(segment);
  }
  std::string out;
  for (const std::string_view segment : segments) out.append("/").append(segment);
  if (ends_in_directory || out.empty()) out += '/';
  return out;
}

// A registered name or an IPv4 address (no percent-encoding: a host that needs it is written in another way in HTTP).
bool IsHostName(std::string_view host) { return !host.empty() && std::all_of(host.begin(), host.end(), IsUnreserved); }
bool IsAddressLiteral(std::string_view host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         std::all_of(host.begin() + 1, host.end() - 1, [](char c) { return HexValue(c) >= 0 || c == ':' || c == '.'; });
}

struct Parts {
  std::string origin;
  std::string_view path;
  bool has_more;  // a query or a fragment
};

std::optional<Parts> Split(std::string_view url) {
  if (url.size() > kMaxUrlSize) return std::nullopt;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == kNowhere) return std::nullopt;
  Parts parts;
  for (const char c : url.substr(0, scheme_end)) parts.origin += Lower(c);
  const bool secure = parts.origin == "https";
  if (!secure && parts.origin != "http") return std::nullopt;
  parts.origin += "://";

  std::string_view rest = url.substr(scheme_end + 3);
  const std::size_t end = std::min(rest.find_first_of("?#"), rest.size());
  parts.has_more = end < rest.size();
  rest = rest.substr(0, end);
  const std::size_t path_at = std::min(rest.find('/'), rest.size());
  parts.path = rest.substr(path_at);

  std::string_view host = rest.substr(0, path_at);
  std::string_view port;
  if (const std::size_t colon = host.rfind(':'); colon != kNowhere && host.find(']', colon) == kNowhere) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (!IsHostName(host) && !IsAddressLiteral(host)) return std::nullopt;
  for (const char c : host) parts.origin += Lower(c);

  if (port.size() > 5 || !std::all_of(port.begin(), port.end(), IsDigit)) return std::nullopt;
  int number = 0;
  for (const char c : port) number = number * 10 + (c - '0');
  if (number > 65535) return std::nullopt;
  if (!port.empty() && number != (secure ? 443 : 80)) parts.origin.append(":").append(std::to_string(number));
  return parts;
}

}  // namespace

std::optional<std::string> NormalizedHttpUrl(std::string_view url) {
  const auto parts = Split(url);
  if (!parts) return std::nullopt;
  if (parts->path.empty()) return parts->origin + "/";
  return parts->origin + WithoutDotSegments(WithOneEncoding(parts->path));
}

std::optional<std::string> NormalizedOrigin(std::string_view url) {
  const auto parts = Split(url);
  if (!parts || parts->has_more || (!parts->path.empty() && parts->path != "/")) return std::nullopt;
  return parts->origin;
}

}  // namespace jwt_auth::jose
