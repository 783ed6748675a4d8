// Raw signatures: the wrong forms of right ones.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "jose/crypto/ecdsa_der.hpp"
#include "support.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::string_view kData = "what was signed";

class Each : public testing::TestWithParam<std::pair<const char *, Algorithm>> {
 protected:
  KeySet keys_ = Keys(Generate(GetParam().first));
  const Key &key_ = keys_.keys.front();
  Algorithm algorithm_ = GetParam().second;
};

TEST_P(Each, LongerAndShorterSignaturesAreRefused) {
  const std::string good = *key_.Sign(algorithm_, kData);
  EXPECT_ACCEPTED(key_.Verify(algorithm_, kData, good));
  for (std::size_t size = 0; size<good.size(); size += good.size()> 64 ? 7 : 1) {
    EXPECT_REFUSED(key_.Verify(algorithm_, kData, good.substr(0, size)), kBadSignature) << size;
  }
  EXPECT_REFUSED(key_.Verify(algorithm_, kData, good + std::string(1, '\0')), kBadSignature);
  EXPECT_REFUSED(key_.Verify(algorithm_, kData, std::string(1, '\0') + good), kBadSignature);
  EXPECT_REFUSED(key_.Verify(algorithm_, kData, good + good), kBadSignature);
}

TEST_P(Each, OtherDataAreRefused) {
  const std::string good = *key_.Sign(algorithm_, kData);
  EXPECT_REFUSED(key_.Verify(algorithm_, "what was not signed", good), kBadSignature);
  EXPECT_REFUSED(key_.Verify(algorithm_, "", good), kBadSignature);
  EXPECT_ACCEPTED(key_.Verify(algorithm_, kData, good));
}

TEST_P(Each, ContextsMayBeUsedAgainAndAgain) {
  for (int i = 0; i < 20; ++i) {
    const std::string data = std::to_string(i);
    const std::string good = *key_.Sign(algorithm_, data);
    std::string bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    EXPECT_REFUSED(key_.Verify(algorithm_, data, bad), kBadSignature);
    EXPECT_ACCEPTED(key_.Verify(algorithm_, data, good));
  }
}

TEST_P(Each, TheEmptyMessageCanBeSigned) {
  const std::string good = *key_.Sign(algorithm_, "");
  EXPECT_ACCEPTED(key_.Verify(algorithm_, "", good));
}

INSTANTIATE_TEST_SUITE_P(Signature, Each,
                         testing::Values(std::make_pair("HS256", Algorithm::kHS256), std::make_pair("HS384", Algorithm::kHS384),
                                         std::make_pair("HS512", Algorithm::kHS512), std::make_pair("RS256", Algorithm::kRS256),
                                         std::make_pair("RS384", Algorithm::kRS384), std::make_pair("RS512", Algorithm::kRS512),
                                         std::make_pair("PS256", Algorithm::kPS256), std::make_pair("PS384", Algorithm::kPS384),
                                         std::make_pair("PS512", Algorithm::kPS512), std::make_pair("ES256", Algorithm::kES256),
                                         std::make_pair("ES384", Algorithm::kES384), std::make_pair("ES512", Algorithm::kES512),
                                         std::make_pair("ES256K", Algorithm::kES256K),
                                         std::make_pair("Ed25519", Algorithm::kEd25519),
                                         std::make_pair("Ed448", Algorithm::kEd448)));

