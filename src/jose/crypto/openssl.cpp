#include "jose/crypto/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "jose/crypto/verdict.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kDigestCount = 5;

// What OpenSSL's error queue tells about a failure.
struct Failure {
  bool out_of_memory = false;
  bool unsupported = false;  // no provider has the algorithm
  bool at_infinity = false;  // a point of a curve that has no coordinates
  bool by_rsa = false;       // RSA or its arithmetic says why
};

// Reads the queue, leaves it empty and frees what it held.
Failure TakeFailure() {
  Failure failure;
  while (const unsigned long error = ERR_get_error()) {
    if (ERR_SYSTEM_ERROR(error)) {
      failure.out_of_memory = failure.out_of_memory || ERR_GET_REASON(error) == ENOMEM;
      continue;
    }
    failure.out_of_memory = failure.out_of_memory || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    failure.unsupported = failure.unsupported || ERR_GET_REASON(error) == ERR_R_UNSUPPORTED;
    failure.by_rsa = failure.by_rsa || ERR_GET_LIB(error) == ERR_LIB_RSA || ERR_GET_LIB(error) == ERR_LIB_BN;
    failure.at_infinity =
        failure.at_infinity || (ERR_GET_LIB(error) == ERR_LIB_EC && ERR_GET_REASON(error) == EC_R_POINT_AT_INFINITY);
  }
  // Errors that were read keep their texts until this.
  ERR_clear_error();
  return failure;
}

[[noreturn]] void ThrowFailure(const Failure &failure, const char *what) {
  if (failure.out_of_memory || !failure.unsupported) throw std::bad_alloc();
  throw std::runtime_error(std::string("OpenSSL has no ") + what);
}

}  // namespace

void RequireOpenSsl(bool ok, const char *what) {
  if (!ok) ThrowFailure(TakeFailure(), what);
}

bool OpenSslAccepts(bool ok) {
  if (!ok && TakeFailure().out_of_memory) throw std::bad_alloc();
  return ok;
}

Verification VerificationOf(int result, const char *what) {
  if (result == 1) return Verification::kRight;
  const Failure failure = TakeFailure();
  if (failure.out_of_memory) throw std::bad_alloc();
  // The holder of the private key can make an ECDSA signature whose point is at infinity. It is wrong; OpenSSL calls it an
  // error.
  if (failure.at_infinity) return Verification::kWrong;
  if (result < 0) ThrowFailure(failure, what);
  return failure.by_rsa ? Verification::kWrong : Verification::kUnclear;
}

const char *DigestName(Digest digest) {
  constexpr std::array<const char *, kDigestCount> kNames{"", "SHA1", "SHA256", "SHA384", "SHA512"};
  return kNames[static_cast<std::size_t>(digest)];
}

// What is fetched is never freed: it lives as long as the process, and at exit OpenSSL may be gone before we are.

const EVP_MD *FetchedDigest(Digest digest) {
  static std::array<EVP_MD *, kDigestCount> fetched{};
  EVP_MD *&md = fetched[static_cast<std::size_t>(digest)];
  if (md == nullptr) md = EVP_MD_fetch(nullptr, DigestName(digest), nullptr);
  RequireOpenSsl(md != nullptr, DigestName(digest));
  return md;
}

EVP_MAC *FetchedHmac() {
  static EVP_MAC *mac = nullptr;
  if (mac == nullptr) mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  RequireOpenSsl(mac != nullptr, OSSL_MAC_NAME_HMAC);
  return mac;
}

const EVP_CIPHER *FetchedCipher(const char *name) {
  static auto *fetched = new std::vector<std::pair<std::string, EVP_CIPHER *>>;
  for (const auto &[known, cipher] : *fetched) {
    if (known == name) return cipher;
  }
  fetched->reserve(fetched->size() + 1);
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  RequireOpenSsl(cipher != nullptr, name);
  fetched->emplace_back(name, cipher);
  return cipher;
}

