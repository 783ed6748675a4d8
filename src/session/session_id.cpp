#include "session/session_id.hpp"

#include <limits>
#include <string>

#include "jose/crypto/openssl.hpp"

namespace jwt_auth::session {

namespace {

constexpr Micros kMicrosPerMilli = 1000;

void PutTime(Micros time, SessionId &id) noexcept {
  const auto millis = static_cast<std::uint64_t>(time / kMicrosPerMilli);
  const auto fraction = static_cast<std::uint64_t>(time % kMicrosPerMilli) * 4096 / kMicrosPerMilli;
  for (int i = 0; i < 6; ++i) id[i] = static_cast<unsigned char>(millis >> (8 * (5 - i)));
  id[6] = static_cast<unsigned char>(0x80 | (fraction >> 8));
  id[7] = static_cast<unsigned char>(fraction);
}

}  // namespace

UserKey UserKeyOf(std::string_view issuer, std::string_view user_id) {
  std::string input;
  input.reserve(issuer.size() + 1 + user_id.size());
  input.append(issuer).push_back('\0');
  input.append(user_id);
  const std::string digest = jose::Sha256(input);
  std::uint32_t key = 0;
  for (int i = 0; i < 4; ++i) key = key << 8 | static_cast<unsigned char>(digest[i]);
  return static_cast<UserKey>(key);
}

std::string_view WithoutPadding(std::string_view user_id) noexcept {
  return user_id.substr(0, user_id.find_last_not_of(' ') + 1);
}

SessionId MakeSessionId(Micros time, UserKey user_key, const std::array<unsigned char, 4> &random) noexcept {
  SessionId id;
  PutTime(time, id);
  id[8] = static_cast<unsigned char>(0x80 | (random[0] & 0x3F));
  id[9] = random[1];
  id[10] = random[2];
  id[11] = random[3];
  const auto key = static_cast<std::uint32_t>(user_key);
  for (int i = 0; i < 4; ++i) id[12 + i] = static_cast<unsigned char>(key >> (8 * (3 - i)));
  return id;
}

UserKey UserKeyIn(const SessionId &id) noexcept {
  std::uint32_t key = 0;
  for (int i = 0; i < 4; ++i) key = key << 8 | id[12 + i];
  return static_cast<UserKey>(key);
}

Micros TimeIn(const SessionId &id) noexcept {
  Micros millis = 0;
  for (int i = 0; i < 6; ++i) millis = millis << 8 | id[i];
  const Micros fraction = (id[6] & 0x0F) << 8 | id[7];
  return millis * kMicrosPerMilli + fraction * kMicrosPerMilli / 4096;
}

SessionId FirstIdAfter(Micros time) noexcept {
  SessionId id{};
  if (time == std::numeric_limits<Micros>::max())
    id.fill(0xFF);
  else
    PutTime(time + 1, id);
  return id;
}

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// Hyphens stand before these bytes.
bool FollowsHyphen(std::size_t byte) noexcept { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

}  // namespace

std::string FormatSessionId(const SessionId &id) {
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (FollowsHyphen(i)) text += '-';
    text += kHexDigits[id[i] >> 4];
    text += kHexDigits[id[i] & 15];
  }
  return text;
}

bool ParseSessionId(std::string_view text, SessionId &id) noexcept {
  if (text.size() != 36) return false;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (FollowsHyphen(i) && text[at++] != '-') return false;
    const std::size_t high = kHexDigits.find(text[at++]);
    const std::size_t low = kHexDigits.find(text[at++]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    id[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return true;
}

}  // namespace jwt_auth::session
