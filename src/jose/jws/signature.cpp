// Raw signatures (RFC 7518 section 3, RFC 8037 section 3.1, RFC 8812 section 3.2).
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cstring>

#include "jose/crypto/ecdsa_der.hpp"
#include "jose/keys/curve.hpp"
#include "jose/keys/key_contexts.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kMaxDigestSize = 64;
constexpr Error kWrong{ErrorCode::kBadSignature, nullptr};

const unsigned char *Bytes(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }
unsigned char *Bytes(std::string &text) { return reinterpret_cast<unsigned char *>(text.data()); }
std::size_t IndexOf(Algorithm algorithm) { return static_cast<std::size_t>(algorithm); }

// The digest of some data, on the stack.
struct HashOf {
  HashOf(Digest digest, std::string_view data) : size(DigestSize(digest)) { HashInto(digest, data, bytes.data()); }
  std::array<unsigned char, kMaxDigestSize> bytes;
  std::size_t size;
};

// Before 3.0.3 OpenSSL goes on with the last data, and says that all is well, where it is to start again with the key that it
// has (its issue 17811).
bool StartsAgainWithItsKey() noexcept { return OpenSSL_version_num() >= 0x30000030L; }

// The MAC is computed with a context that has the key already: starting it again costs one compression less per pad.
std::size_t ComputeMac(OpenSslPtr<EVP_MAC_CTX> &context, Digest digest, const SecretBytes &secret, std::string_view data,
                       std::array<unsigned char, kMaxDigestSize> &out) {
  bool ok = false;
  if (!context) {
    context.reset(EVP_MAC_CTX_new(FetchedHmac()));
    const std::array<OSSL_PARAM, 2> params{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char *>(DigestName(digest)), 0),
        OSSL_PARAM_construct_end()};
    ok = context && EVP_MAC_init(context.get(), secret.data(), secret.size(), params.data()) == 1;
  } else if (StartsAgainWithItsKey()) {
    ok = EVP_MAC_init(context.get(), nullptr, 0, nullptr) == 1;
  } else {
    ok = EVP_MAC_init(context.get(), secret.data(), secret.size(), nullptr) == 1;
  }
  std::size_t size = 0;
  ok = ok && EVP_MAC_update(context.get(), Bytes(data), data.size()) == 1 &&
       EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1;
  // A context that failed is made anew at the next use.
  if (!ok) context.reset();
  RequireOpenSsl(ok, "HMAC");
  return size;
}

