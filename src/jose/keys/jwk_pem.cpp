// PEM to JWK and back (RFC 7468, PKCS#1, PKCS#8, SEC 1, X.509).
#include <openssl/decoder.h>
#include <openssl/pem.h>

#include <array>

#include "jose/keys/key_material.hpp"
#include "jose/keys/pem.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kMaxPemSize = 65536;
constexpr Error kNotPem{ErrorCode::kUnusableKey, "not a PEM text that can be read"};

std::string_view TrimmedRight(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// One armoured block.
struct PemBlock {
  std::string_view label;
  std::string_view text;  // with its armour
};

// Takes the block at the start of `rest`, which loses it and the white space behind it.
std::optional<PemBlock> TakeBlock(std::string_view &rest) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  if (rest.substr(0, kBegin.size()) != kBegin) return std::nullopt;
  const std::size_t label_end = rest.find(kDashes, kBegin.size());
  if (label_end == std::string_view::npos || label_end > 64) return std::nullopt;
  PemBlock block;
  block.label = rest.substr(kBegin.size(), label_end - kBegin.size());
  const std::string end = "-----END " + std::string(block.label) + "-----";
  const std::size_t end_at = rest.find(end, label_end);
  if (end_at == std::string_view::npos) return std::nullopt;
  block.text = rest.substr(0, end_at + end.size());
  rest.remove_prefix(block.text.size());
  const std::size_t next = rest.find_first_not_of(" \t\r\n");
  rest.remove_prefix(next == std::string_view::npos ? rest.size() : next);
  return block;
}

// The DER inside a block's armour; kUnusableKey if there are headers, which only encrypted keys have.
Result<SecretBytes> Unarmoured(std::string_view block) {
  // OpenSSL wants the last line to end.
  SecretBytes text(block.begin(), block.end());
  text.push_back('\n');
  const OpenSslPtr<BIO> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  RequireOpenSsl(in != nullptr, "PEM");
  char *name = nullptr;
  char *header = nullptr;
  unsigned char *data = nullptr;
  long size = 0;
  if (!OpenSslAccepts(PEM_read_bio(in.get(), &name, &header, &data, &size) == 1)) return kNotPem;
  const auto clear_free = [size](unsigned char *bytes) { OPENSSL_clear_free(bytes, static_cast<std::size_t>(size)); };
  const std::unique_ptr<unsigned char, decltype(clear_free)> owned_data(data, clear_free);
  const std::unique_ptr<char, OpenSslMemoryDeleter> owned_name(name);
  const std::unique_ptr<char, OpenSslMemoryDeleter> owned_header(header);
  SecretBytes der(data, data + size);
  const bool has_headers = header[0] != '\0';
  const bool has_rest = BIO_pending(in.get()) > 0;
  if (has_headers) return Error{ErrorCode::kUnusableKey, "encrypted or annotated PEM"};
  if (has_rest) return kNotPem;
  return der;
}

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

OpenSslPtr<EVP_PKEY> CertificateKey(const SecretBytes &der) {
  const unsigned char *at = der.data();
  const OpenSslPtr<X509> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!OpenSslAccepts(certificate != nullptr) || at != der.data() + der.size()) return nullptr;
  OpenSslPtr<EVP_PKEY> key(X509_get_pubkey(certificate.get()));
  (void)OpenSslAccepts(key != nullptr);
  return key;
}

struct Decoded {
  OpenSslPtr<EVP_PKEY> key;
  bool is_private;
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
  if (block.label == "ENCRYPTED PRIVATE KEY") return Error{ErrorCode::kUnusableKey, "encrypted or annotated PEM"};
  const auto der = Unarmoured(block.text);
  if (!der) return der.error();
  if (block.label == "CERTIFICATE") {
    auto key = CertificateKey(*der);
    if (!key) return Error{ErrorCode::kUnusableKey, "not a certificate that can be read"};
    return Decoded{std::move(key), false};
  }
  for (const Form &form : kForms) {
    if (form.label != block.label) continue;
    auto key = DecodeDer(*der, form.structure, form.type, form.is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
    if (!key) return Error{ErrorCode::kUnusableKey, "not a PEM key that can be read"};
    return Decoded{std::move(key), form.is_private};
  }
  return Error{ErrorCode::kUnusableKey, "a kind of PEM that is not supported"};
}

Result<Decoded> DecodePem(std::string_view pem) {
  if (pem.size() > kMaxPemSize) return Error{ErrorCode::kTooLarge, "PEM text too large"};
  std::string_view rest = pem;
  auto block = TakeBlock(rest);
  // `openssl ecparam -genkey` writes the curve's name in front of the key.
  if (block && block->label == "EC PARAMETERS") block = TakeBlock(rest);
  if (!block || !rest.empty()) return kNotPem;
  return DecodeBlock(*block);
}

void AppendTextMember(SecretBytes &out, std::string_view name, std::string_view value) {
  Append(out, ",");
  AppendJsonString(name, out);
  Append(out, ":");
  AppendJsonString(value, out);
}

}  // namespace

namespace {

// What is inside a value in BER; none if it has another form or ends too early. What follows it does not matter.
std::optional<std::string_view> DerContent(std::string_view bytes) noexcept {
  if (bytes.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[1]);
  std::string_view rest = bytes.substr(2);
  std::size_t size = first;
  if (first == 0x80) return rest;  // it ends where a mark says so
  if (first > 0x80) {
    const std::size_t count = first & 0x7fU;
    if (count > 4 || rest.size() < count) return std::nullopt;
    size = 0;
    for (const char c : rest.substr(0, count)) size = size << 8 | static_cast<unsigned char>(c);
    rest.remove_prefix(count);
  }
  if (size > rest.size()) return std::nullopt;
  return rest.substr(0, size);
}

bool DecodesAsKey(const SecretBytes &der) {
  if (CertificateKey(der)) return true;
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
  const SecretBytes der(bytes.begin(), bytes.end());
  return AskTwice([&] { return DecodesAsKey(der); });
}

Result<SecretBytes> BareJwkFromPem(std::string_view pem) {
  const auto decoded = AskTwice([&] { return DecodePem(TrimmedRight(pem)); });
  if (!decoded) return decoded.error();
  SecretBytes jwk;
  Append(jwk, "{");
  if (auto appended = AppendKeyMembers(decoded->key.get(), decoded->is_private, jwk); !appended) return appended.error();
  Append(jwk, "}");
  return jwk;
}

Result<SecretBytes> JwkFromPem(std::string_view pem, std::optional<std::string_view> kid, std::optional<std::string_view> alg) {
  auto jwk = BareJwkFromPem(pem);
  if (!jwk) return jwk.error();
  std::string thumbprint;
  if (!kid) {
    const auto document = ParseJsonObject(AsText(*jwk));
    if (!document) return document.error();
    auto computed = JwkThumbprint(document->root());
    if (!computed) return computed.error();
    thumbprint = std::move(*computed);
  }
  jwk->pop_back();
  AppendTextMember(*jwk, "kid", kid ? *kid : thumbprint);
  if (alg) AppendTextMember(*jwk, "alg", *alg);
  Append(*jwk, "}");
  const auto document = ParseJsonObject(AsText(*jwk));
  if (!document) return Error{ErrorCode::kInvalidArgument, "kid or alg is not valid text"};
  if (const auto key = ParseJwk(document->root(), KeyPurpose::kEncryption); !key) return key.error();
  return jwk;
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
