// OpenSSL 3 handles that free themselves, and the implementations that are fetched once per process.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/jws/algorithm.hpp"

namespace jwt_auth::jose {

struct OpenSslDeleter {
  void operator()(EVP_PKEY *p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX *p) const { EVP_PKEY_CTX_free(p); }
  void operator()(EVP_MD_CTX *p) const { EVP_MD_CTX_free(p); }
  void operator()(EVP_MAC_CTX *p) const { EVP_MAC_CTX_free(p); }
  void operator()(EVP_CIPHER_CTX *p) const { EVP_CIPHER_CTX_free(p); }
  void operator()(EVP_KDF_CTX *p) const { EVP_KDF_CTX_free(p); }
  void operator()(BIGNUM *p) const { BN_clear_free(p); }
  void operator()(BN_CTX *p) const { BN_CTX_free(p); }
  void operator()(BIO *p) const { BIO_free_all(p); }
  void operator()(OSSL_PARAM_BLD *p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PARAM *p) const { OSSL_PARAM_free(p); }
  void operator()(X509 *p) const { X509_free(p); }
};
template <class T>
using OpenSslPtr = std::unique_ptr<T, OpenSslDeleter>;

// For calls that fail only by a bug or for want of memory: throws std::runtime_error naming `what` unless `ok`.
void RequireOpenSsl(bool ok, const char *what);

// A digest, MAC or cipher fetched on first use and kept: fetching by name on each call costs more than hashing a token.
// They throw std::runtime_error if the provider has none (a FIPS module without the algorithm, say).
const EVP_MD *FetchedDigest(Digest digest);
EVP_MAC *FetchedHmac();
const EVP_CIPHER *FetchedCipher(const char *name);

std::size_t DigestSize(Digest digest);
const char *DigestName(Digest digest);  // OpenSSL's
// The digest of `data` into `out`, which has room for DigestSize(digest) bytes.
void HashInto(Digest digest, std::string_view data, unsigned char *out);
// SHA-256 of `data`, 32 bytes.
std::string Sha256(std::string_view data);
// HMAC of `data` under `key`.
SecretBytes Hmac(Digest digest, std::string_view key, std::string_view data);
// `size` bytes from the system's generator; throws if it fails.
SecretBytes RandomBytes(std::size_t size);
// Comparison whose time depends on the lengths alone.
bool EqualInConstantTime(std::string_view a, std::string_view b);
// Empties the thread's OpenSSL error queue. The boundary calls it on every exit.
void DrainErrorQueue();

}  // namespace jwt_auth::jose
