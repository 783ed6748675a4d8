// Inside the library only: AES-GCM with a 96-bit IV and a 128-bit tag (RFC 7518 sections 4.7 and 5.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"

namespace jwt_auth::jose {

constexpr std::size_t kGcmIvSize = 12;
constexpr std::size_t kGcmTagSize = 16;

struct SealedContent {
  std::string ciphertext;
  std::string tag;
};

// The length of `key` (16, 24 or 32 bytes) chooses the cipher. An IV must never be used twice with one key.
SealedContent SealWithGcm(std::string_view key, std::string_view iv, std::string_view additional, std::string_view plaintext);

// None if the tag does not fit, or the IV or the tag is not of its length.
std::optional<SecretBytes> OpenWithGcm(std::string_view key, std::string_view iv, std::string_view additional,
                                       std::string_view ciphertext, std::string_view tag);

}  // namespace jwt_auth::jose
