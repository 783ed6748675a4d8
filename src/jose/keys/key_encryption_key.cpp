#include "jose/keys/key_encryption_key.hpp"

#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"
#include "jose/keys/jwk.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error kUnreadable{ErrorCode::kKeySealed,
                            "the key-encryption-key file does not hold 32 bytes in hex, base64, base64url or as an oct JWK"};

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<SecretBytes> FromHex(std::string_view text) {
  SecretBytes bytes;
  bytes.reserve(kKeyEncryptionKeySize);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return kUnreadable;
    bytes.push_back(static_cast<unsigned char>(high * 16 + low));
  }
  return bytes;
}

Result<SecretBytes> FromBase64(std::string_view text) {
  if (text.size() == Base64UrlLength(kKeyEncryptionKeySize) + 1 && text.back() == '=') text.remove_suffix(1);
  SecretBytes url_alphabet(text.begin(), text.end());
  for (unsigned char &c : url_alphabet) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  SecretBytes bytes;
  if (!AppendDecodedBase64Url(AsText(url_alphabet), bytes)) return kUnreadable;
  return bytes;
}

Result<SecretBytes> FromJwk(std::string_view text) {
  const auto document = ParseJsonObject(text);
  if (!document) return kUnreadable;
  const auto key = ParseJwk(document->root(), KeyPurpose::kEncryption);
  if (!key || key->type() != KeyType::kOct) return kUnreadable;
  return key->secret();
}

Result<SecretBytes> InAnyForm(std::string_view text) {
  if (text.substr(0, 1) == "{") return FromJwk(text);
  if (text.size() == 2 * kKeyEncryptionKeySize) return FromHex(text);
  return FromBase64(text);
}

}  // namespace

Result<SecretBytes> ParseKeyEncryptionKey(std::string_view text) {
  text = Trimmed(text);
  Result<SecretBytes> bytes = InAnyForm(text);
  if (bytes && bytes->size() != kKeyEncryptionKeySize) return kUnreadable;
  return bytes;
}

SecretBytes DeriveFromKeyEncryptionKey(const SecretBytes &key, std::string_view label) {
  return Hmac(Digest::kSha256, AsText(key), label);
}

}  // namespace jwt_auth::jose
