#include "jose/crypto/ecdh.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <cstdint>
#include <new>

#include "jose/json/base64url.hpp"
#include "jose/keys/curve.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

void AppendNumber(std::string &out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xFF);
}

void AppendWithLength(std::string &out, std::string_view data) {
  AppendNumber(out, static_cast<std::uint32_t>(data.size()));
  out += data;
}

bool SaysText(const JsonValue &object, std::string_view name, std::string_view text) {
  const auto member = object.Find(name);
  return member && member->is(JsonType::kString) && member->text() == text;
}

std::optional<std::string> BytesMember(const JsonValue &object, std::string_view name) {
  const auto member = object.Find(name);
  if (!member || !member->is(JsonType::kString)) return std::nullopt;
  auto bytes = DecodeBase64Url(member->text());
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

EVP_KDF *FetchedConcatKdf() {
  static EVP_KDF *kdf = nullptr;
  if (kdf == nullptr) kdf = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_SSKDF, nullptr);
  RequireOpenSsl(kdf != nullptr, "Concat KDF");
  return kdf;
}

}  // namespace

OpenSslPtr<EVP_PKEY> GenerateEphemeralKey(Curve curve) {
  const CurveInfo &info = InfoOf(curve);
  const char *type = info.type == KeyType::kEc ? "EC" : info.openssl_name;
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  bool ok = context && EVP_PKEY_keygen_init(context.get()) == 1;
  if (ok && info.type == KeyType::kEc) ok = EVP_PKEY_CTX_set_group_name(context.get(), info.openssl_name) == 1;
  EVP_PKEY *key = nullptr;
  RequireOpenSsl(ok && EVP_PKEY_generate(context.get(), &key) == 1, "ephemeral key");
  return OpenSslPtr<EVP_PKEY>(key);
}

std::optional<OpenSslPtr<EVP_PKEY>> ReadEphemeralKey(Curve curve, const JsonValue &epk) {
  const CurveInfo &info = InfoOf(curve);
  const bool is_ec = info.type == KeyType::kEc;
  if (!SaysText(epk, "kty", is_ec ? "EC" : "OKP") || !SaysText(epk, "crv", info.name)) return std::nullopt;
  const auto x = BytesMember(epk, "x");
  const auto y = is_ec ? BytesMember(epk, "y") : std::string();
  if (!x || !y) return std::nullopt;
  auto key = is_ec ? MakeEcKey(curve, *x, *y, std::nullopt) : MakeOkpKey(curve, *x, std::nullopt);
  if (!key) return std::nullopt;
  return std::move(*key);
}

std::optional<SecretBytes> AgreeOnSecret(EVP_PKEY *own, EVP_PKEY *peer) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
  RequireOpenSsl(context && EVP_PKEY_derive_init(context.get()) == 1, "key agreement");
  std::size_t size = 0;
  SecretBytes secret;
  // Not validated again: whoever made a Key or read an `epk` has done it.
  bool ok = EVP_PKEY_derive_set_peer_ex(context.get(), peer, 0) == 1 && EVP_PKEY_derive(context.get(), nullptr, &size) == 1;
  if (ok) {
    secret.resize(size);
    ok = EVP_PKEY_derive(context.get(), secret.data(), &size) == 1;
  }
  if (!ok) {
    DrainErrorQueue();
    return std::nullopt;
  }
  secret.resize(size);
  return secret;
}

SecretBytes DeriveAgreedKey(std::string_view shared_secret, std::string_view algorithm_id, std::string_view apu,
                            std::string_view apv, std::size_t size) {
  std::string info;
  AppendWithLength(info, algorithm_id);
  AppendWithLength(info, apu);
  AppendWithLength(info, apv);
  AppendNumber(info, static_cast<std::uint32_t>(size * 8));

  const OpenSslPtr<EVP_KDF_CTX> context(EVP_KDF_CTX_new(FetchedConcatKdf()));
  if (!context) throw std::bad_alloc();
  const std::array<OSSL_PARAM, 4> params{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char *>(DigestName(Digest::kSha256)), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<char *>(shared_secret.data()), shared_secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
  SecretBytes key(size);
  RequireOpenSsl(EVP_KDF_derive(context.get(), key.data(), key.size(), params.data()) == 1, "Concat KDF");
  return key;
}

}  // namespace jwt_auth::jose