void FetchAhead() noexcept {
  try {
    for (const Digest digest : {Digest::kSha256, Digest::kSha384, Digest::kSha512}) (void)FetchedDigest(digest);
    (void)FetchedHmac();
  } catch (const std::exception &) {
  }
  // OpenSSL keeps what it has fetched.
  for (const char *name : {"RSA", "EC", "ED25519"}) EVP_KEYMGMT_free(EVP_KEYMGMT_fetch(nullptr, name, nullptr));
  for (const char *name : {"RSA", "ECDSA", "ED25519"}) EVP_SIGNATURE_free(EVP_SIGNATURE_fetch(nullptr, name, nullptr));
  // The first fetch of a kind finds all algorithms of the kind. Those for which a process has no memory then, it never finds
  // again, so each kind that is used here is fetched.
  EVP_CIPHER_free(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  EVP_ASYM_CIPHER_free(EVP_ASYM_CIPHER_fetch(nullptr, "RSA", nullptr));
  EVP_KEYEXCH_free(EVP_KEYEXCH_fetch(nullptr, "ECDH", nullptr));
  EVP_KDF_free(EVP_KDF_fetch(nullptr, "PBKDF2", nullptr));
  OSSL_DECODER_free(OSSL_DECODER_fetch(nullptr, "RSA", nullptr));
  OSSL_ENCODER_free(OSSL_ENCODER_fetch(nullptr, "RSA", nullptr));
  // This fetches the generators of random bytes (a child seeds what it inherits anew), and makes the locks that a process needs
  // for its first key. OpenSSL tries to make those once: where one fails, the process has no keys.
  EVP_PKEY_free(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  unsigned char byte = 0;
  (void)RAND_priv_bytes(&byte, 1);
  DrainErrorQueue();
}

std::size_t DigestSize(Digest digest) {
  constexpr std::array<std::size_t, kDigestCount> kSizes{0, 20, 32, 48, 64};
  return kSizes[static_cast<std::size_t>(digest)];
}

void HashInto(Digest digest, std::string_view data, unsigned char *out) {
  static EVP_MD_CTX *context = nullptr;
  if (context == nullptr) context = EVP_MD_CTX_new();
  const bool ok = context != nullptr && EVP_DigestInit_ex2(context, FetchedDigest(digest), nullptr) == 1 &&
                  EVP_DigestUpdate(context, data.data(), data.size()) == 1 && EVP_DigestFinal_ex(context, out, nullptr) == 1;
  if (ok) return;
  EVP_MD_CTX_free(context);
  context = nullptr;
  RequireOpenSsl(false, "digest");
}

std::string Sha256(std::string_view data) {
  std::string out(32, '\0');
  HashInto(Digest::kSha256, data, reinterpret_cast<unsigned char *>(out.data()));
  return out;
}

SecretBytes Hmac(Digest digest, std::string_view key, std::string_view data) {
  const OpenSslPtr<EVP_MAC_CTX> context(EVP_MAC_CTX_new(FetchedHmac()));
  RequireOpenSsl(context != nullptr, "HMAC");
  std::array<OSSL_PARAM, 2> params{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char *>(DigestName(digest)), 0),
      OSSL_PARAM_construct_end()};
  // A null pointer would mean "the key as before".
  const auto *bytes = reinterpret_cast<const unsigned char *>(key.empty() ? "" : key.data());
  SecretBytes out(DigestSize(digest));
  RequireOpenSsl(EVP_MAC_init(context.get(), bytes, key.size(), params.data()) == 1 &&
                     EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char *>(data.data()), data.size()) == 1 &&
                     EVP_MAC_final(context.get(), out.data(), nullptr, out.size()) == 1,
                 "HMAC");
  return out;
}

SecretBytes RandomBytes(std::size_t size) {
  SecretBytes out(size);
  RequireOpenSsl(RAND_priv_bytes(out.data(), static_cast<int>(size)) == 1, "random bytes");
  return out;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && Verdict(CRYPTO_memcmp(a.data(), b.data(), a.size())) == 0;
}

void DrainErrorQueue() {
  // Clearing visits every place of the queue; nearly always there is nothing in it.
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace jwt_auth::jose
