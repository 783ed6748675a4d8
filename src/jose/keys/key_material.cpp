#include "jose/keys/key_material.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <array>

#include "jose/crypto/edwards.hpp"
#include "jose/keys/curve.hpp"

namespace jwt_auth::jose {
namespace {

const unsigned char *Bytes(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }

// "Secure" numbers are cleansed wherever OpenSSL copies them, also without a secure heap.
OpenSslPtr<BIGNUM> NumberOf(const SecretBytes &bytes) {
  OpenSslPtr<BIGNUM> number(BN_secure_new());
  RequireOpenSsl(number && BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), number.get()) != nullptr, "number");
  return number;
}

OpenSslPtr<BIGNUM> NewNumber() {
  OpenSslPtr<BIGNUM> number(BN_secure_new());
  RequireOpenSsl(number != nullptr, "number");
  return number;
}

// Null if OpenSSL refuses the numbers.
OpenSslPtr<EVP_PKEY> FromParams(const char *type, OSSL_PARAM_BLD *builder, int selection) {
  const OpenSslPtr<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder));
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  RequireOpenSsl(params && context && EVP_PKEY_fromdata_init(context.get()) == 1, "key parameters");
  EVP_PKEY *key = nullptr;
  if (!OpenSslAccepts(EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) == 1)) return nullptr;
  OpenSslPtr<EVP_PKEY> made(key);
  // OpenSSL makes a key even if it has no memory to find out its size, which then is 0 for good: no signature would fit it.
  RequireOpenSsl(EVP_PKEY_get_size(made.get()) > 0, "size of a key");
  return made;
}

struct RsaBigNumbers {
  OpenSslPtr<BIGNUM> n, e, d, p, q, dp, dq, qi;
};

// n = p q; d, dp and dq undo e modulo p - 1 and q - 1; qi undoes q modulo p.
bool PrivateNumbersBelong(const RsaBigNumbers &rsa) {
  if (BN_is_one(rsa.p.get()) || BN_is_one(rsa.q.get()) || !BN_is_odd(rsa.p.get()) || !BN_is_odd(rsa.q.get())) return false;
  const OpenSslPtr<BN_CTX> scratch(BN_CTX_secure_new());
  const auto product = NewNumber();
  RequireOpenSsl(scratch && BN_mul(product.get(), rsa.p.get(), rsa.q.get(), scratch.get()) == 1, "RSA check");
  if (BN_cmp(product.get(), rsa.n.get()) != 0) return false;

  const auto exponent_belongs = [&](const BIGNUM *prime, const BIGNUM *exponent) {
    const OpenSslPtr<BIGNUM> order(BN_dup(prime));
    const auto value = NewNumber();
    RequireOpenSsl(
        order && BN_sub_word(order.get(), 1) == 1 && BN_mod(value.get(), rsa.d.get(), order.get(), scratch.get()) == 1,
        "RSA check");
    if (BN_cmp(value.get(), exponent) != 0) return false;
    RequireOpenSsl(BN_mod_mul(value.get(), value.get(), rsa.e.get(), order.get(), scratch.get()) == 1, "RSA check");
    return BN_is_one(value.get()) == 1;
  };
  if (!exponent_belongs(rsa.p.get(), rsa.dp.get()) || !exponent_belongs(rsa.q.get(), rsa.dq.get())) return false;

  const auto value = NewNumber();
  RequireOpenSsl(BN_mod_mul(value.get(), rsa.q.get(), rsa.qi.get(), rsa.p.get(), scratch.get()) == 1, "RSA check");
  return BN_is_one(value.get()) && BN_cmp(rsa.qi.get(), rsa.p.get()) < 0;
}

