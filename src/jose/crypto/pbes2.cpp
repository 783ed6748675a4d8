#include "jose/crypto/pbes2.hpp"

#include <string>

#include "jose/crypto/openssl.hpp"

namespace jwt_auth::jose {

std::uint32_t DefaultPbes2Count(JweAlgorithm algorithm) {
  return InfoOf(algorithm).digest == Digest::kSha256 ? 600000 : 210000;
}

SecretBytes DerivePbes2Key(JweAlgorithm algorithm, std::string_view password, std::string_view salt_input,
                           std::uint32_t count) {
  const JweAlgorithmInfo &info = InfoOf(algorithm);
  std::string salt(info.name);
  salt += '\0';
  salt += salt_input;
  SecretBytes key(info.wrapping_key_size);
  RequireOpenSsl(
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                        reinterpret_cast<const unsigned char *>(salt.data()), static_cast<int>(salt.size()),
                        static_cast<int>(count), FetchedDigest(info.digest), static_cast<int>(key.size()), key.data()) == 1,
      "PBKDF2");
  return key;
}

}  // namespace jwt_auth::jose
