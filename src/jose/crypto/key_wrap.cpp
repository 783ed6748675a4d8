#include "jose/crypto/key_wrap.hpp"

#include <algorithm>
#include <cstdint>

#include "jose/crypto/openssl.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kSemiblock = 8;
constexpr std::size_t kBlock = 16;
constexpr int kRounds = 6;
// What stands before the key while it is wrapped, and must come out again (RFC 3394 section 2.2.3.1).
constexpr std::string_view kInitialValue = "\xA6\xA6\xA6\xA6\xA6\xA6\xA6\xA6";

const unsigned char *Bytes(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }

// The cipher on single blocks. OpenSSL's own wrap mode reads tables at places that depend on the key (up to 3.5); its block
// mode uses the processor's instructions or code without tables.
class Block {
 public:
  Block(std::string_view key, bool encrypts) : context_(EVP_CIPHER_CTX_new()) {
    const EVP_CIPHER *cipher = FetchedCipher(key.size() == 16   ? "AES-128-ECB"
                                             : key.size() == 24 ? "AES-192-ECB"
                                                                : "AES-256-ECB");
    RequireOpenSsl(context_ &&
                       EVP_CipherInit_ex2(context_.get(), cipher, Bytes(key), nullptr, encrypts ? 1 : 0, nullptr) == 1 &&
                       EVP_CIPHER_CTX_set_padding(context_.get(), 0) == 1,
                   "AES key wrap");
  }
  void Transform(SecretBytes &block) const {
    int written = 0;
    RequireOpenSsl(EVP_CipherUpdate(context_.get(), block.data(), &written, block.data(), kBlock) == 1 && written == kBlock,
                   "AES key wrap");
  }

 private:
  OpenSslPtr<EVP_CIPHER_CTX> context_;
};

// The number of a step, big-endian, over the first half of a block.
void MixIn(std::uint64_t step, SecretBytes &block) {
  for (std::size_t i = kSemiblock; i-- > 0; step >>= 8) block[i] ^= static_cast<unsigned char>(step);
}

}  // namespace

std::string WrapKey(std::string_view wrapping_key, std::string_view key) {
  const Block cipher(wrapping_key, true);
  std::string wrapped(kSemiblock, '\0');
  wrapped.append(key);
  const std::size_t count = key.size() / kSemiblock;
  SecretBytes block(Bytes(kInitialValue), Bytes(kInitialValue) + kSemiblock);
  block.resize(kBlock);
  for (std::uint64_t step = 1; step <= kRounds * count; ++step) {
    char *part = wrapped.data() + ((step - 1) % count + 1) * kSemiblock;
    std::copy_n(part, kSemiblock, block.begin() + kSemiblock);
    cipher.Transform(block);
    MixIn(step, block);
    std::copy_n(block.begin() + kSemiblock, kSemiblock, part);
  }
  std::copy_n(block.begin(), kSemiblock, wrapped.begin());
  return wrapped;
}

std::optional<SecretBytes> UnwrapKey(std::string_view wrapping_key, std::string_view wrapped) {
  constexpr std::size_t kLongest = 64 + kSemiblock;  // no content key is longer than that of A256CBC-HS512
  if (wrapped.size() < 3 * kSemiblock || wrapped.size() > kLongest || wrapped.size() % kSemiblock != 0) return std::nullopt;
  const Block cipher(wrapping_key, false);
  SecretBytes key(Bytes(wrapped) + kSemiblock, Bytes(wrapped) + wrapped.size());
  const std::size_t count = key.size() / kSemiblock;
  SecretBytes block(Bytes(wrapped), Bytes(wrapped) + kSemiblock);
  block.resize(kBlock);
  for (std::uint64_t step = kRounds * count; step > 0; --step) {
    unsigned char *part = key.data() + (step - 1) % count * kSemiblock;
    std::copy_n(part, kSemiblock, block.begin() + kSemiblock);
    MixIn(step, block);
    cipher.Transform(block);
    std::copy_n(block.begin() + kSemiblock, kSemiblock, part);
  }
  if (!EqualInConstantTime(AsText(block).substr(0, kSemiblock), kInitialValue)) return std::nullopt;
  return key;
}

}  // namespace jwt_auth::jose
