#include "jose/jwe/content_encryption.hpp"

#include <cstdint>

#include "jose/crypto/openssl.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kBlockSize = 16;

const unsigned char *Bytes(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }

// RFC 7518 section 5.2.2.1, steps 4 and 5: the MAC over additional data, IV, ciphertext and the bit length of the first,
// cut in half.
SecretBytes TagOf(const JweEncryptionInfo &info, std::string_view mac_key, std::string_view iv, std::string_view additional,
                  std::string_view ciphertext) {
  std::string input;
  input.reserve(additional.size() + iv.size() + ciphertext.size() + 8);
  input.append(additional).append(iv).append(ciphertext);
  const std::uint64_t bits = static_cast<std::uint64_t>(additional.size()) * 8;
  for (int shift = 56; shift >= 0; shift -= 8) input += static_cast<char>(bits >> shift & 0xFF);
  SecretBytes mac = Hmac(info.mac, mac_key, input);
  mac.resize(info.tag_size);
  return mac;
}

std::string EncryptCbc(const JweEncryptionInfo &info, std::string_view key, std::string_view iv, std::string_view plaintext) {
  const OpenSslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  std::string ciphertext(plaintext.size() + kBlockSize, '\0');
  auto *out = reinterpret_cast<unsigned char *>(ciphertext.data());
  int written = 0;
  int rest = 0;
  const bool ok = context &&
                  EVP_EncryptInit_ex2(context.get(), FetchedCipher(info.cipher), Bytes(key), Bytes(iv), nullptr) == 1 &&
                  EVP_EncryptUpdate(context.get(), out, &written, Bytes(plaintext), static_cast<int>(plaintext.size())) == 1 &&
                  EVP_EncryptFinal_ex(context.get(), out + written, &rest) == 1;
  RequireOpenSsl(ok, "AES-CBC");
  ciphertext.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(rest));
  return ciphertext;
}

std::optional<SecretBytes> DecryptCbc(const JweEncryptionInfo &info, std::string_view key, std::string_view iv,
                                      std::string_view ciphertext) {
  const OpenSslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  SecretBytes plaintext(ciphertext.size() + kBlockSize);
  int written = 0;
  int rest = 0;
  const bool ok =
      context && EVP_DecryptInit_ex2(context.get(), FetchedCipher(info.cipher), Bytes(key), Bytes(iv), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), plaintext.data(), &written, Bytes(ciphertext), static_cast<int>(ciphertext.size())) == 1;
  RequireOpenSsl(ok, "AES-CBC");
  if (!OpenSslAccepts(EVP_DecryptFinal_ex(context.get(), plaintext.data() + written, &rest) == 1)) return std::nullopt;
  plaintext.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(rest));
  return plaintext;
}

}  // namespace

SealedContent EncryptContent(JweEncryption encryption, std::string_view key, std::string_view iv, std::string_view additional,
                             std::string_view plaintext) {
  const JweEncryptionInfo &info = InfoOf(encryption);
  if (info.mac == Digest::kNone) return SealWithGcm(key, iv, additional, plaintext);
  const std::string_view mac_key = key.substr(0, key.size() / 2);
  SealedContent sealed;
  sealed.ciphertext = EncryptCbc(info, key.substr(key.size() / 2), iv, plaintext);
  sealed.tag = AsText(TagOf(info, mac_key, iv, additional, sealed.ciphertext));
  return sealed;
}

std::optional<SecretBytes> DecryptContent(JweEncryption encryption, std::string_view key, std::string_view iv,
                                          std::string_view additional, std::string_view ciphertext, std::string_view tag) {
  const JweEncryptionInfo &info = InfoOf(encryption);
  if (key.size() != info.key_size || iv.size() != info.iv_size || tag.size() != info.tag_size) return std::nullopt;
  if (info.mac == Digest::kNone) return OpenWithGcm(key, iv, additional, ciphertext, tag);
  const std::string_view mac_key = key.substr(0, key.size() / 2);
  if (!EqualInConstantTime(AsText(TagOf(info, mac_key, iv, additional, ciphertext)), tag)) return std::nullopt;
  return DecryptCbc(info, key.substr(key.size() / 2), iv, ciphertext);
}

}  // namespace jwt_auth::jose
