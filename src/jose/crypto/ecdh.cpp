#include "jose/crypto/ecdh.hpp"

#include <cstdint>

#include "jose/json/base64url.hpp"
#include "jose/keys/curve.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

template <class Bytes>
void AppendNumber(Bytes &out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<typename Bytes::value_type>(number >> shift & 0xFF));
}

void AppendWithLength(std::string &out, std::string_view data) {
  AppendNumber(out, static_cast<std::uint32_t>(data.size()));
  out += data;
}

std::optional<std::string> BytesMember(const JsonValue &object, std::string_view name) {
  const auto text = object.FindText(name);
  if (!text) return std::nullopt;
  auto bytes = DecodeBase64Url(*text);
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
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
  if (epk.FindText("kty") != (is_ec ? "EC" : "OKP") || epk.FindText("crv") != info.name) return std::nullopt;
  const auto x = BytesMember(epk, "x");
  const auto y = is_ec ? BytesMember(epk, "y") : std::string();
  if (!x || !y) return std::nullopt;
  auto key = is_ec ? MakeEcKey(curve, *x, *y, std::nullopt) : MakeOkpKey(curve, *x, std::nullopt);
  if (!key) return std::nullopt;
  return std::move(*key);
}

namespace {

std::optional<SecretBytes> TryToAgree(EVP_PKEY *own, EVP_PKEY *peer) {
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
  RequireOpenSsl(context && EVP_PKEY_derive_init(context.get()) == 1, "key agreement");
  std::size_t size = 0;
  SecretBytes secret;
  // Not validated again: that was done when the Key was made or the `epk` read.
  bool ok = EVP_PKEY_derive_set_peer_ex(context.get(), peer, 0) == 1 && EVP_PKEY_derive(context.get(), nullptr, &size) == 1;
  if (ok) {
    secret.resize(size);
    ok = EVP_PKEY_derive(context.get(), secret.data(), &size) == 1;
  }
  if (!OpenSslAccepts(ok)) return std::nullopt;
  secret.resize(size);
  return secret;
}

}  // namespace

std::optional<SecretBytes> AgreeOnSecret(EVP_PKEY *own, EVP_PKEY *peer) {
  return AskTwice([&] { return TryToAgree(own, peer); });
}

SecretBytes DeriveAgreedKey(std::string_view shared_secret, std::string_view algorithm_id, std::string_view apu,
                            std::string_view apv, std::size_t size) {
  std::string info;
  AppendWithLength(info, algorithm_id);
  AppendWithLength(info, apu);
  AppendWithLength(info, apv);
  AppendNumber(info, static_cast<std::uint32_t>(size * 8));

  // Not OpenSSL's own SSKDF: that of 3.0 crashes where memory for its context runs out.
  SecretBytes input;
  SecretBytes key;
  for (std::uint32_t round = 1; key.size() < size; ++round) {
    input.clear();
    AppendNumber(input, round);
    Append(input, shared_secret);
    Append(input, info);
    const std::size_t end = key.size();
    key.resize(end + DigestSize(Digest::kSha256));
    HashInto(Digest::kSha256, AsText(input), key.data() + end);
  }
  key.resize(size);
  return key;
}

}  // namespace jwt_auth::jose
