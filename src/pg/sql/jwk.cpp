// Keys as JSON: jwk_generate, jwk_public, jwk_thumbprint, jwk_from_pem, jwk_to_pem; base64url.
#include "jose/keys/jwk.hpp"
#include "jose/json/base64url.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

namespace {

// What the core makes of a JWK argument, as a jsonb or a text.
template <class Transform>
auto transformed_jwk(FunctionCallInfo fcinfo, Transform transform) {
  const Bytes text = json_text_of(required_jsonb(fcinfo, 0, "jwk"));
  auto value = Guard([&]() {
    auto jwk = jose::ParseJsonObject(text.view());
    using Answer = decltype(transform(jwk->root()));
    // A JWK argument that is no object is an unusable key, not a bad token.
    if (!jwk) return Answer(Error{ErrorCode::kUnusableKey, "a JWK is a JSON object"});
    return transform(jwk->root());
  });
  cleanse(text);
  if (!value.ok) raise_error(value.error);
  return value.value;
}

Result<FlatJson> CopyOutJson(std::string_view text) {
  auto document = jose::ParseJson(text);
  if (!document) return Error{ErrorCode::kInternal, nullptr};
  return CopyOut(*document);
}

Datum generate(FunctionCallInfo fcinfo) {
  const std::string_view algorithm = required_bytes(fcinfo, 0, "algorithm");
  const OptionalText curve = optional_text(fcinfo, 1);
  const OptionalText kid = optional_text(fcinfo, 3);
  const int rsa_bits = PG_ARGISNULL(2) ? 2048 : PG_GETARG_INT32(2);
  const auto outcome = guard_interruptible([&]() -> Result<FlatJson> {
    auto jwk = jose::GenerateJwk({algorithm, curve.text, rsa_bits, AsOptional(kid), IsInterrupted});
    if (!jwk) return jwk.error();
    return CopyOutJson(jose::AsText(*jwk));
  });
  if (!outcome.ok) raise_error(outcome.error);
  return jsonb_from(outcome.value);
}

Datum public_part(FunctionCallInfo fcinfo) {
  return jsonb_from(transformed_jwk(fcinfo, [](const jose::JsonValue &jwk) -> Result<FlatJson> {
    auto text = jose::PublicJwk(jwk);
    if (!text) return text.error();
    return CopyOutJson(*text);
  }));
}

Datum thumbprint(FunctionCallInfo fcinfo) {
  return transformed_jwk(fcinfo, [](const jose::JsonValue &jwk) -> Result<Datum> {
    auto text = jose::JwkThumbprint(jwk);
    if (!text) return text.error();
    return CopyOutVarlena(*text);
  });
}

Datum to_pem(FunctionCallInfo fcinfo) {
  return transformed_jwk(fcinfo, [](const jose::JsonValue &jwk) -> Result<Datum> {
    auto pem = jose::JwkToPem(jwk);
    if (!pem) return pem.error();
    return CopyOutVarlena(jose::AsText(*pem));
  });
}

Datum from_pem(FunctionCallInfo fcinfo) {
  const std::string_view pem = required_bytes(fcinfo, 0, "pem");
  const OptionalText kid = optional_text(fcinfo, 1);
  const OptionalText alg = optional_text(fcinfo, 2);
  return jsonb_from(value_or_raise([&]() -> Result<FlatJson> {
    auto jwk = jose::JwkFromPem(pem, AsOptional(kid), AsOptional(alg));
    if (!jwk) return jwk.error();
    return CopyOutJson(jose::AsText(*jwk));
  }));
}

Datum encode_base64url(FunctionCallInfo fcinfo) {
  const std::string_view bytes = required_bytes(fcinfo, 0, "data");
  return value_or_raise([&]() -> Result<Datum> { return CopyOutVarlena(jose::EncodeBase64Url(bytes)); });
}

Datum decode_base64url(FunctionCallInfo fcinfo) {
  const std::string_view text = required_bytes(fcinfo, 0, "data");
  return value_or_raise([&]() -> Result<Datum> {
    auto bytes = jose::DecodeBase64Url(text);
    if (!bytes) return Error{ErrorCode::kInvalidArgument, "not strict unpadded base64url"};
    return CopyOutVarlena(*bytes);
  });
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_jwk_generate) { return jwt_auth::pg::generate(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_jwk_public) { return jwt_auth::pg::public_part(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_jwk_thumbprint) { return jwt_auth::pg::thumbprint(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_jwk_to_pem) { return jwt_auth::pg::to_pem(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_jwk_from_pem) { return jwt_auth::pg::from_pem(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_base64url_encode) { return jwt_auth::pg::encode_base64url(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_base64url_decode) { return jwt_auth::pg::decode_base64url(fcinfo); }
