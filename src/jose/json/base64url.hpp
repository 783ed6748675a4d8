// base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/result.hpp"

namespace jwt_auth::jose {

// Length of the encoding of `size` bytes.
constexpr std::size_t Base64UrlLength(std::size_t size) { return (size * 4 + 2) / 3; }

// Appends the encoding of `bytes` to `out`.
void AppendBase64Url(std::string_view bytes, std::string &out);
void AppendBase64Url(std::string_view bytes, SecretBytes &out);
std::string EncodeBase64Url(std::string_view bytes);

// Appends what `text` encodes to `out`. Strict: only the 64 characters, no padding, no white space, no length of 1 modulo 4,
// and the unused low bits of the last character are zero, so each byte string has exactly one encoding.
// kMalformed otherwise (`out` is then unspecified).
Result<void> AppendDecodedBase64Url(std::string_view text, std::string &out);
Result<void> AppendDecodedBase64Url(std::string_view text, SecretBytes &out);
Result<std::string> DecodeBase64Url(std::string_view text);

}  // namespace jwt_auth::jose
