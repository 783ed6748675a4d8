#include "jose/keys/curve.hpp"

#include <array>

namespace jwt_auth::jose {
namespace {

constexpr std::array<CurveInfo, 8> kCurves{{
    {Curve::kP256, KeyType::kEc, "P-256", "P-256", 32, Algorithm::kES256},
    {Curve::kP384, KeyType::kEc, "P-384", "P-384", 48, Algorithm::kES384},
    {Curve::kP521, KeyType::kEc, "P-521", "P-521", 66, Algorithm::kES512},
    {Curve::kSecp256k1, KeyType::kEc, "secp256k1", "secp256k1", 32, Algorithm::kES256K},
    {Curve::kEd25519, KeyType::kOkp, "Ed25519", "ED25519", 32, Algorithm::kEd25519},
    {Curve::kEd448, KeyType::kOkp, "Ed448", "ED448", 57, Algorithm::kEd448},
    {Curve::kX25519, KeyType::kOkp, "X25519", "X25519", 32, std::nullopt},
    {Curve::kX448, KeyType::kOkp, "X448", "X448", 56, std::nullopt},
}};

}  // namespace

const CurveInfo &InfoOf(Curve curve) { return kCurves[static_cast<std::size_t>(curve) - 1]; }

const CurveInfo *CurveNamed(std::string_view name) {
  for (const auto &info : kCurves) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

}  // namespace jwt_auth::jose
