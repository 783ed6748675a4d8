// Making encrypted tokens.
#include <charconv>
#include <utility>

#include "jose/crypto/openssl.hpp"
#include "jose/crypto/pbes2.hpp"
#include "jose/json/base64url.hpp"
#include "jose/json/json_writer.hpp"
#include "jose/jwe/content_encryption.hpp"
#include "jose/jwe/jwe.hpp"
#include "jose/jwe/jwe_keys.hpp"
#include "jose/jwe/key_management.hpp"
#include "jose/jws/header_members.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Invalid(const char *detail) { return {ErrorCode::kInvalidArgument, detail}; }

// The key to encrypt with, and how.
struct Recipient {
  const Key *key;
  JweAlgorithm algorithm;
  JweEncryption encryption;
};

Result<Recipient> RecipientOf(const Key &key, std::optional<JweAlgorithm> alg, std::optional<JweEncryption> enc) {
  constexpr Error kNotForThis{ErrorCode::kUnusableKey, "key is not for encrypting"};
  constexpr Error kNotAllowed{ErrorCode::kAlgorithmNotAllowed, "the key is not for this alg or enc"};
  if (!MayEncrypt(key)) return kNotForThis;
  const auto algorithm = alg ? alg : DefaultJweAlgorithm(key);
  if (!algorithm) {
    if (key.type() != KeyType::kOct || !key.algorithms().empty()) return kNotForThis;
    return Error{ErrorCode::kUnusableKey, "secret is not as long as an AES key",
                 "To use it as a password, name a PBES2 algorithm, such as PBES2-HS256+A128KW."};
  }
  const JweEncryption encryption = enc ? *enc : DefaultJweEncryption(key, *algorithm);
  const bool may_be_password = alg.has_value();
  if (!KeyAllows(key, *algorithm, encryption, may_be_password)) return kNotAllowed;
  if (!MayEncryptWith(key, *algorithm)) return kNotForThis;
  return Recipient{&key, *algorithm, encryption};
}

Result<Recipient> FindRecipient(const KeySet &keys, const JweOptions &options) {
  const auto alg = JweAlgorithmNamed(options.alg);
  if (!options.alg.empty() && !alg) {
    return Error{ErrorCode::kInvalidArgument, "unknown key management algorithm", kKeyManagementNames};
  }
  const auto enc = JweEncryptionNamed(options.enc);
  if (!options.enc.empty() && !enc) {
    return Error{ErrorCode::kInvalidArgument, "unknown content encryption", kContentEncryptionNames};
  }
  Error refusal{ErrorCode::kUnusableKey, "key is not for encrypting"};
  for (const Key &key : keys.keys) {
    auto recipient = RecipientOf(key, alg, enc);
    if (recipient) return recipient;
    if (!keys.is_jwks || recipient.error().code == ErrorCode::kAlgorithmNotAllowed) refusal = recipient.error();
  }
  return refusal;
}

Result<std::string> PartyInfo(const JsonValue &value) {
  constexpr Error kNotBytes = Invalid("apu or apv of the header is not base64url");
  if (!value.is(JsonType::kString)) return kNotBytes;
  auto bytes = DecodeBase64Url(value.text());
  if (!bytes) return kNotBytes;
  return bytes;
}

Result<std::uint32_t> Count(const JsonValue &value) {
  std::uint32_t count = 0;
  const std::string_view digits = value.text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (!value.is(JsonType::kNumber) || error != std::errc() || end != digits.data() + digits.size() || count < kMinPbes2Count ||
      count > kMaxPbes2Count) {
    return Invalid("p2c of the header is not a number from 1000 to 1000000");
  }
  return count;
}

// Whether the header says of `name` what is true anyway. None if the member is not one of those.
std::optional<std::string_view> OwnValue(std::string_view name, const Recipient &recipient, const JweOptions &options) {
  if (name == "alg") return InfoOf(recipient.algorithm).name;
  if (name == "enc") return InfoOf(recipient.encryption).name;
  if (name == "kid" && recipient.key->kid()) return std::string_view(*recipient.key->kid());
  if (name == "cty" && !options.cty.empty()) return options.cty;
  return std::nullopt;
}

