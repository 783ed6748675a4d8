#include "jose/jwe/key_management.hpp"

#include <charconv>

#include "jose/crypto/aes_gcm.hpp"
#include "jose/crypto/ecdh.hpp"
#include "jose/crypto/key_wrap.hpp"
#include "jose/crypto/openssl.hpp"
#include "jose/crypto/pbes2.hpp"
#include "jose/crypto/rsa_oaep.hpp"
#include "jose/json/base64url.hpp"
#include "jose/json/json_writer.hpp"
#include "jose/keys/key_contexts.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Malformed(const char *detail) { return {ErrorCode::kMalformed, detail}; }

Result<std::string> BytesMember(const JsonValue &header, std::string_view name, const char *complaint) {
  const auto text = header.FindText(name);
  if (!text) return Malformed(complaint);
  auto bytes = DecodeBase64Url(*text);
  if (!bytes) return Malformed(complaint);
  return bytes;
}

Result<void> ReadAgreement(const JsonValue &header, KeyManagementHeader &out) {
  out.epk = header.Find("epk");
  if (!out.epk || !out.epk->is(JsonType::kObject)) return Malformed("header without an epk object");
  for (const auto &[name, target] : {std::pair("apu", &out.apu), std::pair("apv", &out.apv)}) {
    if (!header.Find(name)) continue;
    auto bytes = BytesMember(header, name, "apu or apv of the header is not base64url");
    if (!bytes) return bytes.error();
    *target = std::move(*bytes);
  }
  return {};
}

Result<void> ReadGcmWrap(const JsonValue &header, KeyManagementHeader &out) {
  auto iv = BytesMember(header, "iv", "iv of the header is missing or not base64url");
  if (!iv) return iv.error();
  auto tag = BytesMember(header, "tag", "tag of the header is missing or not base64url");
  if (!tag) return tag.error();
  if (iv->size() != kGcmIvSize || tag->size() != kGcmTagSize) return Malformed("iv or tag of the header has a wrong length");
  out.iv = std::move(*iv);
  out.tag = std::move(*tag);
  return {};
}

Result<void> ReadPbes2(const JsonValue &header, KeyManagementHeader &out) {
  auto salt = BytesMember(header, "p2s", "p2s of the header is missing or not base64url");
  if (!salt) return salt.error();
  if (salt->size() < kMinPbes2SaltSize) return Malformed("p2s of the header is shorter than 8 bytes");
  out.p2s = std::move(*salt);
  const auto count = header.Find("p2c");
  if (!count || !count->is(JsonType::kNumber)) return Malformed("p2c of the header is missing or not a number");
  const std::string_view digits = count->text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.p2c);
  if (error != std::errc() || end != digits.data() + digits.size() || out.p2c < kMinPbes2Count || out.p2c > kMaxPbes2Count) {
    return Malformed("p2c of the header is not a number from 1000 to 1000000");
  }
  return {};
}

// RFC 7518 section 4.6.2: the agreed key is the content key itself, or wraps it.
SecretBytes AgreedKey(std::string_view shared, JweAlgorithm algorithm, JweEncryption encryption, std::string_view apu,
                      std::string_view apv) {
  const bool direct = algorithm == JweAlgorithm::kEcdhEs;
  const std::string_view id = direct ? InfoOf(encryption).name : InfoOf(algorithm).name;
  return DeriveAgreedKey(shared, id, apu, apv, direct ? InfoOf(encryption).key_size : InfoOf(algorithm).wrapping_key_size);
}

void PackByAgreement(const Key &key, JweAlgorithm algorithm, JweEncryption encryption, const PackingOptions &options,
                     PackedKey &packed) {
  const auto ephemeral = GenerateEphemeralKey(key.curve());
  const auto shared = AgreeOnSecret(ephemeral.get(), key.pkey());
  RequireOpenSsl(shared.has_value(), "key agreement");
  SecretBytes epk;
  RequireOpenSsl(static_cast<bool>(AppendKeyMembers(ephemeral.get(), false, epk)), "ephemeral key");
  JsonWriter header(packed.header_members);
  header.Name("epk");
  header.BeginObject();
  header.AddJson(AsText(epk));
  header.EndObject();
  SecretBytes agreed = AgreedKey(AsText(*shared), algorithm, encryption, options.apu, options.apv);
  if (algorithm == JweAlgorithm::kEcdhEs) {
    packed.content_key = std::move(agreed);
    return;
  }
  packed.encrypted_key = WrapKey(AsText(agreed), AsText(packed.content_key));
}

void PackWithGcm(const Key &key, PackedKey &packed) {
  const SecretBytes iv = RandomBytes(kGcmIvSize);
  SealedContent sealed = SealWithGcm(AsText(key.secret()), AsText(iv), "", AsText(packed.content_key));
  JsonWriter header(packed.header_members);
  header.AddBytes("iv", AsText(iv));
  header.AddBytes("tag", sealed.tag);
  packed.encrypted_key = std::move(sealed.ciphertext);
}

void PackWithPassword(const Key &key, JweAlgorithm algorithm, const PackingOptions &options, PackedKey &packed) {
  constexpr std::size_t kSaltSize = 16;
  const SecretBytes salt = RandomBytes(kSaltSize);
  const std::uint32_t count = options.p2c ? *options.p2c : DefaultPbes2Count(algorithm);
  JsonWriter header(packed.header_members);
  header.AddBytes("p2s", AsText(salt));
  header.Add("p2c", std::int64_t{count});
  const SecretBytes derived = DerivePbes2Key(algorithm, AsText(key.secret()), AsText(salt), count);
  packed.encrypted_key = WrapKey(AsText(derived), AsText(packed.content_key));
}

