// The parts of jose/crypto that callers reach with well-formed values only, asked directly.
#include <gtest/gtest.h>
#include <openssl/ecdsa.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "jose/crypto/aes_gcm.hpp"
#include "jose/crypto/ecdsa_der.hpp"

namespace jwt_auth::jose {
namespace {

// OpenSSL's own DER of the same numbers.
std::string DerOf(const std::string &r, const std::string &s) {
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(), &ECDSA_SIG_free);
  const auto number = [](const std::string &bytes) {
    return BN_bin2bn(reinterpret_cast<const unsigned char *>(bytes.data()), static_cast<int>(bytes.size()), nullptr);
  };
  EXPECT_EQ(ECDSA_SIG_set0(signature.get(), number(r), number(s)), 1);
  unsigned char *der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<char *>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

TEST(EcdsaDer, IsWhatOpenSslMakesOfNumbersOfEachLength) {
  for (const char first : {'\x01', '\x7f', '\x80', '\xff'}) {
    for (std::size_t r_size = 1; r_size <= 66; ++r_size) {
      for (std::size_t s_size = 1; s_size <= 66; ++s_size) {
        const std::string r = first + std::string(r_size - 1, '\x2a');
        const std::string s = '\x7f' + std::string(s_size - 1, '\x80');
        const std::string padded_r = std::string(66 - r_size, '\0') + r;
        const std::string padded_s = std::string(66 - s_size, '\0') + s;
        const std::string der = DerOf(r, s);
        ASSERT_EQ(EcdsaDer(padded_r, padded_s).text(), der) << r_size << " " << s_size;
        ASSERT_EQ(EcdsaFromDer(der, 66), padded_r + padded_s) << r_size << " " << s_size;
      }
    }
  }
}

TEST(EcdsaDer, NothingElseIsReadAsASignature) {
  const std::string der = DerOf("\x01\x02", "\x03");
  ASSERT_EQ(EcdsaFromDer(der, 2), std::string("\x01\x02\0\x03", 4));
  for (std::size_t size = 0; size < der.size(); ++size)
    EXPECT_THROW(EcdsaFromDer(der.substr(0, size), 2), std::runtime_error) << size;
  // Not an INTEGER, one of no bytes, one that goes on behind the end, and one that is too large.
  for (const std::string &rest : {std::string("\x03\x01\x01", 3), std::string("\x02\x00", 2), std::string("\x02\x02\x01", 3)})
    EXPECT_THROW(EcdsaFromDer("\x30" + std::string(1, static_cast<char>(rest.size() + 3)) + "\x02\x01\x01" + rest, 2),
                 std::runtime_error);
  EXPECT_THROW(EcdsaFromDer(der, 1), std::runtime_error);
}

TEST(AesGcm, IvAndTagHaveOneLength) {
  const std::string key(16, 'k');
  const std::string iv(kGcmIvSize, 'i');
  for (const std::string &plaintext : {std::string(), std::string("text")}) {
    const SealedContent sealed = SealWithGcm(key, iv, "additional", plaintext);
    const auto opens = [&](std::string_view with_iv, std::string_view with_tag) {
      return OpenWithGcm(key, with_iv, "additional", sealed.ciphertext, with_tag).has_value();
    };
    EXPECT_TRUE(opens(iv, sealed.tag));
    // The right bytes are behind each of these, so that reading on would not be noticed otherwise.
    EXPECT_FALSE(opens(std::string_view(iv).substr(0, kGcmIvSize - 1), sealed.tag));
    EXPECT_FALSE(opens(iv + "i", sealed.tag));
    EXPECT_FALSE(opens(iv, std::string_view(sealed.tag).substr(0, kGcmTagSize - 1)));
    EXPECT_FALSE(opens(iv, sealed.tag + std::string(1, '\0')));
  }
}

}  // namespace
}  // namespace jwt_auth::jose
