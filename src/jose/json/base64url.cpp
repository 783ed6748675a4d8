#include "jose/json/base64url.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "jose/crypto/verdict.hpp"

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

// The same for secrets: no branch and no address depends on the text. A table would show in the processor's cache which of its
// entries were read. Eight characters at a time, one in each byte of a word, the first in the highest.

using Word = std::uint64_t;

// The byte in each of a word's eight.
constexpr Word Each(unsigned char byte) { return 0x0101010101010101U * byte; }
constexpr Word kHighBits = Each(0x80);

// 1 in each byte that is `least` or more, else 0. Each byte is below 128.
constexpr Word AtLeast(Word word, unsigned char least) { return (((word | kHighBits) - Each(least)) & kHighBits) >> 7; }

// Eight characters as 48 bits; `foreign` gets bits that are not 0 if one is not of the alphabet.
constexpr Word JoinCharacters(Word text, Word &foreign) {
  foreign |= text & kHighBits;
  text &= ~kHighBits;
  const Word hyphen = AtLeast(text, '-') & ~AtLeast(text, '-' + 1);
  const Word digit = AtLeast(text, '0') & ~AtLeast(text, '9' + 1);
  const Word upper = AtLeast(text, 'A') & ~AtLeast(text, 'Z' + 1);
  const Word underscore = AtLeast(text, '_') & ~AtLeast(text, '_' + 1);
  const Word lower = AtLeast(text, 'a') & ~AtLeast(text, 'z' + 1);
  foreign |= Each(1) & ~(hyphen | digit | upper | underscore | lower);
  // What leads from the character to its value, modulo 64.
  text +=
      hyphen * (62 - '-') + digit * (52 - '0') + upper * (128 - 'A') + underscore * (64 + 63 - '_') + lower * (128 + 26 - 'a');
  text &= Each(63);
  text = (text & 0x3F003F003F003F00U) >> 2 | (text & 0x003F003F003F003FU);
  text = (text & 0x0FFF00000FFF0000U) >> 4 | (text & 0x00000FFF00000FFFU);
  return (text >> 8 & 0x0000FFFFFF000000U) | (text & 0x0000000000FFFFFFU);
}

// The reverse: 48 bits as eight characters.
constexpr Word SplitIntoCharacters(Word bits) {
  bits = (bits & 0x0000FFFFFF000000U) << 8 | (bits & 0x0000000000FFFFFFU);
  bits = (bits & 0x00FFF00000FFF000U) << 4 | (bits & 0x00000FFF00000FFFU);
  bits = (bits & 0x0FC00FC00FC00FC0U) << 2 | (bits & 0x003F003F003F003FU);
  const Word lower = AtLeast(bits, 26);
  const Word digit = AtLeast(bits, 52);
  const Word hyphen = AtLeast(bits, 62);
  const Word underscore = AtLeast(bits, 63);
  // Each range follows the one before with a leap in the alphabet; no byte leaves 0 to 255 on the way.
  return bits + Each('A') + lower * ('a' - 'Z' - 1) + underscore * ('_' - '-' - 1) - digit * ('z' + 1 - '0') -
         hyphen * ('9' + 1 - '-');
}

constexpr bool AgreesWithAlphabet() {
  for (Word c = 0; c < 256; ++c) {
    Word foreign = 0;
    const Word value = JoinCharacters(c << 56 | (Each('A') >> 8), foreign) >> 42;
    if ((foreign != 0) != (kFourth[c] == kInvalid) || (foreign == 0 && value != kFourth[c])) return false;
  }
  for (Word value = 0; value < 64; ++value) {
    if (SplitIntoCharacters(value << 42) >> 56 != static_cast<unsigned char>(kAlphabet[value])) return false;
  }
  return true;
}
static_assert(AgreesWithAlphabet());

constexpr std::size_t kWordCharacters = 8;
constexpr std::size_t kWordBytes = 6;

inline Word BigEndian(Word word) { return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(word) : word; }
// `size` bytes and zeros behind them as a number of `of` bytes, and the reverse.
inline Word Load(const unsigned char *bytes, std::size_t size, std::size_t of) {
  Word word = 0;
  if (size != 0) std::memcpy(&word, bytes, size);
  return BigEndian(word) >> (8 * (sizeof(Word) - of));
}
inline void Store(Word word, std::size_t size, std::size_t of, unsigned char *bytes) {
  word = BigEndian(word << (8 * (sizeof(Word) - of)));
  if (size != 0) std::memcpy(bytes, &word, size);
}

void AppendEncodedSecret(std::string_view bytes, SecretBytes &out) {
  const auto *in = reinterpret_cast<const unsigned char *>(bytes.data());
  std::size_t left = bytes.size();
  const std::size_t before = out.size();
  out.resize(before + Base64UrlLength(left));
  unsigned char *to = out.data() + before;
  for (; left >= kWordBytes; left -= kWordBytes, in += kWordBytes, to += kWordCharacters)
    Store(SplitIntoCharacters(Load(in, kWordBytes, kWordBytes)), kWordCharacters, kWordCharacters, to);
  Store(SplitIntoCharacters(Load(in, left, kWordBytes)), Base64UrlLength(left), kWordCharacters, to);
}

Result<void> AppendDecodedSecret(std::string_view text, SecretBytes &out) {
  const auto *in = reinterpret_cast<const unsigned char *>(text.data());
  std::size_t left = text.size();
  if (left % 4 == 1) return Error{ErrorCode::kMalformed, "not base64url: impossible length"};
  const std::size_t before = out.size();
  out.resize(before + left / 4 * 3 + (left % 4 == 0 ? 0 : left % 4 - 1));
  unsigned char *to = out.data() + before;
  Word foreign = 0;
  for (; left >= kWordCharacters; left -= kWordCharacters, in += kWordCharacters, to += kWordBytes)
    Store(JoinCharacters(Load(in, kWordCharacters, kWordCharacters), foreign), kWordBytes, kWordBytes, to);
  // What is missing of the last eight reads as zeros.
  const Word rest = Load(in, left, kWordCharacters) | Each('A') >> (8 * left);
  const std::size_t size = left * 6 / 8;
  const Word bits = left == 0 ? 0 : JoinCharacters(rest, foreign);
  Store(bits, size, kWordBytes, to);
  if (Verdict(foreign) != 0) return kForeignCharacter;
  if (Verdict(bits & ((Word{1} << (48 - 8 * size)) - 1)) != 0) {
    return Error{ErrorCode::kMalformed, "not base64url: stray bits in the last character"};
  }
  return {};
}

}  // namespace

void AppendBase64Url(std::string_view bytes, std::string &out) { AppendEncoded(bytes, out); }
void AppendBase64Url(std::string_view bytes, SecretBytes &out) { AppendEncodedSecret(bytes, out); }

std::string EncodeBase64Url(std::string_view bytes) {
  std::string out;
  AppendEncoded(bytes, out);
  return out;
}

Result<void> AppendDecodedBase64Url(std::string_view text, std::string &out) { return AppendDecoded(text, out); }
Result<void> AppendDecodedBase64Url(std::string_view text, SecretBytes &out) { return AppendDecodedSecret(text, out); }

Result<std::string> DecodeBase64Url(std::string_view text) {
  std::string out;
  if (auto decoded = AppendDecoded(text, out); !decoded) return decoded.error();
  return out;
}

}  // namespace jwt_auth::jose
