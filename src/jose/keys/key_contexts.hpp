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
  SecretBytes order;             // of an EC curve's group, as long as a coordinate
  bool rsa_is_doubtful = false;  // see RsaUse
};

// One use of a private RSA key. OpenSSL keeps blinding numbers with the key, changes them at each use and makes new ones at
// every 32nd. Where memory runs out meanwhile, OpenSSL 3.0 goes on with numbers that do not match: until they are made anew,
// each signature is wrong, this one too, and ciphertexts are refused. So signatures are verified, and after a use that was not
// Done(), nothing is decrypted until the numbers are known to match.
class RsaUse {
 public:
  static constexpr int kUntilRenewed = 33;

  explicit RsaUse(const Key &key);
  ~RsaUse();
  RsaUse(const RsaUse &) = delete;
  RsaUse &operator=(const RsaUse &) = delete;
  bool is_doubtful() const noexcept { return contexts_.rsa_is_doubtful; }
  void Done() noexcept { done_ = true; }

 private:
  Key::Contexts &contexts_;
  bool done_ = false;
};

}  // namespace jwt_auth::jose
