// Inside the library only: the blocks of a PEM text.
#pragma once

#include <string_view>
#include <vector>

#include "jose/crypto/secret.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

constexpr std::size_t kMaxPemSize = 65536;

// What stands between a BEGIN and its END.
struct PemBlock {
  std::string_view label;  // into the text
  SecretBytes der;
};

// Reads PEM as leniently as RFC 7468 section 2 asks: text before, between and behind the blocks (such as OpenSSL's bag
// attributes), white space or a byte order mark in front, blank lines, blanks around lines, and lines that end in CR, LF or
// both. At least one block. kUnusableKey with a hint for what is no PEM any more: `\n` as two characters, all on one line, a
// key that is encrypted or has other headers (RFC 1421), a body that is not base64, a BEGIN without its END. kTooLarge beyond
// kMaxPemSize and beyond 64 blocks.
Result<std::vector<PemBlock>> ReadPem(std::string_view text);

// For a text that is base64 of a PEM text.
constexpr Error kBase64OfPem{ErrorCode::kUnusableKey, "base64 of a PEM text",
                             "Decode it first: convert_from(decode(..., 'base64'), 'UTF8')."};

}  // namespace jwt_auth::jose