// One signature made and verified: what the sums above leave open is whether p and q are primes at all.
bool SignsWhatItVerifies(EVP_PKEY *key) {
  const std::array<unsigned char, 32> digest{};
  std::array<unsigned char, kMaxRsaBits / 8> signature;
  std::size_t size = signature.size();
  const OpenSslPtr<EVP_PKEY_CTX> signer(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const OpenSslPtr<EVP_PKEY_CTX> verifier(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  RequireOpenSsl(signer && verifier && EVP_PKEY_sign_init(signer.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(signer.get(), RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_verify_init(verifier.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(verifier.get(), RSA_PKCS1_PADDING) == 1,
                 "RSA check");
  const bool made = EVP_PKEY_sign(signer.get(), signature.data(), &size, digest.data(), digest.size()) == 1;
  const Verification verdict = VerificationOf(made ? 1 : 0, "RSA check");
  // Neither RSA nor its arithmetic complains: there was no memory, or no random number to blind with.
  RequireOpenSsl(verdict != Verification::kUnclear, "RSA check");
  return verdict == Verification::kRight &&
         OpenSslAccepts(EVP_PKEY_verify(verifier.get(), signature.data(), size, digest.data(), digest.size()) == 1);
}

bool Check(EVP_PKEY *key, int (*check)(EVP_PKEY_CTX *)) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  RequireOpenSsl(context != nullptr, "key check");
  return OpenSslAccepts(check(context.get()) == 1);
}

// A key agreement with a point of small order ends in zero, which OpenSSL refuses.
bool AgreesWithAnybody(const CurveInfo &info, EVP_PKEY *key) {
  SecretBytes scalar(info.size, 0x55);
  const OpenSslPtr<EVP_PKEY> own(
      EVP_PKEY_new_raw_private_key_ex(nullptr, info.openssl_name, nullptr, scalar.data(), scalar.size()));
  RequireOpenSsl(own != nullptr, "key agreement");
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  RequireOpenSsl(context && EVP_PKEY_derive_init(context.get()) == 1, "key agreement");
  std::size_t size = scalar.size();
  return OpenSslAccepts(EVP_PKEY_derive_set_peer(context.get(), key) == 1 &&
                        EVP_PKEY_derive(context.get(), scalar.data(), &size) == 1);
}

constexpr Error kForeignPublicPart{ErrorCode::kUnusableKey, "private key and public part do not belong together"};

Result<OpenSslPtr<EVP_PKEY>> TryRsaKey(const RsaNumbers &numbers) {
  // Sizes first, so that nothing below works on numbers of any length.
  if (numbers.n.size() * 8 > kMaxRsaBits) return Error{ErrorCode::kUnusableKey, "RSA key longer than 16384 bits"};
  for (const SecretBytes *part : {&numbers.e, &numbers.d, &numbers.p, &numbers.q, &numbers.dp, &numbers.dq, &numbers.qi}) {
    if (part->size() > numbers.n.size()) return Error{ErrorCode::kUnusableKey, "RSA key with a number larger than its modulus"};
  }
  RsaBigNumbers rsa{NumberOf(numbers.n), NumberOf(numbers.e),  NumberOf(numbers.d),  NumberOf(numbers.p),
                    NumberOf(numbers.q), NumberOf(numbers.dp), NumberOf(numbers.dq), NumberOf(numbers.qi)};
  if (BN_num_bits(rsa.n.get()) < kMinRsaBits) return Error{ErrorCode::kUnusableKey, "RSA key shorter than 2048 bits"};
  if (!BN_is_odd(rsa.n.get())) return Error{ErrorCode::kUnusableKey, "RSA modulus is even"};
  if (!BN_is_odd(rsa.e.get()) || BN_is_one(rsa.e.get())) {
    return Error{ErrorCode::kUnusableKey, "RSA public exponent is not an odd number of 3 or more"};
  }
  // OpenSSL's own bound for large moduli; an exponent as long as the modulus would make verifying as slow as signing.
  if (BN_num_bits(rsa.e.get()) > 64) return Error{ErrorCode::kUnusableKey, "RSA public exponent longer than 64 bits"};
  if (numbers.is_private && !PrivateNumbersBelong(rsa)) return kForeignPublicPart;

  const OpenSslPtr<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  bool ok = builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, rsa.n.get()) == 1 &&
            OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, rsa.e.get()) == 1;
  if (numbers.is_private) {
    ok = ok && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_D, rsa.d.get()) == 1 &&
         OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_FACTOR1, rsa.p.get()) == 1 &&
         OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_FACTOR2, rsa.q.get()) == 1 &&
         OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_EXPONENT1, rsa.dp.get()) == 1 &&
         OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_EXPONENT2, rsa.dq.get()) == 1 &&
         OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_COEFFICIENT1, rsa.qi.get()) == 1;
  }
  RequireOpenSsl(ok, "RSA parameters");
  auto key = FromParams("RSA", builder.get(), numbers.is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
  if (!key) return Error{ErrorCode::kUnusableKey, "not an RSA key"};
  if (numbers.is_private && !SignsWhatItVerifies(key.get())) return kForeignPublicPart;
  return key;
}

