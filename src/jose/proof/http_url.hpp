// URLs of HTTP requests, in one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth::jose {

constexpr std::size_t kMaxUrlSize = 8192;

// The URL without query and fragment, normalised after RFC 3986 sections 6.2.2 and 6.2.3: scheme and host in lower case, no
// default port, an empty path is "/", dot segments are removed, a percent-encoded unreserved character stands for itself and
// other encodings are written in upper case. A byte of the path that no URL may hold is percent-encoded, as browsers do. So two
// URLs that name the same resource have one spelling. None for anything but an absolute http or https URL with a host, without
// user information and of at most kMaxUrlSize bytes.
std::optional<std::string> NormalizedHttpUrl(std::string_view url);

// The same for an origin: scheme, host and port alone, as in "https://api.example.com". None if a path other than "/", a query
// or a fragment follows.
std::optional<std::string> NormalizedOrigin(std::string_view url);

}  // namespace jwt_auth::jose
