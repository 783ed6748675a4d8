// jwe_encrypt, jwe_decrypt: any content. jwt_encrypt, jwt_decrypt: claims, signed and then encrypted (RFC 7519 section 5.2).
#include "jose/jwe/jwe.hpp"
#include "jose/jws/jws.hpp"
#include "jose/jwt/token_type.hpp"
#include "pg/identity/verified_claims.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

constexpr std::string_view kNestedToken = "JWT";

// A list of names as a set; 22023 for an unknown name or an empty list, 22004 for a NULL in it.
template <class Set, class Lookup>
Set name_set(FunctionCallInfo fcinfo, int index, const char *argument, Lookup named, const char *names_hint) {
  const TextArray names = text_array(fcinfo, index, argument);
  if (names.count == 0)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is empty, which would allow nothing", argument)));
  Set set;
  for (int i = 0; i < names.count; i++) {
    const auto one = named(names.elements[i]);
    if (!one)
      ereport(ERROR,
              (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
               errmsg("%s has the unknown name \"%s\"", argument, shown_choice(names.elements[i])), errhint("%s", names_hint)));
    set = set | Set(*one);
  }
  return set;
}

// What the caller allows a token to be encrypted with; plain data.
struct DecryptRequest {
  KeyArgument key;
  std::optional<jose::JweAlgorithmSet> algorithms;  // none: what the key allows
  jose::JweEncryptionSet encryptions;
};

// `algorithms` and `encryptions` are neighbours.
DecryptRequest decrypt_request(FunctionCallInfo fcinfo, const KeyArgument &key, int algorithms_index, const char *algorithms) {
  DecryptRequest request{key, std::nullopt, jose::JweEncryptionSet::All()};
  if (!PG_ARGISNULL(algorithms_index))
    request.algorithms = name_set<jose::JweAlgorithmSet>(fcinfo, algorithms_index, algorithms, jose::JweAlgorithmNamed,
                                                         jose::kKeyManagementNames);
  if (!PG_ARGISNULL(algorithms_index + 1))
    request.encryptions = name_set<jose::JweEncryptionSet>(fcinfo, algorithms_index + 1, "encryptions",
                                                           jose::JweEncryptionNamed, jose::kContentEncryptionNames);
  return request;
}

Result<jose::DecryptedJwe> Decrypt(std::string_view token, const DecryptRequest &request) {
  auto keys = KeysOf(request.key);
  if (!keys) return keys.error();
  auto parsed = jose::UnverifiedJwe::Parse(token);
  if (!parsed) return parsed.error();
  return jose::DecryptJwe(std::move(*parsed), **keys, request.algorithms, request.encryptions);
}

// What the caller wants content encrypted with; plain data.
struct EncryptRequest {
  KeyArgument key;
  OptionalText algorithm;
  OptionalText encryption;
  OptionalText header;
};

