// jwt_sign, jwt_verify, jwt_try_verify with an explicit key, jwt_decode_unverified: nothing is read from tables.
#include "jose/json/base64url.hpp"
#include "jose/jws/jws.hpp"
#include "pg/identity/verified_claims.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/result_row.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

Datum sign(FunctionCallInfo fcinfo, KeyForm form) {
  const Bytes claims = claims_text_of(required_jsonb(fcinfo, 0, "claims"));
  const KeyArgument key = key_argument(fcinfo, 1, form);
  const OptionalText algorithm = optional_name(fcinfo, 2, "algorithm");
  const OptionalText header = optional_object_text(fcinfo, 3, "header");

  return value_or_raise([&]() -> Result<Datum> {
    auto keys = KeysOf(key);
    if (!keys) return keys.error();
    jose::JsonDocument document;
    auto extra_header = HeaderOf(header, document);
    if (!extra_header) return extra_header.error();
    jose::SignOptions options;
    options.alg_name = algorithm.text;
    options.typ = "JWT";
    options.extra_header = *extra_header;
    auto token = jose::SignJws(claims.view(), **keys, options);
    if (!token) return token.error();
    if (token->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
    return CopyOutVarlena(*token);
  });
}

// What a caller asks; plain data.
struct VerifyRequest {
  std::string_view token;
  KeyArgument key;
  ClaimsRequest claims;
};

// Everything but the token, whose size is the first thing to be looked at.
VerifyRequest verify_request(FunctionCallInfo fcinfo, KeyForm form) {
  VerifyRequest request;
  request.token = {};
  request.key = key_argument(fcinfo, 1, form, "key", jose::KeyPurpose::kVerification);
  request.claims = claims_request(fcinfo, 2, 6);
  return request;
}

Result<FlatJson> Verify(const VerifyRequest &request) {
  auto keys = KeysOf(request.key);
  if (!keys) return keys.error();
  return VerifiedClaims(request.token, **keys, request.claims);
}

Datum verify(FunctionCallInfo fcinfo, KeyForm form) {
  VerifyRequest request = verify_request(fcinfo, form);
  request.token = required_token(fcinfo, 0);
  return jsonb_from(value_or_raise([&] { return Verify(request); }));
}

Datum try_verify(FunctionCallInfo fcinfo, KeyForm form) {
  VerifyRequest request = verify_request(fcinfo, form);
  if (token_is_too_large(fcinfo, 0)) return refusal_row(fcinfo, kTokenTooLarge);
  request.token = required_token(fcinfo, 0);
  // A bad key is the caller's mistake whatever its code, so it is raised.
  bool key_is_bad = false;
  const auto outcome = guard_interruptible([&]() -> Result<FlatJson> {
    auto keys = KeysOf(request.key);
    key_is_bad = !keys;
    return keys ? VerifiedClaims(request.token, **keys, request.claims) : keys.error();
  });
  if (!outcome.ok) {
    if (key_is_bad || !IsTokenRefusal(outcome.error.code)) raise_error(outcome.error);
    return refusal_row(fcinfo, outcome.error);
  }
  return acceptance_row(fcinfo, jsonb_from(outcome.value));
}

enum class DecodedColumn { kHeader, kPayload };

Datum decode_unverified(FunctionCallInfo fcinfo) {
  const std::string_view token = required_token(fcinfo, 0);
  struct Parts {
    FlatJson header, payload;
  };
  const Parts parts = value_or_raise([&]() -> Result<Parts> {
    auto parsed = jose::UnverifiedJws::Parse(token);
    if (!parsed) return parsed.error();
    auto payload = jose::ParseJson(parsed->unverified_payload());
    if (!payload) return payload.error();
    auto header_copy = CopyOut(parsed->header());
    if (!header_copy) return header_copy.error();
    auto payload_copy = CopyOut(*payload);
    if (!payload_copy) return payload_copy.error();
    return Parts{*header_copy, *payload_copy};
  });
  ResultRow row = result_row(fcinfo, {JSONBOID, JSONBOID});
  set(row, DecodedColumn::kHeader, jsonb_from(parts.header));
  set(row, DecodedColumn::kPayload, jsonb_from(parts.payload));
  return row_datum(row);
}

}  // namespace

}  // namespace jwt_auth::pg

using jwt_auth::pg::KeyForm;

JWT_AUTH_FUNCTION(jwt_auth_sign) { return jwt_auth::pg::sign(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_sign_bytea) { return jwt_auth::pg::sign(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_sign_jsonb) { return jwt_auth::pg::sign(fcinfo, KeyForm::kJsonb); }
JWT_AUTH_FUNCTION(jwt_auth_verify) { return jwt_auth::pg::verify(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_verify_bytea) { return jwt_auth::pg::verify(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_verify_jsonb) { return jwt_auth::pg::verify(fcinfo, KeyForm::kJsonb); }
JWT_AUTH_FUNCTION(jwt_auth_try_verify) { return jwt_auth::pg::try_verify(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_try_verify_bytea) { return jwt_auth::pg::try_verify(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_try_verify_jsonb) { return jwt_auth::pg::try_verify(fcinfo, KeyForm::kJsonb); }

JWT_AUTH_FUNCTION(jwt_auth_decode_unverified) { return jwt_auth::pg::decode_unverified(fcinfo); }
