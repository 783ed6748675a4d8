// OpenSSL 3 handles that free themselves, and the implementations that are fetched once per process.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
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
  void operator()(BIGNUM *p) const { BN_clear_free(p); }
  void operator()(BN_CTX *p) const { BN_CTX_free(p); }
  void operator()(BIO *p) const { BIO_free_all(p); }
  void operator()(OSSL_PARAM_BLD *p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PARAM *p) const { OSSL_PARAM_free(p); }
  void operator()(X509 *p) const { X509_free(p); }
  void operator()(OSSL_DECODER_CTX *p) const { OSSL_DECODER_CTX_free(p); }
};
template <class T>
using OpenSslPtr = std::unique_ptr<T, OpenSslDeleter>;
// For bytes that OpenSSL allocated.
struct OpenSslMemoryDeleter {
  void operator()(void *p) const { OPENSSL_free(p); }
};

// Failures of OpenSSL. When memory runs out, that is an error (std::bad_alloc, which becomes kOutOfMemory) and never an answer
// about a key, a token or a signature. OpenSSL 3.0 and 3.1 record an allocation that failed now as what it is, now as
// "initialization error" and the like, now not at all. All of these functions leave the error queue empty.

// For calls whose arguments are known to be right. Unless `ok`, throws std::runtime_error if no provider has the algorithm,
// which `what` names, and std::bad_alloc otherwise.
void RequireOpenSsl(bool ok, const char *what);

// For calls whose failure is an answer: an input that is no key, a ciphertext that does not open. Returns `ok`; throws
// std::bad_alloc instead of returning false if OpenSSL recorded that memory ran out.
bool OpenSslAccepts(bool ok);

// For a refusal that OpenSSL may have meant as want of memory without recording it: the answer of the second attempt, if the
// first one refused.
template <class Attempt>
auto AskTwice(Attempt attempt) {
  auto answer = attempt();
  return answer ? std::move(answer) : attempt();
}

// What a verification returned. kUnclear: it refused, and recorded nothing about why.
enum class Verification { kRight, kWrong, kUnclear };
// Reads the result of EVP_PKEY_verify and its like. A negative one is an error: throws as RequireOpenSsl does.
Verification VerificationOf(int result, const char *what);

// A digest, MAC or cipher fetched on first use and kept: fetching by name on each call costs more than hashing a token. A fetch
// that failed is tried again at the next call. They throw as RequireOpenSsl does, also if the provider has no such algorithm (a
// FIPS module, say).
const EVP_MD *FetchedDigest(Digest digest);
EVP_MAC *FetchedHmac();
const EVP_CIPHER *FetchedCipher(const char *name);
// Fetches what calls need, for a process whose children inherit it: the first fetch costs more than a hundred verifications,
// and OpenSSL 3.0 does not recover from one that fails. What can't be fetched is missed where it is needed.
void FetchAhead() noexcept;

std::size_t DigestSize(Digest digest);
const char *DigestName(Digest digest);  // OpenSSL's
// The digest of `data` into `out`, which has room for DigestSize(digest) bytes.
void HashInto(Digest digest, std::string_view data, unsigned char *out);
// SHA-256 of `data`, 32 bytes.
std::string Sha256(std::string_view data);
// HMAC of `data` under `key`.
SecretBytes Hmac(Digest digest, std::string_view key, std::string_view data);
// `size` bytes from the system's generator; throws as RequireOpenSsl does if it fails.
SecretBytes RandomBytes(std::size_t size);
// Comparison whose time depends on the lengths alone.
bool EqualInConstantTime(std::string_view a, std::string_view b);
// Empties the thread's OpenSSL error queue. The boundary calls it on every exit.
void DrainErrorQueue();

}  // namespace jwt_auth::jose
