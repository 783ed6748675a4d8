#include "jose/jwt/token_id.hpp"

#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"

namespace jwt_auth::jose {

std::string FreshTokenId() {
  constexpr std::size_t kIdSize = 16;
  constexpr std::size_t kIdsAtOnce = 64;
  static SecretBytes pool;
  static std::size_t used = 0;
  if (used == pool.size()) {
    pool = RandomBytes(kIdSize * kIdsAtOnce);
    used = 0;
  }
  const std::string_view id = AsText(pool).substr(used, kIdSize);
  used += kIdSize;
  return EncodeBase64Url(id);
}

}  // namespace jwt_auth::jose
