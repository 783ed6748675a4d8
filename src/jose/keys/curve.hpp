// Inside the library only: the curves, by their JWK names.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "jose/jws/algorithm.hpp"
#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {

struct CurveInfo {
  Curve curve;
  KeyType type;
  std::string_view name;           // as in `crv`
  const char *openssl_name;        // group name for kEc, key type for kOkp
  std::size_t size;                // bytes of a coordinate, a scalar, a raw key
  std::optional<Algorithm> signs;  // none for X25519 and X448
};
const CurveInfo &InfoOf(Curve curve);  // not for kNone
const CurveInfo *CurveNamed(std::string_view name);

}  // namespace jwt_auth::jose
