#include "jose/json/base64url.hpp"

#include <array>
#include <cstdint>

namespace jwt_auth::jose {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint32_t kInvalid = 0xFF000000U;
using DecodeTable = std::array<std::uint32_t, 256>;

// The value of each character, moved to where it belongs in a group of four: one OR joins a group, and one AND tells
// whether any of the four was foreign.
constexpr DecodeTable MakeTable(unsigned shift) {
  DecodeTable table{};
  for (auto &entry : table) entry = kInvalid;
  for (std::uint32_t value = 0; value < 64; ++value) table[static_cast<unsigned char>(kAlphabet[value])] = value << shift;
  return table;
}
constexpr DecodeTable kFirst = MakeTable(18);
constexpr DecodeTable kSecond = MakeTable(12);
constexpr DecodeTable kThird = MakeTable(6);
constexpr DecodeTable kFourth = MakeTable(0);

template <class Bytes>
void AppendEncoded(std::string_view bytes, Bytes &out) {
  const auto *in = reinterpret_cast<const unsigned char *>(bytes.data());
  const std::size_t size = bytes.size();
  std::size_t o = out.size();
  out.resize(o + Base64UrlLength(size));
  std::size_t i = 0;
  for (; i + 3 <= size; i += 3) {
    const std::uint32_t group = std::uint32_t{in[i]} << 16 | std::uint32_t{in[i + 1]} << 8 | in[i + 2];
    out[o++] = kAlphabet[group >> 18];
    out[o++] = kAlphabet[group >> 12 & 63];
    out[o++] = kAlphabet[group >> 6 & 63];
    out[o++] = kAlphabet[group & 63];
  }
  if (size - i == 1) {
    out[o++] = kAlphabet[in[i] >> 2];
    out[o++] = kAlphabet[(in[i] & 3) << 4];
  } else if (size - i == 2) {
    out[o++] = kAlphabet[in[i] >> 2];
    out[o++] = kAlphabet[(in[i] & 3) << 4 | in[i + 1] >> 4];
    out[o++] = kAlphabet[(in[i + 1] & 15) << 2];
  }
}

constexpr Error kForeignCharacter{ErrorCode::kMalformed, "not base64url"};

template <class Bytes>
Result<void> AppendDecoded(std::string_view text, Bytes &out) {
  const auto *in = reinterpret_cast<const unsigned char *>(text.data());
  const std::size_t size = text.size();
  const std::size_t rest = size % 4;
  if (rest == 1) return Error{ErrorCode::kMalformed, "not base64url: impossible length"};
  std::size_t o = out.size();
  out.resize(o + size / 4 * 3 + (rest == 0 ? 0 : rest - 1));
  using Byte = typename Bytes::value_type;
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    const std::uint32_t group = kFirst[in[i]] | kSecond[in[i + 1]] | kThird[in[i + 2]] | kFourth[in[i + 3]];
    if ((group & kInvalid) != 0) return kForeignCharacter;
    out[o++] = static_cast<Byte>(group >> 16);
    out[o++] = static_cast<Byte>(group >> 8);
    out[o++] = static_cast<Byte>(group);
  }
  if (rest != 0) {
    const std::uint32_t group = kFirst[in[i]] | kSecond[in[i + 1]] | (rest == 3 ? kThird[in[i + 2]] : 0);
    if ((group & kInvalid) != 0) return kForeignCharacter;
    if ((group & (rest == 3 ? 0xFFU : 0xFFFFU)) != 0) {
      return Error{ErrorCode::kMalformed, "not base64url: stray bits in the last character"};
    }
    out[o++] = static_cast<Byte>(group >> 16);
    if (rest == 3) out[o++] = static_cast<Byte>(group >> 8);
  }
  return {};
}

}  // namespace

void AppendBase64Url(std::string_view bytes, std::string &out) { AppendEncoded(bytes, out); }
void AppendBase64Url(std::string_view bytes, SecretBytes &out) { AppendEncoded(bytes, out); }

std::string EncodeBase64Url(std::string_view bytes) {
  std::string out;
  AppendEncoded(bytes, out);
  return out;
}

Result<void> AppendDecodedBase64Url(std::string_view text, std::string &out) { return AppendDecoded(text, out); }
Result<void> AppendDecodedBase64Url(std::string_view text, SecretBytes &out) { return AppendDecoded(text, out); }

Result<std::string> DecodeBase64Url(std::string_view text) {
  std::string out;
  if (auto decoded = AppendDecoded(text, out); !decoded) return decoded.error();
  return out;
}

}  // namespace jwt_auth::jose
