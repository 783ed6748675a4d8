// Key arguments: which kind of key a text is, and sets of keys (RFC 7517 section 5).
#include <algorithm>
#include <utility>
#include <vector>

#include "jose/interruption.hpp"
#include "jose/jwe/jwe_keys.hpp"
#include "jose/keys/foreign_key.hpp"
#include "jose/keys/key_builder.hpp"
#include "jose/keys/pem.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error kAmbiguousKid{ErrorCode::kUnusableKey,
                              "JWKS with one kid for different keys that could answer for the same token",
                              "Keys that share a kid must differ in kty, use or alg (RFC 7517 section 4.5)."};

// A refusal that has to do with a key is JW020, whatever layer noticed it, but for sizes.
Error AsKeyError(Error error) {
  return {error.code == ErrorCode::kTooLarge ? error.code : ErrorCode::kUnusableKey, error.detail};
}

Result<KeySet> MakeSecret(std::string_view bytes, KeyPurpose purpose) {
  KeyParts parts;
  parts.type = KeyType::kOct;
  parts.is_private = true;
  parts.secret.assign(bytes.begin(), bytes.end());
  AllowNaturalAlgorithms(parts);
  if (purpose != KeyPurpose::kEncryption && parts.algorithms.empty()) {
    return Error{ErrorCode::kUnusableKey, "HMAC secret shorter than 32 bytes",
                 "Use at least 32 random bytes (RFC 7518 section 3.2); jwt_auth.jwk_generate('HS256') makes such a key."};
  }
  if (purpose == KeyPurpose::kEncryption) {
    if (bytes.empty()) return Error{ErrorCode::kUnusableKey, "secret is empty"};
    parts.jwe_algorithms = parts.jwe_algorithms | JweAlgorithmsOf(JweFamily::kPbes2);
  }
  KeySet set;
  set.keys.push_back(KeyBuilder::Build(std::move(parts)));
  return set;
}

bool IsSameKey(const Key &a, const Key &b) {
  if (a.type() != b.type() || a.curve() != b.curve()) return false;
  if (a.type() == KeyType::kOct) return EqualInConstantTime(AsText(a.secret()), AsText(b.secret()));
  return AskTwice([&] { return OpenSslAccepts(EVP_PKEY_eq(a.pkey(), b.pkey()) == 1); });
}

bool CouldVerifyTheSame(const Key &a, const Key &b) {
  return (a.operations() & b.operations() & kOpVerify) != 0 && !(a.algorithms() & b.algorithms()).empty();
}

bool CouldDecryptTheSame(const Key &a, const Key &b) {
  return MayDecrypt(a) && MayDecrypt(b) && !(a.jwe_algorithms() & b.jwe_algorithms()).empty();
}

// RFC 7517 section 4.5 permits it to keys that are alternatives. Two that could answer for the same token are a mistake, or an
// attempt to put a key in another's place.
bool IsAmbiguousBeside(const Key &key, const std::vector<Key> &others) {
  if (!key.kid()) return false;
  return std::any_of(others.begin(), others.end(), [&key](const Key &other) {
    return other.kid() == key.kid() && (CouldVerifyTheSame(key, other) || CouldDecryptTheSame(key, other)) &&
           !IsSameKey(key, other);
  });
}

Result<KeySet> ReadJwks(const JsonValue &jwks, KeyPurpose purpose) {
  const auto members = jwks.Find("keys");
  if (!members || !members->is(JsonType::kArray)) return Error{ErrorCode::kUnusableKey, "keys of the JWKS is not an array"};
  if (members->size() > kMaxKeysInSet) return Error{ErrorCode::kTooLarge, "JWKS with more than 256 keys"};
  const JwkReading reading{purpose, purpose == KeyPurpose::kVerification, std::nullopt};
  KeySet set;
  set.is_jwks = true;
  for (const JsonValue jwk : members->elements()) {
    if (IsInterrupted()) return kInterrupted;
    auto key = ReadJwk(jwk, reading);
    if (!key) {
      // RFC 7517 section 5: what is malformed or unknown is ignored.
      set.skipped.push_back(Skipped(jwk, key.error().detail));
      continue;
    }
    if (IsAmbiguousBeside(*key, set.keys)) return kAmbiguousKid;
    set.keys.push_back(std::move(*key));
  }
  return set;
}

Result<KeySet> ReadJsonKeys(std::string_view text, KeyPurpose purpose) {
  const auto document = ParseJsonObject(text);
  if (!document) return AsKeyError(document.error());
  const JsonValue root = document->root();
  if (root.Find("keys")) {
    if (root.Find("kty")) return Error{ErrorCode::kUnusableKey, "both a JWK and a JWKS"};
    return ReadJwks(root, purpose);
  }
  auto key = ParseJwk(root, purpose);
  if (!key) return key.error();
  KeySet set;
  set.keys.push_back(std::move(*key));
  return set;
}

Result<KeySet> ReadPemKeys(std::string_view text, KeyPurpose purpose) {
  // By way of the JWK, so that each rule on keys stands in one place.
  const auto bare = BareJwkFromPem(text);
  if (!bare) return bare.error();
  const auto document = ParseJsonObject(AsText(bare->jwk));
  if (!document) return AsKeyError(document.error());
  auto key = ReadJwk(document->root(), {purpose, false, bare->signature_only});
  if (!key) return key.error();
  KeySet set;
  set.keys.push_back(std::move(*key));
  return set;
}

bool LooksLikeJsonObject(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

Result<KeySet> ReadKeys(std::string_view argument, KeyPurpose purpose) {
  if (argument.size() > kMaxKeyArgumentSize) return Error{ErrorCode::kTooLarge, "key argument too large"};
  if (LooksLikeJsonObject(argument)) return ReadJsonKeys(argument, purpose);
  if (argument.find("-----BEGIN") != std::string_view::npos) return ReadPemKeys(argument, purpose);
  if (const auto refusal = ForeignKeyInText(argument)) return *refusal;
  return MakeSecret(argument, purpose);
}

Result<KeySet> ParseKeys(std::string_view argument, KeyPurpose purpose) {
  auto set = ReadKeys(argument, purpose);
  if (set && set->keys.empty()) return kNothingUsable;
  return set;
}

Result<KeySet> SecretKeySet(std::string_view bytes, KeyPurpose purpose) {
  if (bytes.size() > kMaxKeyArgumentSize) return Error{ErrorCode::kTooLarge, "key argument too large"};
  if (const auto refusal = ForeignKeyIn(bytes)) return *refusal;
  return MakeSecret(bytes, purpose);
}

SkippedKey Skipped(const JsonValue &jwk, const char *reason) {
  constexpr std::size_t kMaxName = 64;
  const auto kid = jwk.FindText("kid");
  if (!kid) return {{}, reason};
  std::string name(kid->substr(0, kMaxName));
  // Not in the middle of a character.
  while (kid->size() > name.size() && !name.empty() && ((*kid)[name.size()] & 0xC0) == 0x80) name.pop_back();
  for (char &c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return {std::move(name), reason};
}

std::string DescribeSkipped(const std::vector<SkippedKey> &skipped) {
  std::string text;
  for (std::size_t i = 0; i < skipped.size() && i < kMaxSkippedTold; ++i) {
    if (i > 0) text += "; ";
    text += skipped[i].name.empty() ? "key without a kid" : "key \"" + skipped[i].name + "\"";
    text.append(": ").append(skipped[i].reason);
  }
  if (skipped.size() > kMaxSkippedTold) text += "; and " + std::to_string(skipped.size() - kMaxSkippedTold) + " more";
  return text;
}

}  // namespace jwt_auth::jose
