// Inside the library only: AES Key Wrap (RFC 3394, RFC 7518 section 4.4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"

namespace jwt_auth::jose {

// `wrapping_key` has 16, 24 or 32 bytes, `key` a multiple of 8. The result is 8 bytes longer than `key`.
std::string WrapKey(std::string_view wrapping_key, std::string_view key);

// None if it was not wrapped with this key or is not of a possible length.
std::optional<SecretBytes> UnwrapKey(std::string_view wrapping_key, std::string_view wrapped);

}  // namespace jwt_auth::jose
