// What the tests of encrypted tokens share.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "jose/jwe/content_encryption.hpp"
#include "jose/jwe/jwe.hpp"
#include "support.hpp"

namespace jwt_auth::jose {

inline KeySet EncryptionKeys(std::string_view text) { return Keys(text, KeyPurpose::kEncryption); }

inline Result<std::string> TryEncrypt(std::string_view plaintext, const KeySet &keys, std::string_view alg,
                                      std::string_view enc, std::string_view header = "") {
  JweOptions options;
  options.alg = alg;
  options.enc = enc;
  JsonDocument extra;
  if (!header.empty()) {
    extra = std::move(*ParseJson(header));
    options.extra_header = &extra;
  }
  return EncryptJwe(plaintext, keys, options);
}

inline std::string Encrypt(std::string_view plaintext, const KeySet &keys, std::string_view alg, std::string_view enc,
                           std::string_view header = "") {
  auto token = TryEncrypt(plaintext, keys, alg, enc, header);
  if (!token) throw std::runtime_error(std::string("cannot encrypt: ") + token.error().detail);
  return *token;
}

// The plaintext of a token, or why it is refused.
inline Result<std::string> Decrypted(std::string_view token, const KeySet &keys,
                                     std::optional<JweAlgorithmSet> algorithms = std::nullopt,
                                     JweEncryptionSet encryptions = JweEncryptionSet::All()) {
  auto parsed = UnverifiedJwe::Parse(token);
  if (!parsed) return parsed.error();
  auto decrypted = DecryptJwe(std::move(*parsed), keys, algorithms, encryptions);
  if (!decrypted) return decrypted.error();
  return std::string(AsText(decrypted->plaintext()));
}

// kUndecryptable, and not a word about why.
#define EXPECT_UNDECRYPTABLE(result)              \
  do {                                            \
    const auto &refused = (result);               \
    EXPECT_REFUSED(refused, kUndecryptable);      \
    if (!refused) {                               \
      EXPECT_EQ(refused.error().detail, nullptr); \
    }                                             \
  } while (false)

// The five parts of a token, decoded, to be changed and put together again.
struct Parts {
  std::array<std::string, 5> part;

  explicit Parts(std::string_view token) {
    for (std::string &one : part) {
      const std::size_t dot = token.find('.');
      one = *DecodeBase64Url(token.substr(0, dot));
      token.remove_prefix(dot == std::string_view::npos ? token.size() : dot + 1);
    }
  }
  std::string Join() const {
    std::string token;
    for (const std::string &one : part) token += (&one == part.data() ? "" : ".") + EncodeBase64Url(one);
    return token;
  }
};

// A token with any header and encrypted key, its content encrypted with this key.
inline std::string ForgeJwe(std::string_view header, std::string_view encrypted_key, JweEncryption encryption,
                            std::string_view content_key, std::string_view plaintext) {
  const std::string encoded = EncodeBase64Url(header);
  const std::string iv(InfoOf(encryption).iv_size, 'i');
  const SealedContent sealed = EncryptContent(encryption, content_key, iv, encoded, plaintext);
  std::string token = encoded;
  for (const std::string_view part :
       {encrypted_key, std::string_view(iv), std::string_view(sealed.ciphertext), std::string_view(sealed.tag)}) {
    token += "." + EncodeBase64Url(part);
  }
  return token;
}

// RSA keys take long to make.
inline const std::string &RsaEncryptionJwk() {
  static const std::string jwk = With(Generate("RSA-OAEP-256"), {{"alg", ""}, {"kid", ""}});
  return jwk;
}

inline std::string OctJwk(std::string_view secret) { return "{\"kty\":\"oct\",\"k\":\"" + EncodeBase64Url(secret) + "\"}"; }

inline std::vector<JweAlgorithm> AllJweAlgorithms() {
  std::vector<JweAlgorithm> all;
  for (int i = 0; i < kJweAlgorithmCount; ++i) all.push_back(static_cast<JweAlgorithm>(i));
  return all;
}
inline std::vector<JweEncryption> AllJweEncryptions() {
  std::vector<JweEncryption> all;
  for (int i = 0; i < kJweEncryptionCount; ++i) all.push_back(static_cast<JweEncryption>(i));
  return all;
}

// A fresh key for the algorithm, without kid and alg.
inline std::string JwkFor(JweAlgorithm algorithm, JweEncryption encryption, std::string_view curve = "") {
  if (InfoOf(algorithm).family == JweFamily::kRsaOaep) return RsaEncryptionJwk();
  const bool direct = algorithm == JweAlgorithm::kDir;
  return With(Generate(direct ? InfoOf(encryption).name : InfoOf(algorithm).name, curve), {{"alg", ""}, {"kid", ""}});
}

constexpr std::string_view kFewRounds = R"({"p2c":1000})";

}  // namespace jwt_auth::jose
