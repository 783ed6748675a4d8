// PEM texts as OpenSSL writes them.
#pragma once

#include <openssl/encoder.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "support.hpp"

namespace jwt_auth::jose {

inline std::string Taken(BIO *out) {
  char *text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  return {text, static_cast<std::size_t>(size)};
}

// The key as OpenSSL writes it with an encoder: "PEM" in the structure of that name.
inline std::string Encoded(EVP_PKEY *key, int selection, const char *structure) {
  const OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
  OSSL_ENCODER_CTX *encoder = OSSL_ENCODER_CTX_new_for_pkey(key, selection, "PEM", structure, nullptr);
  const bool ok = OSSL_ENCODER_to_bio(encoder, out.get()) == 1;
  OSSL_ENCODER_CTX_free(encoder);
  if (!ok) throw std::runtime_error("cannot encode");
  return Taken(out.get());
}

inline std::string Certificate(EVP_PKEY *key) {
  const OpenSslPtr<X509> certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  const bool edwards = EVP_PKEY_is_a(key, "ED25519") == 1;
  if (X509_sign(certificate.get(), key, edwards ? nullptr : EVP_sha256()) == 0) throw std::runtime_error("cannot sign");
  const OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), certificate.get());
  return Taken(out.get());
}

inline std::string EncryptedPkcs8(EVP_PKEY *key) {
  const OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key, EVP_aes_128_cbc(), "password", 8, nullptr, nullptr);
  return Taken(out.get());
}

inline std::string EncryptedTraditional(EVP_PKEY *key) {
  const OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
  unsigned char password[] = "password";
  PEM_write_bio_PrivateKey_traditional(out.get(), key, EVP_aes_128_cbc(), password, 8, nullptr, nullptr);
  return Taken(out.get());
}

// Standard base64 with its padding, or base64url.
inline std::string Base64(std::string_view text, bool url) {
  std::string encoded = EncodeBase64Url(text);
  if (url) return encoded;
  for (char &c : encoded) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (encoded.size() % 4 != 0) encoded += '=';
  return encoded;
}

}  // namespace jwt_auth::jose
