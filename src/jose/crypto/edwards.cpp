#include "jose/crypto/edwards.hpp"

#include <openssl/bn.h>

#include <algorithm>
#include <string>

#include "jose/crypto/openssl.hpp"

namespace jwt_auth::jose {
namespace {

// a x^2 + y^2 = 1 + d x^2 y^2 modulo p, and the number of doublings that takes every point of small order to the identity.
struct Edwards {
  OpenSslPtr<BIGNUM> p;
  OpenSslPtr<BIGNUM> d;
  bool a_is_minus_one;
  int doublings;
};

OpenSslPtr<BIGNUM> NewNumber(unsigned long value = 0) {
  OpenSslPtr<BIGNUM> number(BN_new());
  RequireOpenSsl(number && BN_set_word(number.get(), value) == 1, "number");
  return number;
}

Edwards ParametersOf(Curve curve, BN_CTX *scratch) {
  Edwards e{NewNumber(1), NewNumber(), curve == Curve::kEd25519, curve == Curve::kEd25519 ? 3 : 2};
  bool ok = true;
  if (curve == Curve::kEd25519) {
    // p = 2^255 - 19, d = -121665 / 121666
    ok = BN_lshift(e.p.get(), e.p.get(), 255) == 1 && BN_sub_word(e.p.get(), 19) == 1;
    const auto denominator = NewNumber(121666);
    ok = ok && BN_mod_inverse(e.d.get(), denominator.get(), e.p.get(), scratch) != nullptr &&
         BN_mul_word(e.d.get(), 121665) == 1;
    ok = ok && BN_sub(e.d.get(), e.p.get(), e.d.get()) == 1;
  } else {
    // p = 2^448 - 2^224 - 1, d = -39081
    const auto middle = NewNumber(1);
    ok = BN_lshift(e.p.get(), e.p.get(), 448) == 1 && BN_lshift(middle.get(), middle.get(), 224) == 1 &&
         BN_sub(e.p.get(), e.p.get(), middle.get()) == 1 && BN_sub_word(e.p.get(), 1) == 1;
    ok = ok && BN_set_word(e.d.get(), 39081) == 1 && BN_sub(e.d.get(), e.p.get(), e.d.get()) == 1;
  }
  RequireOpenSsl(ok && BN_nnmod(e.d.get(), e.d.get(), e.p.get(), scratch) == 1, "curve parameters");
  return e;
}

// numerator / denominator modulo p; false if the denominator is zero.
bool Divide(BIGNUM *quotient, const BIGNUM *numerator, const BIGNUM *denominator, const BIGNUM *p, BN_CTX *scratch) {
  if (BN_is_zero(denominator)) return false;
  const auto inverse = NewNumber();
  RequireOpenSsl(BN_mod_inverse(inverse.get(), denominator, p, scratch) != nullptr &&
                     BN_mod_mul(quotient, numerator, inverse.get(), p, scratch) == 1,
                 "division");
  return true;
}

}  // namespace

Result<void> CheckEdwardsPoint(Curve curve, std::string_view encoded) {
  constexpr Error kNotAPoint{ErrorCode::kUnusableKey, "public key is no point of its curve"};
  constexpr Error kSmallOrder{ErrorCode::kUnusableKey, "public key is a point of small order"};

  std::string bytes(encoded.rbegin(), encoded.rend());  // big-endian; the first bit is the sign of x
  bytes[0] = static_cast<char>(bytes[0] & 0x7F);
  const OpenSslPtr<BN_CTX> scratch(BN_CTX_new());
  const OpenSslPtr<BIGNUM> y(
      BN_bin2bn(reinterpret_cast<const unsigned char *>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  RequireOpenSsl(scratch && y, "number");
  const Edwards e = ParametersOf(curve, scratch.get());
  const BIGNUM *p = e.p.get();
  if (BN_cmp(y.get(), p) >= 0) return kNotAPoint;

  const auto one = NewNumber(1);
  const auto y2 = NewNumber();
  const auto x2 = NewNumber();
  const auto dx2y2 = NewNumber();
  const auto numerator = NewNumber();
  const auto denominator = NewNumber();
  for (int i = 0;; ++i) {
    // x^2 = (1 - y^2) / (a - d y^2), and both curves have a d that is no square, so the denominator is never zero.
    bool ok = BN_mod_sqr(y2.get(), y.get(), p, scratch.get()) == 1 &&
              BN_mod_sub(numerator.get(), one.get(), y2.get(), p, scratch.get()) == 1 &&
              BN_mod_mul(denominator.get(), e.d.get(), y2.get(), p, scratch.get()) == 1;
    ok = ok && (e.a_is_minus_one ? BN_mod_add(denominator.get(), denominator.get(), one.get(), p, scratch.get()) == 1 &&
                                       BN_mod_sub(numerator.get(), y2.get(), one.get(), p, scratch.get()) == 1
                                 : BN_mod_sub(denominator.get(), one.get(), denominator.get(), p, scratch.get()) == 1);
    RequireOpenSsl(ok, "point arithmetic");
    if (!Divide(x2.get(), numerator.get(), denominator.get(), p, scratch.get())) return kNotAPoint;
    if (i == 0 && BN_kronecker(x2.get(), p, scratch.get()) == -1) return kNotAPoint;
    if (BN_is_one(y.get())) return kSmallOrder;
    if (i == e.doublings) return {};
    // y of twice the point is (y^2 - a x^2) / (1 - d x^2 y^2).
    ok = BN_mod_mul(dx2y2.get(), x2.get(), y2.get(), p, scratch.get()) == 1 &&
         BN_mod_mul(dx2y2.get(), dx2y2.get(), e.d.get(), p, scratch.get()) == 1 &&
         BN_mod_sub(denominator.get(), one.get(), dx2y2.get(), p, scratch.get()) == 1 &&
         (e.a_is_minus_one ? BN_mod_add(numerator.get(), y2.get(), x2.get(), p, scratch.get())
                           : BN_mod_sub(numerator.get(), y2.get(), x2.get(), p, scratch.get())) == 1;
    RequireOpenSsl(ok, "point arithmetic");
    if (!Divide(y.get(), numerator.get(), denominator.get(), p, scratch.get())) return kNotAPoint;
  }
}

}  // namespace jwt_auth::jose
