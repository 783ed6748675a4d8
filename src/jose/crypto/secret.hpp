// Memory for secrets: it is cleansed when it is given back.
#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace jwt_auth::jose {

// Overwrites what it frees (OPENSSL_cleanse, which no optimiser removes).
template <class T>
struct CleansingAllocator {
  using value_type = T;

  CleansingAllocator() = default;
  template <class U>
  CleansingAllocator(const CleansingAllocator<U> &) {}  // NOLINT(google-explicit-constructor)

  T *allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T *memory, std::size_t n) {
    OPENSSL_cleanse(memory, n * sizeof(T));
    std::allocator<T>().deallocate(memory, n);
  }
};

template <class T, class U>
bool operator==(const CleansingAllocator<T> &, const CleansingAllocator<U> &) {
  return true;
}
template <class T, class U>
bool operator!=(const CleansingAllocator<T> &, const CleansingAllocator<U> &) {
  return false;
}

// Bytes that must not linger: key material, plaintexts, private JWKs. A vector, not a string: a string keeps short contents
// inside itself, where no allocator sees them. Deliberately without operator<<.
using SecretBytes = std::vector<unsigned char, CleansingAllocator<unsigned char>>;

inline std::string_view AsText(const SecretBytes &bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}
inline void Append(SecretBytes &bytes, std::string_view text) { bytes.insert(bytes.end(), text.begin(), text.end()); }

}  // namespace jwt_auth::jose
