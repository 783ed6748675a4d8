// Taking encrypted tokens apart and opening them.
#include "jose/jwe/jwe.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "jose/interruption.hpp"
#include "jose/json/base64url.hpp"
#include "jose/jwe/content_encryption.hpp"
#include "jose/jwe/jwe_keys.hpp"
#include "jose/jwe/key_management.hpp"
#include "jose/jws/header_members.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kMaxKeysTried = 16;
constexpr std::size_t kMaxPasswordsTried = 1;

constexpr Error kUndecryptable{ErrorCode::kUndecryptable, nullptr};

constexpr Error Malformed(const char *detail) { return {ErrorCode::kMalformed, detail}; }

// Cuts at the dots; false unless there are exactly five parts. Looks no further than the fifth dot.
bool CutInFive(std::string_view token, std::array<std::string_view, 5> &parts) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = token.find('.');
    if (dot == std::string_view::npos) return false;
    parts[i] = token.substr(0, dot);
    token.remove_prefix(dot + 1);
  }
  parts[4] = token;
  return token.find('.') == std::string_view::npos;
}

bool IsCutInThree(std::string_view token) { return std::count(token.begin(), token.end(), '.') == 2; }

// Everything about a token but the key.
struct Opening {
  const UnverifiedJwe *token;
  JweAlgorithm algorithm;
  JweEncryption encryption;
  KeyManagementHeader header;
  bool may_be_password;  // the caller named the algorithm
};

// Whether the key is one to try, and otherwise why not.
Result<void> MayOpen(const Key &key, const Opening &opening) {
  if (!MayDecrypt(key)) return Error{ErrorCode::kUnusableKey, "key is not for decrypting"};
  if (!KeyAllows(key, opening.algorithm, opening.encryption, opening.may_be_password)) {
    return Error{ErrorCode::kAlgorithmNotAllowed, "the token names one that the key is not for"};
  }
  if (!MayDecryptWith(key, opening.algorithm)) return Error{ErrorCode::kUnusableKey, "key is not for decrypting"};
  return {};
}

// All failures look alike: decrypts with a random key if unwrapping failed (RFC 7516 section 11.5).
std::optional<SecretBytes> Open(const Key &key, const Opening &opening) {
  const UnverifiedJwe &token = *opening.token;
  SecretBytes content_key = RandomBytes(InfoOf(opening.encryption).key_size);
  auto unpacked = UnpackContentKey(key, opening.algorithm, opening.encryption, opening.header, token.encrypted_key());
  const bool is_right = unpacked && unpacked->size() == content_key.size();
  if (is_right) content_key.swap(*unpacked);
  auto plaintext = DecryptContent(opening.encryption, AsText(content_key), token.iv(), token.additional_data(),
                                  token.ciphertext(), token.tag());
  if (!is_right) return std::nullopt;
  return plaintext;
}

struct Opened {
  const Key *key;
  SecretBytes plaintext;
};

Result<Opened> OpenWithOne(const Key &key, const Opening &opening) {
  if (auto may = MayOpen(key, opening); !may) return may.error();
  auto plaintext = Open(key, opening);
  if (!plaintext) return kUndecryptable;
  return Opened{&key, std::move(*plaintext)};
}

// Tries the keys that the token may mean: those of its kid, or all where it names none.
Result<Opened> OpenWithAny(const KeySet &keys, const Opening &opening) {
  const bool by_password = InfoOf(opening.algorithm).family == JweFamily::kPbes2;
  const std::size_t max_tried = by_password ? kMaxPasswordsTried : kMaxKeysTried;
  const auto &kid = opening.token->kid();
  Error refusal{ErrorCode::kNoSuchKey, kid ? "no key has the kid of the token" : "no key of the set is for decrypting"};
  std::size_t tried = 0;
  for (const Key &key : keys.keys) {
    if (tried == max_tried) break;
    if (kid && (!key.kid() || *key.kid() != *kid)) continue;
    auto opened = OpenWithOne(key, opening);
    if (opened) return opened;
    // Report the refusal of the key that came closest to decrypting.
    switch (opened.error().code) {
      case ErrorCode::kUndecryptable:
        ++tried;
        refusal = opened.error();
        break;
      case ErrorCode::kAlgorithmNotAllowed:
        if (tried == 0) refusal = opened.error();
        break;
      case ErrorCode::kUnusableKey:
        // The token is to blame, which names a key that its recipient has for something else.
        if (kid && refusal.code == ErrorCode::kNoSuchKey)
          refusal = {ErrorCode::kNoSuchKey, "the key with the kid of the token is not for decrypting"};
        break;
      default:
        return opened.error();
    }
    if (IsInterrupted()) return kInterrupted;
  }
  return refusal;
}

