#include "jose/crypto/key_wrap.hpp"

#include "jose/crypto/openssl.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kSemiblock = 8;

const unsigned char *Bytes(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }

const EVP_CIPHER *CipherFor(std::string_view key) {
  return FetchedCipher(key.size() == 16 ? "AES-128-WRAP" : key.size() == 24 ? "AES-192-WRAP" : "AES-256-WRAP");
}

// OpenSSL refuses wrap modes to whoever does not ask for them, because their update is not incremental.
OpenSslPtr<EVP_CIPHER_CTX> NewContext() {
  OpenSslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  RequireOpenSsl(context != nullptr, "AES key wrap");
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  return context;
}

}  // namespace

std::string WrapKey(std::string_view wrapping_key, std::string_view key) {
  const auto context = NewContext();
  std::string wrapped(key.size() + kSemiblock, '\0');
  int written = 0;
  RequireOpenSsl(EVP_EncryptInit_ex2(context.get(), CipherFor(wrapping_key), Bytes(wrapping_key), nullptr, nullptr) == 1 &&
                     EVP_EncryptUpdate(context.get(), reinterpret_cast<unsigned char *>(wrapped.data()), &written, Bytes(key),
                                       static_cast<int>(key.size())) == 1 &&
                     static_cast<std::size_t>(written) == wrapped.size(),
                 "AES key wrap");
  return wrapped;
}

std::optional<SecretBytes> UnwrapKey(std::string_view wrapping_key, std::string_view wrapped) {
  constexpr std::size_t kLongest = 64 + kSemiblock;  // no content key is longer than that of A256CBC-HS512
  if (wrapped.size() < 3 * kSemiblock || wrapped.size() > kLongest || wrapped.size() % kSemiblock != 0) return std::nullopt;
  const auto context = NewContext();
  SecretBytes key(wrapped.size());
  int written = 0;
  RequireOpenSsl(EVP_DecryptInit_ex2(context.get(), CipherFor(wrapping_key), Bytes(wrapping_key), nullptr, nullptr) == 1,
                 "AES key wrap");
  if (EVP_DecryptUpdate(context.get(), key.data(), &written, Bytes(wrapped), static_cast<int>(wrapped.size())) != 1) {
    DrainErrorQueue();
    return std::nullopt;
  }
  key.resize(static_cast<std::size_t>(written));
  return key;
}

}  // namespace jwt_auth::jose