// Adds the caller's members behind those that are ours, and takes from them what key management needs.
Result<void> AddExtraHeader(const JsonValue &extra, const Recipient &recipient, const JweOptions &options,
                            PackingOptions &packing, JsonWriter<std::string> &header) {
  if (!extra.is(JsonType::kObject)) return Invalid("header is not a JSON object");
  const JweFamily family = InfoOf(recipient.algorithm).family;
  for (const auto &[name, value] : extra.members()) {
    for (const std::string_view reserved : {"crit", "zip", "epk", "iv", "tag", "p2s"}) {
      if (name == reserved) return Invalid("header must not have crit, zip, epk, iv, tag or p2s");
    }
    if (const char *complaint = WrongHeaderMember(name, value)) return Invalid(complaint);
    if (name == "enc" && !value.is(JsonType::kString)) return Invalid("enc of the header is not a string");
    if (const auto own = OwnValue(name, recipient, options)) {
      if (value.text() != *own) return Invalid("header names another alg, enc, kid or cty than the one in use");
      continue;
    }
    if (family == JweFamily::kEcdhEs && (name == "apu" || name == "apv")) {
      auto bytes = PartyInfo(value);
      if (!bytes) return bytes.error();
      (name == "apu" ? packing.apu : packing.apv) = std::move(*bytes);
    }
    if (family == JweFamily::kPbes2 && name == "p2c") {
      const auto count = Count(value);
      if (!count) return count.error();
      packing.p2c = *count;
      continue;
    }
    header.Add(name, value);
  }
  return {};
}

// All of the header but what key management adds, and the brace that closes it.
Result<std::string> BeginHeader(const Recipient &recipient, const JweOptions &options, PackingOptions &packing) {
  std::string text;
  JsonWriter header(text);
  header.BeginObject();
  header.Add("alg", InfoOf(recipient.algorithm).name);
  header.Add("enc", InfoOf(recipient.encryption).name);
  const bool own_typ = options.extra_header != nullptr && options.extra_header->root().Find("typ");
  if (!options.typ.empty() && !own_typ) header.Add("typ", options.typ);
  if (!options.cty.empty()) header.Add("cty", options.cty);
  if (recipient.key->kid()) header.Add("kid", *recipient.key->kid());
  if (options.extra_header != nullptr) {
    auto added = AddExtraHeader(options.extra_header->root(), recipient, options, packing, header);
    if (!added) return added.error();
  }
  return text;
}

}  // namespace

Result<std::string> EncryptJwe(std::string_view plaintext, const KeySet &keys, const JweOptions &options) {
  constexpr std::size_t kLongest = 1U << 29;  // its base64url still fits the int that OpenSSL counts in
  if (plaintext.size() > kLongest) return Error{ErrorCode::kTooLarge, "plaintext longer than half a gigabyte"};
  const auto recipient = FindRecipient(keys, options);
  if (!recipient) return recipient.error();
  PackingOptions packing;
  auto header = BeginHeader(*recipient, options, packing);
  if (!header) return header.error();
  const PackedKey packed = PackContentKey(*recipient->key, recipient->algorithm, recipient->encryption, packing);
  JsonWriter writer(*header);
  writer.AddJson(packed.header_members);
  writer.EndObject();

  std::string token = EncodeBase64Url(*header);
  const SecretBytes iv = RandomBytes(InfoOf(recipient->encryption).iv_size);
  const SealedContent sealed = EncryptContent(recipient->encryption, AsText(packed.content_key), AsText(iv), token, plaintext);
  token.reserve(token.size() + Base64UrlLength(sealed.ciphertext.size()) + Base64UrlLength(packed.encrypted_key.size()) + 128);
  for (const std::string_view part : {std::string_view(packed.encrypted_key), AsText(iv), std::string_view(sealed.ciphertext),
                                      std::string_view(sealed.tag)}) {
    token += '.';
    AppendBase64Url(part, token);
  }
  return token;
}

}  // namespace jwt_auth::jose