std::optional<SecretBytes> UnpackByAgreement(const Key &key, JweAlgorithm algorithm, JweEncryption encryption,
                                             const KeyManagementHeader &header, std::string_view encrypted_key) {
  const auto peer = ReadEphemeralKey(key.curve(), *header.epk);
  if (!peer) return std::nullopt;
  const auto shared = AgreeOnSecret(key.pkey(), peer->get());
  if (!shared) return std::nullopt;
  SecretBytes agreed = AgreedKey(AsText(*shared), algorithm, encryption, header.apu, header.apv);
  if (algorithm == JweAlgorithm::kEcdhEs) return agreed;
  return UnwrapKey(AsText(agreed), encrypted_key);
}

}  // namespace

Result<KeyManagementHeader> ReadKeyManagementHeader(JweAlgorithm algorithm, const JsonValue &header) {
  KeyManagementHeader out;
  Result<void> read;
  switch (InfoOf(algorithm).family) {
    case JweFamily::kEcdhEs:
      read = ReadAgreement(header, out);
      break;
    case JweFamily::kAesGcmKeyWrap:
      read = ReadGcmWrap(header, out);
      break;
    case JweFamily::kPbes2:
      read = ReadPbes2(header, out);
      break;
    case JweFamily::kDirect:
    case JweFamily::kAesKeyWrap:
    case JweFamily::kRsaOaep:
      break;
  }
  if (!read) return read.error();
  return out;
}

PackedKey PackContentKey(const Key &key, JweAlgorithm algorithm, JweEncryption encryption, const PackingOptions &options) {
  PackedKey packed;
  const JweAlgorithmInfo &info = InfoOf(algorithm);
  const bool direct = algorithm == JweAlgorithm::kDir || algorithm == JweAlgorithm::kEcdhEs;
  if (!direct) packed.content_key = RandomBytes(InfoOf(encryption).key_size);
  switch (info.family) {
    case JweFamily::kDirect:
      packed.content_key = key.secret();
      break;
    case JweFamily::kAesKeyWrap:
      packed.encrypted_key = WrapKey(AsText(key.secret()), AsText(packed.content_key));
      break;
    case JweFamily::kAesGcmKeyWrap:
      PackWithGcm(key, packed);
      break;
    case JweFamily::kRsaOaep:
      packed.encrypted_key = EncryptWithOaep(key.pkey(), info.digest, AsText(packed.content_key));
      break;
    case JweFamily::kEcdhEs:
      PackByAgreement(key, algorithm, encryption, options, packed);
      break;
    case JweFamily::kPbes2:
      PackWithPassword(key, algorithm, options, packed);
      break;
  }
  return packed;
}

namespace {

// Uses the key until OpenSSL has made new blinding numbers, if that is needed: until what it encrypts comes back.
void RenewBlinding(const Key &key, Digest digest) {
  constexpr std::string_view kAny = "any";
  const std::string own = EncryptWithOaep(key.pkey(), digest, kAny);
  SecretBytes plaintext;
  for (int i = 0; DecryptWithOaep(key.pkey(), digest, own, plaintext) != Verification::kRight; ++i)
    RequireOpenSsl(i < RsaUse::kUntilRenewed, "RSA-OAEP");
}

// None whatever the reason.
std::optional<SecretBytes> DecryptWithRsa(const Key &key, Digest digest, std::string_view ciphertext) {
  RsaUse use(key);
  if (use.is_doubtful()) RenewBlinding(key, digest);
  SecretBytes plaintext;
  Verification verification = DecryptWithOaep(key.pkey(), digest, ciphertext, plaintext);
  if (verification == Verification::kUnclear) {
    RenewBlinding(key, digest);
    verification = DecryptWithOaep(key.pkey(), digest, ciphertext, plaintext);
  }
  // If it is unclear again, the numbers may not match either.
  if (verification != Verification::kUnclear) use.Done();
  if (verification != Verification::kRight) return std::nullopt;
  return plaintext;
}

}  // namespace

std::optional<SecretBytes> UnpackContentKey(const Key &key, JweAlgorithm algorithm, JweEncryption encryption,
                                            const KeyManagementHeader &header, std::string_view encrypted_key) {
  const JweAlgorithmInfo &info = InfoOf(algorithm);
  switch (info.family) {
    case JweFamily::kDirect:
      return key.secret();
    case JweFamily::kAesKeyWrap:
      return UnwrapKey(AsText(key.secret()), encrypted_key);
    case JweFamily::kAesGcmKeyWrap:
      return OpenWithGcm(AsText(key.secret()), header.iv, "", encrypted_key, header.tag);
    case JweFamily::kRsaOaep:
      return DecryptWithRsa(key, info.digest, encrypted_key);
    case JweFamily::kEcdhEs:
      return UnpackByAgreement(key, algorithm, encryption, header, encrypted_key);
    case JweFamily::kPbes2:
      return UnwrapKey(AsText(DerivePbes2Key(algorithm, AsText(key.secret()), header.p2s, header.p2c)), encrypted_key);
  }
  return std::nullopt;
}

}  // namespace jwt_auth::jose
