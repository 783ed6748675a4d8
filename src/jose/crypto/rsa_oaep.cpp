#include "jose/crypto/rsa_oaep.hpp"

#include <openssl/rsa.h>

#include "jose/crypto/openssl.hpp"

namespace jwt_auth::jose {
namespace {

const unsigned char *Bytes(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }

OpenSslPtr<EVP_PKEY_CTX> NewContext(EVP_PKEY *key, Digest digest, int (*init)(EVP_PKEY_CTX *)) {
  OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  RequireOpenSsl(context && init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), FetchedDigest(digest)) == 1 &&
                     EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), FetchedDigest(digest)) == 1,
                 "RSA-OAEP");
  return context;
}

}  // namespace

std::string EncryptWithOaep(EVP_PKEY *key, Digest digest, std::string_view plaintext) {
  const auto context = NewContext(key, digest, EVP_PKEY_encrypt_init);
  std::string ciphertext(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = ciphertext.size();
  RequireOpenSsl(EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char *>(ciphertext.data()), &size, Bytes(plaintext),
                                  plaintext.size()) == 1 &&
                     size == ciphertext.size(),
                 "RSA-OAEP");
  return ciphertext;
}

Verification DecryptWithOaep(EVP_PKEY *key, Digest digest, std::string_view ciphertext, SecretBytes &plaintext) {
  plaintext = SecretBytes(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  if (ciphertext.size() != plaintext.size()) return Verification::kWrong;
  const auto context = NewContext(key, digest, EVP_PKEY_decrypt_init);
  std::size_t size = plaintext.size();
  // A wrong padding is recorded, always as the same error. What is not recorded is no padding.
  const Verification verification = VerificationOf(
      EVP_PKEY_decrypt(context.get(), plaintext.data(), &size, Bytes(ciphertext), ciphertext.size()) == 1 ? 1 : 0, "RSA-OAEP");
  plaintext.resize(verification == Verification::kRight ? size : 0);
  return verification;
}

}  // namespace jwt_auth::jose
