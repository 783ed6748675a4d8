// PEM to JWK and back (RFC 7468, PKCS#1, PKCS#8, SEC 1, X.509).
#include <openssl/decoder.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "jose/json/json_writer.hpp"
#include "jose/keys/der.hpp"
#include "jose/keys/key_builder.hpp"
#include "jose/keys/key_material.hpp"
#include "jose/keys/ml_dsa_key.hpp"
#include "jose/keys/pem.hpp"
#include "jose/keys/pem_text.hpp"
#include "jose/keys/pss_key.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Unusable(const char *detail, const char *hint = nullptr) { return {ErrorCode::kUnusableKey, detail, hint}; }

// A key of that structure (and type, if not null) that fills `der` to its last byte; null if there is none.
OpenSslPtr<EVP_PKEY> DecodeDer(const SecretBytes &der, const char *structure, const char *type, int selection) {
  EVP_PKEY *raw = nullptr;
  const OpenSslPtr<OSSL_DECODER_CTX> decoder(
      OSSL_DECODER_CTX_new_for_pkey(&raw, "DER", structure, type, selection, nullptr, nullptr));
  RequireOpenSsl(decoder != nullptr, "decoder");
  // A backend has no terminal to ask for a passphrase: answer that there is none.
  OSSL_DECODER_CTX_set_pem_password_cb(
      decoder.get(), [](char *, int, int, void *) { return -1; }, nullptr);
  const unsigned char *at = der.data();
  std::size_t left = der.size();
  const bool decoded = OSSL_DECODER_from_data(decoder.get(), &at, &left) == 1;
  OpenSslPtr<EVP_PKEY> key(raw);
  if (!OpenSslAccepts(decoded) || left != 0) key.reset();
  DrainErrorQueue();
  return key;
}

OpenSslPtr<X509> ReadCertificate(const SecretBytes &der) {
  const unsigned char *at = der.data();
  OpenSslPtr<X509> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!OpenSslAccepts(certificate != nullptr) || at != der.data() + der.size()) return nullptr;
  return certificate;
}

OpenSslPtr<EVP_PKEY> KeyOf(X509 *certificate) {
  OpenSslPtr<EVP_PKEY> key(X509_get_pubkey(certificate));
  (void)OpenSslAccepts(key != nullptr);
  return key;
}

std::string_view KeyAlgorithmOf(X509 *certificate) {
  ASN1_OBJECT *algorithm = nullptr;
  if (X509_PUBKEY_get0_param(&algorithm, nullptr, nullptr, nullptr, X509_get_X509_PUBKEY(certificate)) != 1) return {};
  return {reinterpret_cast<const char *>(OBJ_get0_data(algorithm)), OBJ_length(algorithm)};
}

// For a key of that algorithm that OpenSSL does not read.
Error Unread(std::string_view algorithm_identifier, const char *detail) {
  if (IsMlDsaIdentifier(algorithm_identifier) && !IsMlDsaSupported()) return kNoMlDsa;
  return Unusable(detail);
}

struct Decoded {
  OpenSslPtr<EVP_PKEY> key;
  bool is_private;
  bool is_certificate;
};

Result<Decoded> DecodeBlock(const PemBlock &block) {
  struct Form {
    std::string_view label;
    const char *structure;
    const char *type;
    bool is_private;
  };
  constexpr std::array<Form, 5> kForms{{{"PUBLIC KEY", "SubjectPublicKeyInfo", nullptr, false},
                                        {"PRIVATE KEY", "PrivateKeyInfo", nullptr, true},
                                        {"RSA PUBLIC KEY", "pkcs1", "RSA", false},
                                        {"RSA PRIVATE KEY", "pkcs1", "RSA", true},
                                        {"EC PRIVATE KEY", "type-specific", "EC", true}}};
  if (block.label == "CERTIFICATE") {
    constexpr const char *kUnread = "not a certificate that can be read";
    const auto certificate = ReadCertificate(block.der);
    if (!certificate) return Unusable(kUnread);
    auto key = KeyOf(certificate.get());
    if (!key) return Unread(KeyAlgorithmOf(certificate.get()), kUnread);
    return Decoded{std::move(key), false, true};
  }
  for (const Form &form : kForms) {
    if (form.label != block.label) continue;
    auto key = DecodeDer(block.der, form.structure, form.type, form.is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
    if (!key) return Unread(KeyAlgorithmIdentifier(AsText(block.der)), "not a PEM key that can be read");
    return Decoded{std::move(key), form.is_private, false};
  }
  return Unusable("PEM text of a kind that is not supported",
                  "Supported are PUBLIC KEY, PRIVATE KEY, RSA PUBLIC KEY, RSA PRIVATE KEY, EC PRIVATE KEY and CERTIFICATE.");
}

bool IsSameKey(const Decoded &a, const Decoded &b) { return OpenSslAccepts(EVP_PKEY_eq(a.key.get(), b.key.get()) == 1); }

// The one key of a text: a private key, a public one, or both of a pair, with its certificate and those above it beside it or
// not; else the key of the first certificate.
Result<Decoded> ChooseKey(std::vector<Decoded> found) {
  std::vector<Decoded> certificates;
  std::optional<Decoded> chosen;
  for (Decoded &one : found) {
    if (one.is_certificate) {
      certificates.push_back(std::move(one));
      continue;
    }
    if (chosen && !IsSameKey(*chosen, one))
      return Unusable("PEM text with more than one key", "Give the one key that is meant.");
    if (!chosen || one.is_private) chosen = std::move(one);
  }
  if (!chosen) return std::move(certificates.front());
  const auto belongs = [&chosen](const Decoded &certificate) { return IsSameKey(*chosen, certificate); };
  if (!certificates.empty() && std::none_of(certificates.begin(), certificates.end(), belongs))
    return Unusable("PEM text with a key and the certificate of another one",
                    "Give the key alone, or with its own certificate.");
  return std::move(*chosen);
}

Result<Decoded> DecodePem(std::string_view pem) {
  const auto blocks = ReadPem(pem);
  if (!blocks) return blocks.error();
  std::vector<Decoded> found;
  for (const PemBlock &block : *blocks) {
    // `openssl ecparam -genkey` writes the curve's name in front of the key.
    if (block.label == "EC PARAMETERS") continue;
    auto decoded = DecodeBlock(block);
    if (!decoded) return decoded.error();
    found.push_back(std::move(*decoded));
  }
  if (found.empty()) return Unusable("PEM text without a key");
  return ChooseKey(std::move(found));
}

bool DecodesAsKey(const SecretBytes &der) {
  if (ReadCertificate(der)) return true;
  for (const char *structure : {"SubjectPublicKeyInfo", "PrivateKeyInfo", "EncryptedPrivateKeyInfo"}) {
    if (DecodeDer(der, structure, nullptr, 0)) return true;
  }
  return DecodeDer(der, "type-specific", "RSA", 0) || DecodeDer(der, "type-specific", "EC", EVP_PKEY_KEYPAIR);
}

}  // namespace

