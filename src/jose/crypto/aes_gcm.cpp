#include "jose/crypto/aes_gcm.hpp"

#include "jose/crypto/openssl.hpp"

namespace jwt_auth::jose {
namespace {

const unsigned char *Bytes(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }
unsigned char *Bytes(std::string &text) { return reinterpret_cast<unsigned char *>(text.data()); }
int SizeOf(std::string_view text) { return static_cast<int>(text.size()); }

const EVP_CIPHER *CipherFor(std::string_view key) {
  return FetchedCipher(key.size() == 16 ? "AES-128-GCM" : key.size() == 24 ? "AES-192-GCM" : "AES-256-GCM");
}

}  // namespace

SealedContent SealWithGcm(std::string_view key, std::string_view iv, std::string_view additional, std::string_view plaintext) {
  const OpenSslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  SealedContent sealed{std::string(plaintext.size(), '\0'), std::string(kGcmTagSize, '\0')};
  int written = 0;
  bool ok = context && EVP_EncryptInit_ex2(context.get(), CipherFor(key), Bytes(key), Bytes(iv), nullptr) == 1 &&
            EVP_EncryptUpdate(context.get(), nullptr, &written, Bytes(additional), SizeOf(additional)) == 1;
  // A length of zero would reach the cipher as "finish".
  if (ok && !plaintext.empty()) {
    ok = EVP_EncryptUpdate(context.get(), Bytes(sealed.ciphertext), &written, Bytes(plaintext), SizeOf(plaintext)) == 1;
  }
  unsigned char rest[kGcmTagSize];
  ok = ok && EVP_EncryptFinal_ex(context.get(), rest, &written) == 1 &&
       EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kGcmTagSize, sealed.tag.data()) == 1;
  RequireOpenSsl(ok, "AES-GCM");
  return sealed;
}

std::optional<SecretBytes> OpenWithGcm(std::string_view key, std::string_view iv, std::string_view additional,
                                       std::string_view ciphertext, std::string_view tag) {
  if (iv.size() != kGcmIvSize || tag.size() != kGcmTagSize) return std::nullopt;
  const OpenSslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  SecretBytes plaintext(ciphertext.size());
  int written = 0;
  bool ok = context && EVP_DecryptInit_ex2(context.get(), CipherFor(key), Bytes(key), Bytes(iv), nullptr) == 1 &&
            EVP_DecryptUpdate(context.get(), nullptr, &written, Bytes(additional), SizeOf(additional)) == 1;
  if (ok && !ciphertext.empty()) {
    ok = EVP_DecryptUpdate(context.get(), plaintext.data(), &written, Bytes(ciphertext), SizeOf(ciphertext)) == 1;
  }
  ok = ok && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kGcmTagSize, const_cast<char *>(tag.data())) == 1;
  RequireOpenSsl(ok, "AES-GCM");
  unsigned char rest[kGcmTagSize];
  if (!OpenSslAccepts(EVP_DecryptFinal_ex(context.get(), rest, &written) == 1)) return std::nullopt;
  return plaintext;
}

}  // namespace jwt_auth::jose