// Prepared for signing or verifying digests.
EVP_PKEY_CTX *Prepared(OpenSslPtr<EVP_PKEY_CTX> &context, EVP_PKEY *key, Algorithm algorithm, int (*init)(EVP_PKEY_CTX *)) {
  if (context) return context.get();
  const AlgorithmInfo &info = InfoOf(algorithm);
  OpenSslPtr<EVP_PKEY_CTX> fresh(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  bool ok = fresh && init(fresh.get()) == 1;
  const bool pss = info.family == AlgorithmFamily::kRsaPss;
  if (ok && (pss || info.family == AlgorithmFamily::kRsaPkcs1)) {
    ok = EVP_PKEY_CTX_set_rsa_padding(fresh.get(), pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(fresh.get(), FetchedDigest(info.digest)) == 1;
  }
  if (ok && pss) {
    ok = EVP_PKEY_CTX_set_rsa_mgf1_md(fresh.get(), FetchedDigest(info.digest)) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(fresh.get(), RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  RequireOpenSsl(ok, "signature context");
  context = std::move(fresh);
  return context.get();
}

// 0 < number < order, both of one length.
bool IsInRange(std::string_view number, const SecretBytes &order) {
  const bool zero = number.find_first_not_of('\0') == std::string_view::npos;
  return !zero && std::memcmp(number.data(), order.data(), order.size()) < 0;
}

const SecretBytes &OrderOf(EVP_PKEY *key, std::size_t size, SecretBytes &order) {
  if (!order.empty()) return order;
  BIGNUM *raw = nullptr;
  RequireOpenSsl(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &raw) == 1, "group order");
  const OpenSslPtr<BIGNUM> number(raw);
  SecretBytes bytes(size);
  RequireOpenSsl(BN_bn2binpad(number.get(), bytes.data(), static_cast<int>(size)) >= 0, "group order");
  order = std::move(bytes);
  return order;
}

std::string SignDigest(EVP_PKEY_CTX *context, std::size_t max_size, const HashOf &hash) {
  std::string signature(max_size, '\0');
  std::size_t size = signature.size();
  // OpenSSL 3.0 returns 1 and no size where it could not write the DER of an ECDSA signature.
  RequireOpenSsl(
      EVP_PKEY_sign(context, Bytes(signature), &size, hash.bytes.data(), hash.size) == 1 && size > 0 && size <= max_size,
      "signature");
  signature.resize(size);
  return signature;
}

// For ECDSA, whose errors are all negative: nothing is unclear.
bool EcdsaVerifies(EVP_PKEY_CTX *context, std::string_view signature, const HashOf &hash) {
  return VerificationOf(EVP_PKEY_verify(context, Bytes(signature), signature.size(), hash.bytes.data(), hash.size),
                        "ECDSA verification") == Verification::kRight;
}

// RSA says why a signature is wrong. Where it does not, as RSASSA-PSS for want of memory, it is asked again.
bool RsaVerifies(EVP_PKEY_CTX *context, std::string_view signature, const HashOf &hash) {
  const auto verify = [&] {
    return VerificationOf(EVP_PKEY_verify(context, Bytes(signature), signature.size(), hash.bytes.data(), hash.size),
                          "RSA verification");
  };
  const Verification first = verify();
  return (first == Verification::kUnclear ? verify() : first) == Verification::kRight;
}

// For EdDSA and ML-DSA, which take the message and not its hash.
std::string SignMessage(EVP_PKEY *key, std::size_t size, std::string_view data) {
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::string signature(size, '\0');
  std::size_t written = size;
  RequireOpenSsl(context && EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) == 1 &&
                     EVP_DigestSign(context.get(), Bytes(signature), &written, Bytes(data), data.size()) == 1 &&
                     written == size,
                 "signature");
  return signature;
}

bool MessageVerifies(EVP_PKEY *key, std::string_view data, std::string_view signature) {
  const auto verify = [&] {
    const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    RequireOpenSsl(context && EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) == 1,
                   "verification");
    return VerificationOf(EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(data), data.size()),
                          "verification") == Verification::kRight;
  };
  // They never say why. OpenSSL 3.2 and later record each allocation that fails, so there the first answer holds.
  constexpr unsigned long kRecordsAllocations = 0x30200000UL;
  return OpenSSL_version_num() >= kRecordsAllocations ? verify() : AskTwice(verify);
}

}  // namespace