Result<Datum> Encrypt(std::string_view plaintext, const EncryptRequest &request, std::string_view type) {
  if (plaintext.size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
  auto keys = KeysOf(request.key);
  if (!keys) return keys.error();
  jose::JsonDocument document;
  auto extra_header = HeaderOf(request.header, document);
  if (!extra_header) return extra_header.error();
  jose::JweOptions options;
  options.alg = request.algorithm.text;
  options.enc = request.encryption.text;
  options.extra_header = *extra_header;
  options.typ = type;
  options.cty = type;
  auto token = jose::EncryptJwe(plaintext, **keys, options);
  if (!token) return token.error();
  if (token->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
  return CopyOutVarlena(*token);
}

Datum encrypt(FunctionCallInfo fcinfo, KeyForm form) {
  const std::string_view plaintext = required_bytes(fcinfo, 0, "plaintext");
  const EncryptRequest request{key_argument(fcinfo, 1, form, "key", jose::KeyPurpose::kEncryption),
                               optional_name(fcinfo, 2, "algorithm"), optional_name(fcinfo, 3, "encryption"),
                               optional_object_text(fcinfo, 4, "header")};
  return value_or_raise([&] { return Encrypt(plaintext, request, {}); });
}

Datum decrypt(FunctionCallInfo fcinfo, KeyForm form) {
  const DecryptRequest request =
      decrypt_request(fcinfo, key_argument(fcinfo, 1, form, "key", jose::KeyPurpose::kEncryption), 2, "algorithms");
  const std::string_view token = required_token(fcinfo, 0);
  return value_or_raise([&]() -> Result<Datum> {
    auto decrypted = Decrypt(token, request);
    if (!decrypted) return decrypted.error();
    return CopyOutVarlena(jose::AsText(decrypted->plaintext()));
  });
}

Datum encrypt_claims(FunctionCallInfo fcinfo, KeyForm form) {
  const Bytes claims = claims_text_of(required_jsonb(fcinfo, 0, "claims"));
  const KeyArgument signing_key = key_argument(fcinfo, 1, form, "signing_key");
  const KeyArgument encryption_key = key_argument(fcinfo, 2, form, "encryption_key", jose::KeyPurpose::kEncryption);
  const OptionalText algorithm = optional_name(fcinfo, 3, "algorithm");
  const EncryptRequest request{encryption_key, optional_name(fcinfo, 4, "key_algorithm"),
                               optional_name(fcinfo, 5, "encryption"), optional_object_text(fcinfo, 6, "header")};
  return value_or_raise([&]() -> Result<Datum> {
    auto keys = KeysOf(signing_key);
    if (!keys) return keys.error();
    jose::SignOptions options;
    options.alg_name = algorithm.text;
    options.typ = kNestedToken;
    auto token = jose::SignJws(claims.view(), **keys, options);
    if (!token) return token.error();
    return Encrypt(*token, request, kNestedToken);
  });
}

// RFC 7519 section 5.2; the value is a media type (RFC 7515 section 4.1.10).
bool IsNestedToken(const std::optional<std::string_view> &content_type) {
  return content_type && jose::IsSameType(*content_type, kNestedToken);
}

Datum decrypt_claims(FunctionCallInfo fcinfo, KeyForm form) {
  const KeyArgument encryption_key = key_argument(fcinfo, 1, form, "encryption_key", jose::KeyPurpose::kEncryption);
  const KeyArgument signing_key = key_argument(fcinfo, 2, form, "signing_key", jose::KeyPurpose::kVerification);
  const ClaimsRequest claims = claims_request(fcinfo, 3, 9);
  const DecryptRequest request = decrypt_request(fcinfo, encryption_key, 7, "key_algorithms");
  const std::string_view token = required_token(fcinfo, 0);
  return jsonb_from(value_or_raise([&]() -> Result<FlatJson> {
    auto decrypted = Decrypt(token, request);
    if (!decrypted) return decrypted.error();
    if (!IsNestedToken(decrypted->token().cty()))
      return Error{ErrorCode::kMalformed, "cty of the header is not JWT, so what is encrypted is not a token"};
    // The decryption keys may leave the cache here: nothing of them is used any more.
    auto keys = KeysOf(signing_key);
    if (!keys) return keys.error();
    return VerifiedClaims(jose::AsText(decrypted->plaintext()), **keys, claims);
  }));
}

}  // namespace

}  // namespace jwt_auth::pg

using jwt_auth::pg::KeyForm;

JWT_AUTH_FUNCTION(jwt_auth_jwe_encrypt) { return jwt_auth::pg::encrypt(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_jwe_encrypt_bytea) { return jwt_auth::pg::encrypt(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_jwe_encrypt_jsonb) { return jwt_auth::pg::encrypt(fcinfo, KeyForm::kJsonb); }
JWT_AUTH_FUNCTION(jwt_auth_jwe_decrypt) { return jwt_auth::pg::decrypt(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_jwe_decrypt_bytea) { return jwt_auth::pg::decrypt(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_jwe_decrypt_jsonb) { return jwt_auth::pg::decrypt(fcinfo, KeyForm::kJsonb); }
JWT_AUTH_FUNCTION(jwt_auth_encrypt) { return jwt_auth::pg::encrypt_claims(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_encrypt_bytea) { return jwt_auth::pg::encrypt_claims(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_encrypt_jsonb) { return jwt_auth::pg::encrypt_claims(fcinfo, KeyForm::kJsonb); }
JWT_AUTH_FUNCTION(jwt_auth_decrypt) { return jwt_auth::pg::decrypt_claims(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_decrypt_bytea) { return jwt_auth::pg::decrypt_claims(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_decrypt_jsonb) { return jwt_auth::pg::decrypt_claims(fcinfo, KeyForm::kJsonb); }
