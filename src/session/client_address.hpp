// The client's address as a proxy reports it.
#pragma once

#include <string_view>

#include "session/binding.hpp"

namespace jwt_auth::session {

// The address in a header such as X-Forwarded-For: the entry `hops` from the right (1 is the last, which the nearest proxy
// appended), without its port ("192.0.2.1:443", "[2001:db8::1]:443"). Unknown if there are fewer entries or that one is no
// single address: the entries further left were written by the client and prove nothing.
Address ForwardedClient(std::string_view header, int hops) noexcept;

}  // namespace jwt_auth::session
