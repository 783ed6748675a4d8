// Inside the library only: a wrapping key from a password (RFC 7518 section 4.8).
#pragma once

#include <cstdint>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/jwe/jwe_algorithm.hpp"

namespace jwt_auth::jose {

// A token names the count, so a token could make each attempt arbitrarily slow: outside these bounds nothing is derived.
constexpr std::uint32_t kMinPbes2Count = 1000;
constexpr std::uint32_t kMaxPbes2Count = 1000000;
constexpr std::size_t kMinPbes2SaltSize = 8;

// The count for our own tokens: what the OWASP Password Storage Cheat Sheet (2023) asks of PBKDF2, 600,000 with SHA-256 and
// 210,000 with SHA-512, which also stands for SHA-384: the two share one compression function.
std::uint32_t DefaultPbes2Count(JweAlgorithm algorithm);

// PBKDF2 over the salt `alg name || 0 || salt_input`. The caller has checked the bounds.
SecretBytes DerivePbes2Key(JweAlgorithm algorithm, std::string_view password, std::string_view salt_input, std::uint32_t count);

}  // namespace jwt_auth::jose