Result<OpenSslPtr<EVP_PKEY>> TryEcKey(Curve curve, std::string_view x, std::string_view y,
                                      const std::optional<SecretBytes> &d) {
  const CurveInfo &info = InfoOf(curve);
  if (x.size() != info.size || y.size() != info.size) {
    return Error{ErrorCode::kUnusableKey, "EC coordinate not of the curve's full length"};
  }
  if (d && d->size() != info.size) return Error{ErrorCode::kUnusableKey, "EC private key not of the curve's full length"};
  std::string point(1, '\x04');
  point.append(x).append(y);
  const OpenSslPtr<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  RequireOpenSsl(builder &&
                     OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, info.openssl_name, 0) == 1 &&
                     OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1,
                 "EC parameters");
  const auto scalar = d ? NumberOf(*d) : nullptr;
  if (scalar)
    RequireOpenSsl(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) == 1, "EC parameters");
  auto key = FromParams("EC", builder.get(), d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
  if (!key || !Check(key.get(), EVP_PKEY_public_check)) {
    return Error{ErrorCode::kUnusableKey, "public key is no point of its curve"};
  }
  if (d && !Check(key.get(), EVP_PKEY_check)) return kForeignPublicPart;
  return key;
}

Result<OpenSslPtr<EVP_PKEY>> TryOkpKey(Curve curve, std::string_view x, const std::optional<SecretBytes> &d) {
  const CurveInfo &info = InfoOf(curve);
  if (x.size() != info.size || (d && d->size() != info.size)) {
    return Error{ErrorCode::kUnusableKey, "OKP key not of the curve's length"};
  }
  OpenSslPtr<EVP_PKEY> key(EVP_PKEY_new_raw_public_key_ex(nullptr, info.openssl_name, nullptr, Bytes(x), x.size()));
  RequireOpenSsl(key != nullptr, "OKP key");
  if (info.signs) {
    if (auto checked = CheckEdwardsPoint(curve, x); !checked) return checked.error();
  } else if (!AgreesWithAnybody(info, key.get())) {
    return Error{ErrorCode::kUnusableKey, "public key is a point of small order"};
  }
  if (!d) return key;
  key.reset(EVP_PKEY_new_raw_private_key_ex(nullptr, info.openssl_name, nullptr, d->data(), d->size()));
  RequireOpenSsl(key != nullptr, "OKP key");
  if (!EqualInConstantTime(AsText(RawPublicKey(key.get())), x)) return kForeignPublicPart;
  return key;
}

}  // namespace

Result<OpenSslPtr<EVP_PKEY>> MakeRsaKey(const RsaNumbers &numbers) {
  return AskTwice([&] { return TryRsaKey(numbers); });
}

Result<OpenSslPtr<EVP_PKEY>> MakeEcKey(Curve curve, std::string_view x, std::string_view y,
                                       const std::optional<SecretBytes> &d) {
  return AskTwice([&] { return TryEcKey(curve, x, y, d); });
}

Result<OpenSslPtr<EVP_PKEY>> MakeOkpKey(Curve curve, std::string_view x, const std::optional<SecretBytes> &d) {
  return AskTwice([&] { return TryOkpKey(curve, x, d); });
}

SecretBytes RawPublicKey(EVP_PKEY *key) {
  std::size_t size = 0;
  RequireOpenSsl(EVP_PKEY_get_raw_public_key(key, nullptr, &size) == 1, "public key");
  SecretBytes raw(size);
  RequireOpenSsl(EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1, "public key");
  return raw;
}

}  // namespace jwt_auth::jose
