// Inside the library only: ECDSA signatures between JOSE's r||s and OpenSSL's DER, without OpenSSL's objects for it, which
// cost a hundred times more.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace jwt_auth::jose {

// SEQUENCE { INTEGER r, INTEGER s } of two big-endian numbers of up to 66 bytes, neither of them zero.
class EcdsaDer {
 public:
  EcdsaDer(std::string_view r, std::string_view s);
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 3 + 2 * (2 + 1 + 66)> bytes_;
  std::size_t size_ = 0;
};

// r||s, each `size` bytes, from a DER signature that OpenSSL made.
std::string EcdsaFromDer(std::string_view der, std::size_t size);

}  // namespace jwt_auth::jose
