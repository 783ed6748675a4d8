// Strict base64url: each byte string has exactly one encoding, and no other text is one.
#include "fuzz.hpp"

using namespace jwt_auth;

namespace {

// RFC 4648 section 5, bit by bit: slow, and another way than the one that is tested.
std::string EncodeBitByBit(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  const std::size_t bits = bytes.size() * 8;
  for (std::size_t at = 0; at < bits; at += 6) {
    unsigned value = 0;
    for (std::size_t bit = at; bit < at + 6; ++bit) {
      value = value << 1 | (bit < bits ? static_cast<unsigned char>(bytes[bit / 8]) >> (7 - bit % 8) & 1U : 0U);
    }
    out += kAlphabet[value];
  }
  return out;
}

}  // namespace

FUZZ_TARGET(input) {
  const std::string_view bytes = input.Rest();
  const std::string encoded = jose::EncodeBase64Url(bytes);
  fuzz::Require(encoded == EncodeBitByBit(bytes), "the encoding is that of RFC 4648");
  fuzz::Require(encoded.size() == jose::Base64UrlLength(bytes.size()), "the length is known in advance");
  const auto back = jose::DecodeBase64Url(encoded);
  fuzz::Require(back && *back == bytes, "what was encoded comes back");

  const auto decoded = jose::DecodeBase64Url(bytes);
  if (decoded) fuzz::Require(EncodeBitByBit(*decoded) == bytes, "only the one encoding of some bytes is decoded");
  jose::SecretBytes secret;
  const auto appended = jose::AppendDecodedBase64Url(bytes, secret);
  fuzz::Require(static_cast<bool>(appended) == static_cast<bool>(decoded), "secrets are decoded alike");
  if (decoded) fuzz::Require(jose::AsText(secret) == *decoded, "secrets are decoded alike");
}
