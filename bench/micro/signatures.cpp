// Each algorithm: a token signed and verified by the core, and the bare OpenSSL operation on the same bytes and key.
// The bare operation is the fastest that OpenSSL 3 allows: contexts made once and used again, implementations fetched once.
#include <benchmark/benchmark.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <array>
#include <vector>

#include "jose/jws/jws.hpp"
#include "samples.hpp"

namespace jwt_auth::bench {
namespace {

using Bytes = std::vector<unsigned char>;
using jose::AlgorithmFamily;
using jose::OpenSslPtr;

const unsigned char *Raw(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }
void Require(bool ok, const char *what) {
  if (!ok) Give(what, "OpenSSL failed");
}

// One key, one algorithm, prepared.
class RawSigner {
 public:
  explicit RawSigner(std::string_view name)
      : info_(jose::InfoOf(jose::AlgorithmsNamed(name).first())), pkey_(SampleKeys(name).keys.front().pkey()) {
    const std::string &token = SampleToken(name);
    input_ = token.substr(0, token.rfind('.'));
    if (info_.family == AlgorithmFamily::kHmac) {
      mac_.reset(EVP_MAC_CTX_new(jose::FetchedHmac()));
      const std::array<OSSL_PARAM, 2> params{
          OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char *>(EVP_MD_get0_name(Md())), 0),
          OSSL_PARAM_construct_end()};
      Require(EVP_MAC_init(mac_.get(), Raw(kSecret), kSecret.size(), params.data()) == 1, "HMAC");
    } else if (info_.family != AlgorithmFamily::kEdDsa) {
      Prepare(sign_, EVP_PKEY_sign_init);
      Prepare(verify_, EVP_PKEY_verify_init);
    }
    signature_ = Sign();
    Require(Verify(), "its own signature");
  }

  Bytes Sign() {
    Bytes out(1024);
    std::size_t size = out.size();
    if (info_.family == AlgorithmFamily::kHmac) {
      Require(EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
                  EVP_MAC_update(mac_.get(), Raw(input_), input_.size()) == 1 &&
                  EVP_MAC_final(mac_.get(), out.data(), &size, out.size()) == 1,
              "HMAC");
    } else if (info_.family == AlgorithmFamily::kEdDsa) {
      Require(EVP_DigestSignInit_ex(edwards_.get(), nullptr, nullptr, nullptr, nullptr, pkey_, nullptr) == 1 &&
                  EVP_DigestSign(edwards_.get(), out.data(), &size, Raw(input_), input_.size()) == 1,
              "signature");
      EVP_MD_CTX_reset(edwards_.get());
    } else {
      Hash();
      Require(EVP_PKEY_sign(sign_.get(), out.data(), &size, hash_.data(), hash_size_) == 1, "signature");
    }
    out.resize(size);
    return out;
  }

  bool Verify() {
    if (info_.family == AlgorithmFamily::kHmac) return Sign() == signature_;
    if (info_.family == AlgorithmFamily::kEdDsa) {
      const bool good = EVP_DigestVerifyInit_ex(edwards_.get(), nullptr, nullptr, nullptr, nullptr, pkey_, nullptr) == 1 &&
                        EVP_DigestVerify(edwards_.get(), signature_.data(), signature_.size(), Raw(input_), input_.size()) == 1;
      EVP_MD_CTX_reset(edwards_.get());
      return good;
    }
    Hash();
    return EVP_PKEY_verify(verify_.get(), signature_.data(), signature_.size(), hash_.data(), hash_size_) == 1;
  }

 private:
  const EVP_MD *Md() const { return jose::FetchedDigest(info_.digest); }

  void Hash() {
    unsigned size = 0;
    Require(EVP_DigestInit_ex2(digest_.get(), Md(), nullptr) == 1 &&
                EVP_DigestUpdate(digest_.get(), input_.data(), input_.size()) == 1 &&
                EVP_DigestFinal_ex(digest_.get(), hash_.data(), &size) == 1,
            "digest");
    hash_size_ = size;
  }

  void Prepare(OpenSslPtr<EVP_PKEY_CTX> &context, int (*init)(EVP_PKEY_CTX *)) {
    context.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey_, nullptr));
    Require(context && init(context.get()) == 1, "context");
    if (info_.family == AlgorithmFamily::kEcdsa) return;
    const bool pss = info_.family == AlgorithmFamily::kRsaPss;
    Require(EVP_PKEY_CTX_set_rsa_padding(context.get(), pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(context.get(), Md()) == 1,
            "padding");
    if (pss) {
      Require(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), Md()) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) == 1,
              "padding");
    }
  }

  const jose::AlgorithmInfo &info_;
  EVP_PKEY *pkey_;
  std::string input_;
  Bytes signature_;
  std::array<unsigned char, 64> hash_{};
  std::size_t hash_size_ = 0;
  OpenSslPtr<EVP_MD_CTX> digest_{EVP_MD_CTX_new()};
  OpenSslPtr<EVP_MD_CTX> edwards_{EVP_MD_CTX_new()};
  OpenSslPtr<EVP_MAC_CTX> mac_;
  OpenSslPtr<EVP_PKEY_CTX> sign_;
  OpenSslPtr<EVP_PKEY_CTX> verify_;
};

void OurSign(benchmark::State &state, const char *name) {
  const jose::KeySet &keys = SampleKeys(name);
  jose::SignOptions options;
  options.alg_name = name;
  options.typ = "JWT";
  for (auto _ : state) benchmark::DoNotOptimize(jose::SignJws(kPayload, keys, options));
}

void OurVerify(benchmark::State &state, const char *name) {
  const jose::KeySet &keys = SampleKeys(name);
  const std::string &token = SampleToken(name);
  for (auto _ : state) {
    if (!VerifyToken(token, keys)) state.SkipWithError("refused");
  }
}

void RawSign(benchmark::State &state, const char *name) {
  RawSigner raw(name);
  for (auto _ : state) benchmark::DoNotOptimize(raw.Sign());
}

void RawVerify(benchmark::State &state, const char *name) {
  RawSigner raw(name);
  for (auto _ : state) {
    if (!raw.Verify()) state.SkipWithError("refused");
  }
}

constexpr std::array kAlgorithms{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512",  "PS256",
                                 "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA"};

const bool kRegistered = [] {
  for (const char *name : kAlgorithms) {
    const std::string suffix = std::string("/") + name;
    benchmark::RegisterBenchmark(("sign ours" + suffix).c_str(), OurSign, name);
    benchmark::RegisterBenchmark(("sign raw" + suffix).c_str(), RawSign, name);
    benchmark::RegisterBenchmark(("verify ours" + suffix).c_str(), OurVerify, name);
    benchmark::RegisterBenchmark(("verify raw" + suffix).c_str(), RawVerify, name);
  }
  return true;
}();

}  // namespace
}  // namespace jwt_auth::bench

BENCHMARK_MAIN();
