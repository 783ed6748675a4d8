#include "session/session_id.hpp"

#include <string>

#include "jose/openssl.hpp"

namespace jwt_auth::session {
namespace {

constexpr std::size_t kUserKeyAt = 12;
constexpr char kHex[] = "0123456789abcdef";

std::int32_t ReadInt32(const unsigned char *bytes) {
  const std::uint32_t value = static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
                              static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]);
  return static_cast<std::int32_t>(value);
}

bool HasHyphenAt(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::int32_t UserKey(std::string_view issuer, std::string_view user_id) {
  std::string data;
  data.reserve(issuer.size() + 1 + user_id.size());
  data.append(issuer).push_back('\0');
  data.append(user_id);
  const std::string digest = jose::Sha256(data);
  return ReadInt32(reinterpret_cast<const unsigned char *>(digest.data()));
}

SessionId MakeSessionId(Micros now, std::int32_t user_key, const std::array<unsigned char, 4> &random) {
  const auto millis = static_cast<std::uint64_t>(now / 1000);
  const auto fraction = static_cast<std::uint32_t>(now % 1000 * 4096 / 1000);
  const auto key = static_cast<std::uint32_t>(user_key);
  SessionId id{};
  for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<unsigned char>(millis >> (40 - 8 * i));
  id[6] = static_cast<unsigned char>(0x80 | fraction >> 8);
  id[7] = static_cast<unsigned char>(fraction);
  id[8] = static_cast<unsigned char>(0x80 | (random[0] & 0x3F));
  for (std::size_t i = 1; i < random.size(); ++i) id[8 + i] = random[i];
  for (std::size_t i = 0; i < 4; ++i) id[kUserKeyAt + i] = static_cast<unsigned char>(key >> (24 - 8 * i));
  return id;
}

std::int32_t UserKeyOf(const SessionId &id) { return ReadInt32(id.data() + kUserKeyAt); }

bool ParseSessionId(std::string_view text, SessionId &id) noexcept {
  if (text.size() != 36) return false;
  std::size_t byte = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (HasHyphenAt(i)) {
      if (text[i++] != '-') return false;
      continue;
    }
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return false;
    id[byte++] = static_cast<unsigned char>(high << 4 | low);
    i += 2;
  }
  return true;
}

void FormatSessionId(const SessionId &id, char (&text)[37]) noexcept {
  std::size_t at = 0;
  for (const unsigned char byte : id) {
    if (HasHyphenAt(at)) text[at++] = '-';
    text[at++] = kHex[byte >> 4];
    text[at++] = kHex[byte & 15];
  }
  text[at] = '\0';
}

}  // namespace jwt_auth::session
