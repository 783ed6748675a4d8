#include "jose/keys/foreign_key.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "jose/crypto/secret.hpp"
#include "jose/json/json.hpp"
#include "jose/keys/pem.hpp"
#include "jose/keys/pem_text.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Foreign(const char *detail, const char *hint) { return {ErrorCode::kUnusableKey, detail, hint}; }

constexpr const char *kHowToGiveKeys = "Give a PEM text, a JWK or a JWK set as it is, as text.";
constexpr Error kPemInBytes = Foreign("a PEM text is not a secret", kHowToGiveKeys);
constexpr Error kJwkInBytes = Foreign("a JWK or a JWK set is not a secret", kHowToGiveKeys);
constexpr Error kJson = Foreign("JSON that is neither a JWK nor a JWK set", kHowToGiveKeys);
constexpr Error kSurroundedJson = Foreign("a JSON object with something in front of it", kHowToGiveKeys);
constexpr Error kUrl = Foreign("a URL is not a key", "Nothing is fetched: give the JWK set that is found there.");
constexpr Error kSsh =
    Foreign("an SSH key is not a secret", "Convert it to PEM, for example with: ssh-keygen -e -m pkcs8 -f FILE.");
constexpr Error kDer = Foreign("a key in DER is not a secret", "Give the key as PEM or as a JWK.");
constexpr Error kBase64OfDer =
    Foreign("base64 of a key in DER is not a secret",
            "Put it between the lines -----BEGIN PUBLIC KEY----- and -----END PUBLIC KEY-----, or those for its kind of key.");
constexpr Error kBase64OfJwk =
    Foreign("base64 of a JWK or a JWK set is not a secret", "Decode it first: convert_from(decode(..., 'base64'), 'UTF8').");

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }
bool Holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

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

// The bytes that `text` is base64 or base64url of, white space, quotes and padding ignored; empty if it is neither.
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
    } else if (c == '=' || c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '"' || c == '\'') {
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
  constexpr int kMaxBodies = 16;
  SecretBytes body;
  for (int bodies = 0; bodies < kMaxBodies && !text.empty();) {
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

// What a text is base64 of, if that is a key; also base64 of that base64, as configuration tools write it.
std::optional<Error> KeyInBase64(std::string_view text) {
  constexpr int kMaxLayers = 3;
  SecretBytes decoded;
  for (int layer = 0; layer < kMaxLayers; ++layer) {
    decoded = DecodeLenientBase64(layer == 0 ? text : AsText(decoded));
    const std::string_view bytes = AsText(decoded);
    if (bytes.empty()) return std::nullopt;
    if (Holds(bytes, "-----BEGIN ")) return kBase64OfPem;
    if (LooksLikeSsh(bytes)) return kSsh;
    if (Holds(bytes, "\"kty\"") || Holds(bytes, "\"keys\"")) return kBase64OfJwk;
    if (IsDerKey(bytes)) return kBase64OfDer;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> ForeignKeyIn(std::string_view bytes) {
  if (Holds(bytes, "-----BEGIN")) return kPemInBytes;
  if (Holds(bytes, "\"kty\"")) return kJwkInBytes;
  const std::string_view visible = WithoutInvisiblePrefix(bytes);
  if (LooksLikeSsh(visible)) return kSsh;
  if ((StartsWith(visible, "{") || StartsWith(visible, "[")) && ParseJson(visible)) return kJson;
  if (IsDerKey(bytes)) return kDer;
  if (auto encoded = KeyInBase64(visible)) return encoded;
  if (HasBodyOfPem(bytes)) return kBase64OfDer;
  return std::nullopt;
}

std::optional<Error> ForeignKeyInText(std::string_view text) {
  if (auto refusal = ForeignKeyIn(text)) return refusal;
  const std::string_view visible = WithoutInvisiblePrefix(text);
  if (StartsWith(visible, "{")) return kSurroundedJson;
  if (StartsWith(visible, "https://") || StartsWith(visible, "http://")) return kUrl;
  return std::nullopt;
}

}  // namespace jwt_auth::jose