Result<Opened> OpenWith(const KeySet &keys, const Opening &opening) {
  if (keys.is_jwks) return OpenWithAny(keys, opening);
  const auto &kid = opening.token->kid();
  const Key &key = keys.keys.front();
  if (kid && key.kid() && *key.kid() != *kid) return Error{ErrorCode::kNoSuchKey, "no key has the kid of the token"};
  return OpenWithOne(key, opening);
}

}  // namespace

Result<UnverifiedJwe> UnverifiedJwe::Parse(std::string_view token) {
  constexpr std::size_t kLongest = 1U << 30;  // OpenSSL counts in int
  if (token.size() > kLongest) return Error{ErrorCode::kTooLarge, "token longer than a gigabyte"};
  std::array<std::string_view, 5> parts;
  if (!CutInFive(token, parts)) {
    if (const auto cause = WhatStandsAround(token)) return *cause;
    return Malformed(IsCutInThree(token) ? "token is signed (JWS), not encrypted (JWE)" : "token does not have five parts");
  }

  UnverifiedJwe jwe;
  jwe.additional_data_ = parts[0];
  std::string header;
  std::size_t i = 0;
  for (std::string *part : {&header, &jwe.encrypted_key_, &jwe.iv_, &jwe.ciphertext_, &jwe.tag_}) {
    if (auto decoded = AppendDecodedBase64Url(parts[i++], *part); !decoded) return decoded.error();
  }
  auto document = ParseJsonObject(header);
  if (!document) return document.error();
  // Views into the document outlive the move: its text does not move with it.
  jwe.header_ = std::move(*document);
  if (auto read = jwe.ReadHeader(); !read) return read.error();
  return jwe;
}

Result<void> UnverifiedJwe::ReadHeader() {
  const JsonValue root = header_.root();
  if (root.Find("crit")) return Malformed("header has crit, and no extension is understood");
  if (root.Find("zip")) return Malformed("header has zip, and compression is not supported");
  for (const auto &[name, value] : root.members()) {
    if (const char *complaint = WrongHeaderMember(name, value)) return Malformed(complaint);
  }
  const auto alg = root.Find("alg");
  const auto enc = root.Find("enc");
  if (!alg || !enc) return Malformed("header without alg or enc");
  if (!enc->is(JsonType::kString)) return Malformed("enc of the header is not a string");
  alg_ = alg->text();
  enc_ = enc->text();
  if (const auto kid = root.Find("kid")) kid_ = kid->text();
  if (const auto cty = root.Find("cty")) cty_ = cty->text();
  if (const auto encryption = JweEncryptionNamed(enc_)) {
    const JweEncryptionInfo &info = InfoOf(*encryption);
    if (iv_.size() != info.iv_size || tag_.size() != info.tag_size)
      return Malformed("initialization vector or tag of a wrong length");
  }
  return {};
}

Result<DecryptedJwe> DecryptJwe(UnverifiedJwe token, const KeySet &keys, std::optional<JweAlgorithmSet> algorithms,
                                JweEncryptionSet encryptions) {
  if (keys.keys.empty()) return Error{ErrorCode::kNoSuchKey, "no key to decrypt with"};
  const auto algorithm = JweAlgorithmNamed(token.alg());
  const auto encryption = JweEncryptionNamed(token.enc());
  if (!algorithm || !encryption || (algorithms && !algorithms->contains(*algorithm)) || !encryptions.contains(*encryption)) {
    return Error{ErrorCode::kAlgorithmNotAllowed, "alg or enc of the token is unknown, or the caller does not allow it"};
  }
  auto header = ReadKeyManagementHeader(*algorithm, token.header().root());
  if (!header) return header.error();
  // RFC 7516 section 5.2, step 10.
  const bool direct = *algorithm == JweAlgorithm::kDir || *algorithm == JweAlgorithm::kEcdhEs;
  if (direct && !token.encrypted_key().empty()) return Malformed("there is an encrypted key, and alg has none");
  const Opening opening{&token, *algorithm, *encryption, std::move(*header), algorithms.has_value()};
  auto opened = OpenWith(keys, opening);
  if (!opened) return opened.error();
  return DecryptedJwe(std::move(token), std::move(opened->plaintext), opened->key);
}

}  // namespace jwt_auth::jose
