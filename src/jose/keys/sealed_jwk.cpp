#include "jose/keys/sealed_jwk.hpp"

#include <utility>

#include "jose/json/json.hpp"
#include "jose/jwe/jwe.hpp"
#include "jose/keys/key_builder.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::string_view kContentType = "jwk+json";
constexpr Error kWrongSize{ErrorCode::kKeySealed, "key-encryption key is not 32 bytes long"};

// Straight from the bytes: they are a key, whatever they look like.
KeySet KeySetOf(const SecretBytes &key_encryption_key, std::string_view kid) {
  KeyParts parts;
  parts.type = KeyType::kOct;
  parts.is_private = true;
  parts.kid.emplace(kid);
  parts.secret = key_encryption_key;
  parts.jwe_algorithms = JweAlgorithmSet(JweAlgorithm::kDir);
  parts.direct_encryptions = JweEncryptionSet(JweEncryption::kA256Gcm);
  KeySet keys;
  keys.keys.push_back(KeyBuilder::Build(std::move(parts)));
  return keys;
}

}  // namespace

Result<std::string> SealJwk(std::string_view jwk, const SecretBytes &key_encryption_key, std::string_view kid) {
  if (key_encryption_key.size() != kKeyEncryptionKeySize) return kWrongSize;
  JweOptions options;
  options.alg = "dir";
  options.enc = "A256GCM";
  options.cty = kContentType;
  return EncryptJwe(jwk, KeySetOf(key_encryption_key, kid), options);
}

Result<SecretBytes> OpenJwk(std::string_view sealed, const SecretBytes &key_encryption_key, std::string_view kid) {
  constexpr Error kDoesNotOpen{ErrorCode::kKeySealed, "the key-encryption key does not open it"};
  if (key_encryption_key.size() != kKeyEncryptionKeySize) return kWrongSize;
  auto token = UnverifiedJwe::Parse(sealed);
  if (!token || !token->kid() || !token->cty() || *token->cty() != kContentType) return kDoesNotOpen;
  // The key is given the row's kid, so a token that names another one is refused.
  const KeySet keys = KeySetOf(key_encryption_key, kid);
  const auto opened =
      DecryptJwe(std::move(*token), keys, JweAlgorithmSet(JweAlgorithm::kDir), JweEncryptionSet(JweEncryption::kA256Gcm));
  if (!opened) return kDoesNotOpen;
  return opened->plaintext();
}

}  // namespace jwt_auth::jose
