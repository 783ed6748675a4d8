// Session ids: UUIDs that ascend in time and name the shard of their user.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "jose/jwt/claims.hpp"

namespace jwt_auth::session {

using jose::kMicrosPerSecond;
using jose::Micros;

// The 16 bytes of a UUID, version 8 (RFC 9562 section 5.8):
//   48 bits  milliseconds since 1970, big-endian
//    4 bits  version, 8
//   12 bits  the millisecond's fraction, in 4096ths
//    2 bits  variant
//   30 bits  random
//   32 bits  the user key
// Ids ascend with their time, so inserts stay at the right edge of an index, and the row's key can be read from the id alone.
using SessionId = std::array<unsigned char, 16>;
using UserKey = std::int32_t;

// The first four bytes, big-endian, of SHA-256 over issuer || 0x00 || user id. The ring's own issuer is the empty string.
UserKey UserKeyOf(std::string_view issuer, std::string_view user_id);

// A user id without the trailing blanks (U+0020 only) that char(n) pads with.
std::string_view WithoutPadding(std::string_view user_id) noexcept;

// `time` must not lie before 1970; four bytes of `random` are used (two bits of them are not).
SessionId MakeSessionId(Micros time, UserKey user_key, const std::array<unsigned char, 4> &random) noexcept;

// The user key in an id. Every 16 bytes have one; where no session has that id, no row is found.
UserKey UserKeyIn(const SessionId &id) noexcept;

// The time in an id, to the millisecond's 4096th.
Micros TimeIn(const SessionId &id) noexcept;

// The usual text form, lower case with hyphens: the claim `sid`. Parsing accepts exactly that form.
std::string FormatSessionId(const SessionId &id);
bool ParseSessionId(std::string_view text, SessionId &id) noexcept;

// The smallest id whose time is later than `time`: sessions created up to then sort before it. For kNever, the
// greatest id.
SessionId FirstIdAfter(Micros time) noexcept;

}  // namespace jwt_auth::session
