// Inside the library only: OpenSSL contexts that a key prepares on first use and keeps. Making one costs more than a
// signature under a symmetric key, and half as much as verifying one under RSA.
#pragma once

#include <array>
#include <cstddef>

#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {

struct Key::Contexts {
  std::array<OpenSslPtr<EVP_MAC_CTX>, kAlgorithmCount> mac;
  std::array<OpenSslPtr<EVP_PKEY_CTX>, kAlgorithmCount> sign;
  std::array<OpenSslPtr<EVP_PKEY_CTX>, kAlgorithmCount> verify;
  SecretBytes order;  // of an EC curve's group, as long as a coordinate
};

}  // namespace jwt_auth::jose
