#include "jose/keys/signing_jwk.hpp"

#include "jose/json/base64url.hpp"
#include "jose/json/json_writer.hpp"
#include "jose/keys/foreign_key.hpp"
#include "jose/keys/jwk.hpp"
#include "jose/keys/key_material.hpp"

namespace jwt_auth::jose {
namespace {

constexpr Error Unusable(const char *detail) { return {ErrorCode::kUnusableKey, detail}; }

Result<JsonDocument> ReadAsJwk(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    auto document = ParseJsonObject(text);
    if (!document) return Unusable("not valid JSON");
    if (document->root().Find("keys")) return Unusable("a JWK set where one JWK is wanted");
    return document;
  }
  if (text.find("-----BEGIN") == std::string_view::npos) {
    if (const auto refusal = ForeignKeyInText(text)) return *refusal;
    return Error{ErrorCode::kUnusableKey, "neither a JWK nor PEM",
                 "Import a bare secret with jwt_auth.import_signing_secret()."};
  }
  const auto jwk = JwkFromPem(text, std::nullopt, std::nullopt);
  if (!jwk) return jwk.error();
  return ParseJsonObject(AsText(*jwk));
}

Result<std::string> KidOf(const Key &key, const JsonValue &jwk) {
  if (key.kid()) {
    if (key.kid()->empty() || key.kid()->size() > kMaxKidSize)
      return Unusable("kid of the JWK is empty or longer than 512 bytes");
    return *key.kid();
  }
  if (key.type() == KeyType::kOct) return EncodeBase64Url(AsText(RandomBytes(16)));
  return JwkThumbprint(jwk);
}

Result<SecretBytes> WriteJwk(const Key &key, bool with_private, const SigningJwk &names) {
  SecretBytes out;
  JsonWriter jwk(out);
  jwk.BeginObject();
  if (key.type() == KeyType::kOct) {
    AppendSecretMembers(AsText(key.secret()), out);
  } else if (auto appended = AppendKeyMembers(key.pkey(), with_private, out); !appended) {
    return appended.error();
  }
  jwk.Add("kid", names.kid);
  jwk.Add("use", "sig");
  if (key.type() != KeyType::kAkp) jwk.Add("alg", names.alg);
  jwk.EndObject();
  return out;
}

}  // namespace

Result<SigningJwk> ReadSigningKey(std::string_view text) {
  const auto document = ReadAsJwk(text);
  if (!document) return document.error();
  const auto key = ParseJwk(document->root());
  if (!key) return key.error();
  if (!key->is_private()) return Unusable("a public key where the private one is wanted");
  const auto algorithm = key->default_algorithm();
  if (!algorithm || (key->operations() & kOpSign) == 0) return Unusable("key is not for making signatures");

  SigningJwk result;
  result.alg = key->alg() ? *key->alg() : std::string(InfoOf(*algorithm).name);
  auto kid = KidOf(*key, document->root());
  if (!kid) return kid.error();
  result.kid = std::move(*kid);
  auto private_jwk = WriteJwk(*key, true, result);
  if (!private_jwk) return private_jwk.error();
  result.private_jwk = std::move(*private_jwk);
  if (key->type() == KeyType::kOct) return result;
  const auto public_jwk = WriteJwk(*key, false, result);
  if (!public_jwk) return public_jwk.error();
  result.public_jwk = std::string(AsText(*public_jwk));
  return result;
}

}  // namespace jwt_auth::jose