bool MayBeDerKey(std::string_view bytes) noexcept {
  if (bytes.size() < 16 || bytes.size() > kMaxPemSize || bytes[0] != '\x30') return false;
  const auto content = DerContent(bytes);
  return content && !content->empty() && (content->front() == '\x30' || content->front() == '\x02') &&
         DerContent(*content).has_value();
}

bool IsDerKey(std::string_view bytes) {
  if (!MayBeDerKey(bytes)) return false;
  // Also one of a kind that OpenSSL does not know.
  if (!KeyAlgorithmIdentifier(bytes).empty()) return true;
  const SecretBytes der(bytes.begin(), bytes.end());
  return AskTwice([&] { return DecodesAsKey(der); });
}

Result<BareJwk> BareJwkFromPem(std::string_view pem) {
  const auto decoded = AskTwice([&] { return DecodePem(pem); });
  if (!decoded) return decoded.error();
  BareJwk bare;
  JsonWriter jwk(bare.jwk);
  jwk.BeginObject();
  if (auto appended = AppendKeyMembers(decoded->key.get(), decoded->is_private, bare.jwk); !appended) return appended.error();
  jwk.EndObject();
  bare.signature_only = PssAlgorithms(decoded->key.get());
  if (bare.signature_only && bare.signature_only->empty())
    return Unusable("RSASSA-PSS key for a hash or a salt that JWS does not have",
                    "PS256, PS384 and PS512 take SHA-256, SHA-384 or SHA-512 for both hashes, and a salt as long as the hash.");
  return bare;
}

Result<SecretBytes> JwkFromPem(std::string_view pem, std::optional<std::string_view> kid, std::optional<std::string_view> alg) {
  auto bare = BareJwkFromPem(pem);
  if (!bare) return bare.error();
  SecretBytes &jwk = bare->jwk;
  const auto described = ParseJsonObject(AsText(jwk));
  if (!described) return described.error();
  std::string thumbprint;
  if (!kid) {
    auto computed = JwkThumbprint(described->root());
    if (!computed) return computed.error();
    thumbprint = std::move(*computed);
  }
  // That of a key of kty AKP is a part of it.
  const auto own_alg = described->root().FindText("alg");
  if (own_alg && alg && *alg != *own_alg) return Unusable("alg is not the one of the key");
  jwk.pop_back();  // the brace behind the members
  JsonWriter writer(jwk);
  writer.Add("kid", kid ? *kid : thumbprint);
  // A JWK says by its `alg` alone that a key is for RSASSA-PSS.
  if (!alg && bare->signature_only) alg = InfoOf(bare->signature_only->first()).name;
  if (alg && !own_alg) writer.Add("alg", *alg);
  writer.EndObject();
  const auto document = ParseJsonObject(AsText(jwk));
  if (!document) return Error{ErrorCode::kInvalidArgument, "kid or alg is not valid text"};
  if (const auto key = ReadJwk(document->root(), {KeyPurpose::kEncryption, false, bare->signature_only}); !key)
    return key.error();
  return std::move(jwk);
}

Result<SecretBytes> JwkToPem(const JsonValue &jwk) {
  const auto key = ParseJwk(jwk, KeyPurpose::kEncryption);
  if (!key) return key.error();
  if (key->type() == KeyType::kOct) return Error{ErrorCode::kUnusableKey, "a secret has no PEM form"};
  const OpenSslPtr<BIO> out(BIO_new(BIO_s_secmem()));
  RequireOpenSsl(
      out && (key->is_private() ? PEM_write_bio_PKCS8PrivateKey(out.get(), key->pkey(), nullptr, nullptr, 0, nullptr, nullptr)
                                : PEM_write_bio_PUBKEY(out.get(), key->pkey())) == 1,
      "PEM");
  char *text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return SecretBytes(text, text + size);
}

}  // namespace jwt_auth::jose