Result<std::string> Key::Sign(Algorithm algorithm, std::string_view data) const {
  if (!algorithms_.contains(algorithm)) return Error{ErrorCode::kAlgorithmNotAllowed, "algorithm is not the key's"};
  if (!is_private_) return Error{ErrorCode::kUnusableKey, "a public key cannot sign"};
  const AlgorithmInfo &info = InfoOf(algorithm);
  switch (info.family) {
    case AlgorithmFamily::kHmac: {
      std::array<unsigned char, kMaxDigestSize> mac;
      const std::size_t size = ComputeMac(contexts_->mac[IndexOf(algorithm)], info.digest, secret_, data, mac);
      return std::string(reinterpret_cast<const char *>(mac.data()), size);
    }
    case AlgorithmFamily::kRsaPkcs1:
    case AlgorithmFamily::kRsaPss: {
      RsaUse use(*this);
      EVP_PKEY_CTX *context = Prepared(contexts_->sign[IndexOf(algorithm)], pkey_.get(), algorithm, EVP_PKEY_sign_init);
      EVP_PKEY_CTX *verifying = Prepared(contexts_->verify[IndexOf(algorithm)], pkey_.get(), algorithm, EVP_PKEY_verify_init);
      const HashOf hash(info.digest, data);
      std::string signature;
      // OpenSSL may return a wrong one as if it was right. Verifying costs a tenth of signing or less.
      for (int i = 0; signature.empty() || !RsaVerifies(verifying, signature, hash); ++i) {
        RequireOpenSsl(i < RsaUse::kUntilRenewed, "signature");
        signature = SignDigest(context, static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get())), hash);
        DrainErrorQueue();
      }
      use.Done();
      return signature;
    }
    case AlgorithmFamily::kEcdsa: {
      EVP_PKEY_CTX *context = Prepared(contexts_->sign[IndexOf(algorithm)], pkey_.get(), algorithm, EVP_PKEY_sign_init);
      const std::string der =
          SignDigest(context, static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get())), HashOf(info.digest, data));
      return EcdsaFromDer(der, InfoOf(curve_).size);
    }
    case AlgorithmFamily::kEdDsa:
      return SignMessage(pkey_.get(), InfoOf(curve_).size * 2, data);
    case AlgorithmFamily::kMlDsa:
      return SignMessage(pkey_.get(), static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get())), data);
  }
  return Error{ErrorCode::kInternal, "unknown algorithm family"};
}

Result<void> Key::Verify(Algorithm algorithm, std::string_view data, std::string_view signature) const {
  if (!algorithms_.contains(algorithm)) return Error{ErrorCode::kAlgorithmNotAllowed, "algorithm is not the key's"};
  const AlgorithmInfo &info = InfoOf(algorithm);
  bool good = false;
  switch (info.family) {
    case AlgorithmFamily::kHmac: {
      if (signature.size() != DigestSize(info.digest)) return kWrong;
      std::array<unsigned char, kMaxDigestSize> mac;
      const std::size_t size = ComputeMac(contexts_->mac[IndexOf(algorithm)], info.digest, secret_, data, mac);
      good = EqualInConstantTime(signature, {reinterpret_cast<const char *>(mac.data()), size});
      OPENSSL_cleanse(mac.data(), mac.size());
      break;
    }
    case AlgorithmFamily::kRsaPkcs1:
    case AlgorithmFamily::kRsaPss: {
      if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get()))) return kWrong;
      EVP_PKEY_CTX *context = Prepared(contexts_->verify[IndexOf(algorithm)], pkey_.get(), algorithm, EVP_PKEY_verify_init);
      good = RsaVerifies(context, signature, HashOf(info.digest, data));
      break;
    }
    case AlgorithmFamily::kEcdsa: {
      const std::size_t size = InfoOf(curve_).size;
      if (signature.size() != size * 2) return kWrong;
      const SecretBytes &order = OrderOf(pkey_.get(), size, contexts_->order);
      const std::string_view r = signature.substr(0, size);
      const std::string_view s = signature.substr(size);
      if (!IsInRange(r, order) || !IsInRange(s, order)) return kWrong;
      EVP_PKEY_CTX *context = Prepared(contexts_->verify[IndexOf(algorithm)], pkey_.get(), algorithm, EVP_PKEY_verify_init);
      const EcdsaDer der(r, s);
      good = EcdsaVerifies(context, der.text(), HashOf(info.digest, data));
      break;
    }
    case AlgorithmFamily::kEdDsa: {
      if (signature.size() != InfoOf(curve_).size * 2) return kWrong;
      good = MessageVerifies(pkey_.get(), data, signature);
      break;
    }
    case AlgorithmFamily::kMlDsa: {
      if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get()))) return kWrong;
      good = MessageVerifies(pkey_.get(), data, signature);
      break;
    }
  }
  if (!good) return kWrong;
  return {};
}

}  // namespace jwt_auth::jose
