// Key arguments: which kind of key a text is, and sets of keys (RFC 7517 section 5).
#include <algorithm>
#include <array>
#include <vector>

#include "jose/keys/key_builder.hpp"
#include "jose/keys/pem.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error kForeignKey{ErrorCode::kUnusableKey, "text or bytes of a key of another kind are not a secret"};

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// A refusal that has to do with a key is JW020, whatever layer noticed it, but for sizes.
Error AsKeyError(Error error) {
  return {error.code == ErrorCode::kTooLarge ? error.code : ErrorCode::kUnusableKey, error.detail};
}

bool LooksLikeSsh(std::string_view text) {
  constexpr std::array<std::string_view, 5> kPrefixes{"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "---- BEGIN SSH2"};
  for (const std::string_view prefix : kPrefixes) {
    if (StartsWith(text, prefix)) return true;
  }
  return false;
}

// Without white space, byte order marks and other bytes that show nothing, and without quotes, in front.
std::string_view WithoutInvisiblePrefix(std::string_view text) {
  std::size_t start = 0;
  while (start < text.size()) {
    const auto c = static_cast<unsigned char>(text[start]);
    if (c > 0x20 && c < 0x7F && c != '"' && c != '\'') break;
    ++start;
  }
  return text.substr(start);
}

// The bytes that `text` is base64 or base64url of, white space and padding ignored; empty if it is neither.
SecretBytes DecodeLenientBase64(std::string_view text) {
  SecretBytes out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '-') {
      value = 62;
    } else if (c == '/' || c == '_') {
      value = 63;
    } else if (c == '=' || c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      continue;
    } else {
      return {};
    }
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<unsigned char>(bits >> count));
    }
  }
  return out;
}

bool IsBase64Line(std::string_view line) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=";
  return line.find_first_not_of(kAlphabet) == std::string_view::npos;
}

bool IsBase64OfDer(std::string_view text) { return StartsWith(text, "M") && IsDerKey(AsText(DecodeLenientBase64(text))); }

// Lines that are nothing but base64 and follow one another: of PEM a body, whatever has become of the boundaries around it. Not
// more of them are looked at than a chain of keys may have.
bool HasBodyOfPem(std::string_view text) {
  constexpr int kMostBodies = 16;
  SecretBytes body;
  for (int bodies = 0; bodies < kMostBodies && !text.empty();) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool belongs = IsBase64Line(line);
    if (belongs) body.insert(body.end(), line.begin(), line.end());
    if ((belongs && !text.empty()) || body.empty()) continue;
    if (IsBase64OfDer(AsText(body))) return true;
    body.clear();
    ++bodies;
  }
  return false;
}

// Whether the bytes hold a key that is no secret: PEM, JWK, an SSH key, DER, bare base64 of DER.
bool HoldsForeignKey(std::string_view bytes) {
  if (bytes.find("-----BEGIN") != std::string_view::npos || bytes.find("\"kty\"") != std::string_view::npos) return true;
  const std::string_view visible = WithoutInvisiblePrefix(bytes);
  if (LooksLikeSsh(visible)) return true;
  if ((StartsWith(visible, "{") || StartsWith(visible, "[")) && ParseJson(visible)) return true;
  if (IsDerKey(bytes)) return true;
  return IsBase64OfDer(visible) || HasBodyOfPem(bytes);
}

Result<KeySet> MakeSecret(std::string_view bytes, KeyPurpose purpose) {
  KeyParts parts;
  parts.type = KeyType::kOct;
  parts.is_private = true;
  parts.secret.assign(bytes.begin(), bytes.end());
  AllowNaturalAlgorithms(parts);
  if (purpose == KeyPurpose::kSignature && parts.algorithms.empty()) {
    return Error{ErrorCode::kUnusableKey, "HMAC secret shorter than 32 bytes"};
  }
  if (purpose == KeyPurpose::kEncryption) {
    if (bytes.empty()) return Error{ErrorCode::kUnusableKey, "empty secret"};
    parts.jwe_algorithms = parts.jwe_algorithms | JweAlgorithmsOf(JweFamily::kPbes2);
  }
  KeySet set;
  set.keys.push_back(KeyBuilder::Build(std::move(parts)));
  return set;
}

Result<KeySet> ParseJwks(const JsonValue &jwks, KeyPurpose purpose) {
  const auto members = jwks.Find("keys");
  if (!members || !members->is(JsonType::kArray)) return Error{ErrorCode::kUnusableKey, "keys of the JWKS is not an array"};
  if (members->size() > kMaxKeysInSet) return Error{ErrorCode::kTooLarge, "JWKS with more than 256 keys"};
  KeySet set;
  set.is_jwks = true;
  std::vector<std::string_view> kids;
  for (std::uint32_t i = members->begin(); i != members->end(); i = members->after(i)) {
    const JsonValue jwk = members->at(i);
    if (const auto kid = jwk.Find("kid"); kid && kid->is(JsonType::kString)) {
      for (const std::string_view other : kids) {
        if (other == kid->text()) return Error{ErrorCode::kUnusableKey, "JWKS with one kid twice"};
      }
      kids.push_back(kid->text());
    }
    // RFC 7517 section 5: what is malformed or unknown is ignored.
    if (auto key = ParseJwk(jwk, purpose)) set.keys.push_back(std::move(*key));
  }
  if (set.keys.empty()) return Error{ErrorCode::kUnusableKey, "JWKS without a usable key"};
  return set;
}

Result<KeySet> ParseJsonKeys(std::string_view text, KeyPurpose purpose) {
  const auto document = ParseJsonObject(text);
  if (!document) return AsKeyError(document.error());
  const JsonValue root = document->root();
  if (root.Find("keys")) {
    if (root.Find("kty")) return Error{ErrorCode::kUnusableKey, "both a JWK and a JWKS"};
    return ParseJwks(root, purpose);
  }
  auto key = ParseJwk(root, purpose);
  if (!key) return key.error();
  KeySet set;
  set.keys.push_back(std::move(*key));
  return set;
}

Result<KeySet> ParsePemKeys(std::string_view text, KeyPurpose purpose) {
  // By way of the JWK, so that each rule on keys stands in one place.
  const auto jwk = BareJwkFromPem(text);
  if (!jwk) return jwk.error();
  const auto document = ParseJsonObject(AsText(*jwk));
  if (!document) return AsKeyError(document.error());
  auto key = ParseJwk(document->root(), purpose);
  if (!key) return key.error();
  KeySet set;
  set.keys.push_back(std::move(*key));
  return set;
}

}  // namespace

Result<KeySet> ParseKeys(std::string_view argument, KeyPurpose purpose) {
  if (argument.size() > kMaxKeyArgumentSize) return Error{ErrorCode::kTooLarge, "key argument too large"};
  if (StartsWith(argument, "{")) return ParseJsonKeys(argument, purpose);
  if (StartsWith(argument, "-----BEGIN")) return ParsePemKeys(argument, purpose);
  const std::string_view visible = WithoutInvisiblePrefix(argument);
  if (visible.size() != argument.size() && StartsWith(visible, "{")) return kForeignKey;
  if (HoldsForeignKey(argument)) return kForeignKey;
  return MakeSecret(argument, purpose);
}

Result<KeySet> SecretKeySet(std::string_view bytes, KeyPurpose purpose) {
  if (bytes.size() > kMaxKeyArgumentSize) return Error{ErrorCode::kTooLarge, "key argument too large"};
  if (HoldsForeignKey(bytes)) return kForeignKey;
  return MakeSecret(bytes, purpose);
}

}  // namespace jwt_auth::jose