// Number of `size` bytes, big-endian.
std::string Number(const BIGNUM *value, std::size_t size) {
  std::string out(size, '\0');
  BN_bn2binpad(value, reinterpret_cast<unsigned char *>(out.data()), static_cast<int>(size));
  return out;
}
OpenSslPtr<BIGNUM> NumberOf(std::string_view bytes) {
  return OpenSslPtr<BIGNUM>(
      BN_bin2bn(reinterpret_cast<const unsigned char *>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}

TEST(Ecdsa, RAndSOutsideTheirRangeAreRefused) {
  for (const auto &[name, algorithm, size] : {std::make_tuple("ES256", Algorithm::kES256, std::size_t{32}),
                                              std::make_tuple("ES384", Algorithm::kES384, std::size_t{48}),
                                              std::make_tuple("ES512", Algorithm::kES512, std::size_t{66}),
                                              std::make_tuple("ES256K", Algorithm::kES256K, std::size_t{32})}) {
    SCOPED_TRACE(name);
    const KeySet keys = Keys(Generate(name));
    const Key &key = keys.keys.front();
    BIGNUM *raw = nullptr;
    ASSERT_EQ(EVP_PKEY_get_bn_param(key.pkey(), OSSL_PKEY_PARAM_EC_ORDER, &raw), 1);
    const OpenSslPtr<BIGNUM> order(raw);
    const std::string n = Number(order.get(), size);
    const std::string zero(size, '\0');
    const std::string all(size, '\xFF');
    const std::string good = *key.Sign(algorithm, kData);
    const std::string r = good.substr(0, size);
    const std::string s = good.substr(size);
    for (const std::string &bad :
         {zero + zero, zero + s, r + zero, n + s, r + n, n + n, all + all, all + s, r + all, zero + n}) {
      EXPECT_REFUSED(key.Verify(algorithm, kData, bad), kBadSignature);
    }
    // r and s plus n, where it still fits.
    for (const bool in_s : {false, true}) {
      const auto sum = NumberOf(in_s ? s : r);
      BN_add(sum.get(), sum.get(), order.get());
      if (static_cast<std::size_t>(BN_num_bytes(sum.get())) > size) continue;
      const std::string shifted = Number(sum.get(), size);
      EXPECT_REFUSED(key.Verify(algorithm, kData, in_s ? r + shifted : shifted + s), kBadSignature);
    }
    EXPECT_REFUSED(key.Verify(algorithm, kData, s + r), kBadSignature);
  }
}

TEST(Ecdsa, DerIsRefused) {
  const KeySet keys = Keys(Generate("ES256"));
  const Key &key = keys.keys.front();
  for (int i = 0; i < 8; ++i) {
    const std::string good = *key.Sign(Algorithm::kES256, std::to_string(i));
    const EcdsaDer der(std::string_view(good).substr(0, 32), std::string_view(good).substr(32));
    EXPECT_REFUSED(key.Verify(Algorithm::kES256, std::to_string(i), der.text()), kBadSignature);
  }
}

TEST(Ecdsa, DerAndRawAreTheSameSignature) {
  for (const std::size_t size : {32U, 48U, 66U}) {
    for (const std::string &number :
         {std::string(size, '\xFF'), std::string(size, '\x7F'), std::string(size - 1, '\0') + "\x01",
          std::string(size - 1, '\0') + "\x80", std::string(1, '\0') + std::string(size - 1, '\x90')}) {
      for (const std::string &other : {std::string(size, '\x80'), std::string(size - 1, '\0') + "\x02"}) {
        EXPECT_EQ(EcdsaFromDer(EcdsaDer(number, other).text(), size), number + other);
        EXPECT_EQ(EcdsaFromDer(EcdsaDer(other, number).text(), size), other + number);
      }
    }
  }
}

TEST(Pss, OnlyASaltAsLongAsTheHashIsAccepted) {
  const KeySet keys = Keys(Generate("PS256"));
  const Key &key = keys.keys.front();
  std::string digest(32, '\0');
  HashInto(Digest::kSha256, kData, reinterpret_cast<unsigned char *>(digest.data()));
  for (const int salt : {0, 20, 31, 32, 33, 64, 222}) {
    const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.pkey(), nullptr));
    EVP_PKEY_sign_init(context.get());
    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256());
    EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), salt);
    std::string signature(256, '\0');
    std::size_t size = signature.size();
    ASSERT_EQ(EVP_PKEY_sign(context.get(), reinterpret_cast<unsigned char *>(signature.data()), &size,
                            reinterpret_cast<const unsigned char *>(digest.data()), digest.size()),
              1);
    EXPECT_EQ(static_cast<bool>(key.Verify(Algorithm::kPS256, kData, signature)), salt == 32) << salt;
  }
}

