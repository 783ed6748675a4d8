// Names of sessions: they ascend in time, and carry the key that their user's rows are distributed on.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "jose/claims.hpp"

namespace jwt_auth::session {

using jose::Micros;
using SessionId = std::array<unsigned char, 16>;

// The first four bytes of SHA-256 over issuer, a zero byte and the user id, as PostgreSQL's integer has them: the
// distribution key of everything that belongs to a user. Our own users have the empty issuer.
std::int32_t UserKey(std::string_view issuer, std::string_view user_id);

// A UUID of version 8 (RFC 9562 section 5.8): 48 bits of milliseconds and 12 bits of their fraction, so that ids ascend in
// time, 30 random bits from `random`, and the user key in the last four bytes.
SessionId MakeSessionId(Micros now, std::int32_t user_key, const std::array<unsigned char, 4> &random);

// The user key that an id carries.
std::int32_t UserKeyOf(const SessionId &id);

// Reads and writes the usual text form, lower case with hyphens. False if `text` is not exactly that.
bool ParseSessionId(std::string_view text, SessionId &id) noexcept;
void FormatSessionId(const SessionId &id, char (&text)[37]) noexcept;

}  // namespace jwt_auth::session
