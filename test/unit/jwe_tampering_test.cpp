// Tokens cut at each length and changed in each bit.
#include "jwe_support.hpp"

namespace jwt_auth::jose {
namespace {

struct Sample {
  std::string name;
  KeySet keys;
  std::string token;
};

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const JweAlgorithm algorithm : AllJweAlgorithms()) {
    for (const JweEncryption encryption : {JweEncryption::kA128CbcHs256, JweEncryption::kA256Gcm}) {
      // With the algorithm in the JWK, so that passwords need nobody to say so.
      const bool direct = algorithm == JweAlgorithm::kDir;
      const std::string jwk =
          With(JwkFor(algorithm, encryption), {{"alg", Quoted(direct ? InfoOf(encryption).name : InfoOf(algorithm).name)}});
      Sample sample{std::string(InfoOf(algorithm).name) + " " + std::string(InfoOf(encryption).name), EncryptionKeys(jwk), ""};
      sample.token =
          Encrypt("the plaintext of a token", sample.keys, InfoOf(algorithm).name, InfoOf(encryption).name, kFewRounds);
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

TEST(JweTampering, ATokenCutAtAnyLengthIsMalformed) {
  for (const Sample &sample : Samples()) {
    SCOPED_TRACE(sample.name);
    ASSERT_ACCEPTED(Decrypted(sample.token, sample.keys));
    for (std::size_t size = 0; size < sample.token.size(); ++size) {
      EXPECT_REFUSED(Decrypted(sample.token.substr(0, size), sample.keys), kMalformed);
    }
    for (std::size_t start = 1; start < sample.token.find('.'); ++start) {
      EXPECT_FALSE(static_cast<bool>(Decrypted(sample.token.substr(start), sample.keys)));
    }
  }
}

TEST(JweTampering, ACharacterThatIsNotBase64UrlIsMalformed) {
  for (const Sample &sample : Samples()) {
    SCOPED_TRACE(sample.name);
    for (std::size_t i = 0; i < sample.token.size(); ++i) {
      for (const char c : {'!', '=', '+', '/', ' ', '\0', '\x80'}) {
        std::string changed = sample.token;
        changed[i] = c;
        EXPECT_REFUSED(Decrypted(changed, sample.keys), kMalformed);
      }
    }
  }
}

TEST(JweTampering, AChangedBitBehindTheHeaderIsUndecryptable) {
  for (const Sample &sample : Samples()) {
    SCOPED_TRACE(sample.name);
    const Parts parts(sample.token);
    const bool slow = sample.name.rfind("RSA", 0) == 0 || sample.name.rfind("PBES2", 0) == 0;
    for (std::size_t index = 1; index < 5; ++index) {
      for (std::size_t byte = 0; byte < parts.part[index].size(); ++byte) {
        for (int bit = 0; bit < 8; ++bit) {
          if (slow && bit != static_cast<int>(byte % 8)) continue;
          Parts changed = parts;
          changed.part[index][byte] = static_cast<char>(changed.part[index][byte] ^ (1 << bit));
          EXPECT_UNDECRYPTABLE(Decrypted(changed.Join(), sample.keys));
        }
      }
    }
  }
}

TEST(JweTampering, AChangedBitOfTheHeaderHasTheRefusalOfWhatItSaysThen) {
  const KeySet keys = EncryptionKeys(OctJwk(std::string(16, 'k')));
  const Parts parts(Encrypt("x", keys, "A128KW", "A128GCM"));
  int undecryptable = 0;
  for (std::size_t byte = 0; byte < parts.part[0].size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      Parts changed = parts;
      changed.part[0][byte] = static_cast<char>(changed.part[0][byte] ^ (1 << bit));
      SCOPED_TRACE(changed.part[0]);
      const auto result = Decrypted(changed.Join(), keys);
      const auto header = ParseJsonObject(changed.part[0]);
      if (!header || !header->root().Find("alg") || !header->root().Find("enc")) {
        EXPECT_REFUSED(result, kMalformed);
      } else if (Member(header->root(), "alg") != "A128KW" || Member(header->root(), "enc") != "A128GCM") {
        EXPECT_REFUSED(result, kAlgorithmNotAllowed);
      } else {
        EXPECT_UNDECRYPTABLE(result);
        ++undecryptable;
      }
    }
  }
  // White space in place of none there is not: no bit turns this header into another that means the same.
  EXPECT_EQ(undecryptable, 0);
  // One that says the same in other bytes is another header all the same.
  Parts spaced = parts;
  spaced.part[0].insert(1, " ");
  EXPECT_UNDECRYPTABLE(Decrypted(spaced.Join(), keys));
}

TEST(JweTampering, PartsOfTwoTokensDoNotMix) {
  const KeySet keys = EncryptionKeys(OctJwk(std::string(16, 'k')));
  const Parts one(Encrypt("one", keys, "A128KW", "A128GCM"));
  const Parts two(Encrypt("two", keys, "A128KW", "A128GCM"));
  for (std::size_t index = 1; index < 5; ++index) {
    Parts mixed = one;
    mixed.part[index] = two.part[index];
    EXPECT_UNDECRYPTABLE(Decrypted(mixed.Join(), keys));
  }
}

}  // namespace
}  // namespace jwt_auth::jose