TEST(Rsa, PkcsAndPssAreNotMixedUp) {
  const KeySet keys = Keys(With(Generate("RS256"), {{"alg", ""}}));
  const Key &key = keys.keys.front();
  const std::string pkcs = *key.Sign(Algorithm::kRS256, kData);
  const std::string pss = *key.Sign(Algorithm::kPS256, kData);
  EXPECT_REFUSED(key.Verify(Algorithm::kPS256, kData, pkcs), kBadSignature);
  EXPECT_REFUSED(key.Verify(Algorithm::kRS256, kData, pss), kBadSignature);
  EXPECT_REFUSED(key.Verify(Algorithm::kRS512, kData, pkcs), kBadSignature);
  EXPECT_REFUSED(key.Verify(Algorithm::kRS256, kData, std::string(256, '\0')), kBadSignature);
  EXPECT_REFUSED(key.Verify(Algorithm::kRS256, kData, std::string(256, '\xFF')), kBadSignature);
  EXPECT_REFUSED(key.Verify(Algorithm::kRS256, kData, BytesOf(Generate("RS256"), "n")), kBadSignature);
}

TEST(EdDsa, SPlusTheOrderIsRefused) {
  const char *orders[] = {
      "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
      "3fffffffffffffffffffffffffffffffffffffffffffffffffffffff7cca23e9c44edb49aed63690216cc2728dc58f552378c292ab5844f3"};
  int index = 0;
  for (const auto &[name, algorithm, size] : {std::make_tuple("Ed25519", Algorithm::kEd25519, std::size_t{32}),
                                              std::make_tuple("Ed448", Algorithm::kEd448, std::size_t{57})}) {
    const KeySet keys = Keys(Generate(name));
    const Key &key = keys.keys.front();
    BIGNUM *raw = nullptr;
    BN_hex2bn(&raw, orders[index++]);
    const OpenSslPtr<BIGNUM> order(raw);
    const std::string good = *key.Sign(algorithm, kData);
    std::string little = good.substr(size);
    std::reverse(little.begin(), little.end());
    const auto s = NumberOf(little);
    EXPECT_LT(BN_cmp(s.get(), order.get()), 0);
    BN_add(s.get(), s.get(), order.get());
    std::string shifted = Number(s.get(), size);
    std::reverse(shifted.begin(), shifted.end());
    EXPECT_REFUSED(key.Verify(algorithm, kData, good.substr(0, size) + shifted), kBadSignature) << name;
    EXPECT_REFUSED(key.Verify(algorithm, kData, std::string(size * 2, '\0')), kBadSignature) << name;
    EXPECT_ACCEPTED(key.Verify(algorithm, kData, good));
  }
}

TEST(Key, RefusesAlgorithmsThatAreNotItsOwn) {
  const KeySet keys = Keys(Generate("ES256"));
  EXPECT_REFUSED(keys.keys.front().Sign(Algorithm::kES384, kData), kAlgorithmNotAllowed);
  EXPECT_REFUSED(keys.keys.front().Sign(Algorithm::kHS256, kData), kAlgorithmNotAllowed);
  EXPECT_REFUSED(keys.keys.front().Verify(Algorithm::kRS256, kData, "x"), kAlgorithmNotAllowed);
}

TEST(OpenSsl, HashesAndMacs) {
  EXPECT_EQ(EncodeBase64Url(Sha256("abc")), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  EXPECT_EQ(EncodeBase64Url(AsText(Hmac(Digest::kSha256, "Jefe", "what do ya want for nothing?"))),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
  EXPECT_EQ(Hmac(Digest::kSha512, "", "").size(), 64U);
  EXPECT_NE(AsText(RandomBytes(32)), AsText(RandomBytes(32)));
  EXPECT_TRUE(EqualInConstantTime("abc", "abc"));
  EXPECT_FALSE(EqualInConstantTime("abc", "abd"));
  EXPECT_FALSE(EqualInConstantTime("abc", "abcd"));
  EXPECT_TRUE(EqualInConstantTime("", ""));
}

}  // namespace
}  // namespace jwt_auth::jose
