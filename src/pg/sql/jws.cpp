// jws_sign, jws_verify: signatures over any payload, with an explicit key.
#include "jose/jws/jws.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

Datum sign_payload(FunctionCallInfo fcinfo, KeyForm form) {
  const std::string_view payload = required_bytes(fcinfo, 0, "payload");
  const KeyArgument key = key_argument(fcinfo, 1, form);
  const OptionalText algorithm = optional_name(fcinfo, 2, "algorithm");
  const OptionalText header = optional_object_text(fcinfo, 3, "header");

  return value_or_raise([&]() -> Result<Datum> {
    // A token is longer than its payload: what can't be verified here is not made here.
    if (payload.size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
    auto keys = KeysOf(key);
    if (!keys) return keys.error();
    jose::JsonDocument document;
    auto extra_header = HeaderOf(header, document);
    if (!extra_header) return extra_header.error();
    jose::SignOptions options;
    options.alg_name = algorithm.text;
    options.extra_header = *extra_header;
    auto token = jose::SignJws(payload, **keys, options);
    if (!token) return token.error();
    if (token->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
    return CopyOutVarlena(*token);
  });
}

Datum verify_payload(FunctionCallInfo fcinfo, KeyForm form) {
  const KeyArgument key = key_argument(fcinfo, 1, form, "key", jose::KeyPurpose::kVerification);
  const jose::AlgorithmSet algorithms = algorithms_argument(fcinfo, 2);
  const std::string_view token = required_token(fcinfo, 0);

  return value_or_raise([&]() -> Result<Datum> {
    auto keys = KeysOf(key);
    if (!keys) return keys.error();
    auto parsed = jose::UnverifiedJws::Parse(token);
    if (!parsed) return parsed.error();
    auto verified = jose::VerifyJws(std::move(*parsed), **keys, algorithms);
    if (!verified) return verified.error();
    return CopyOutVarlena(verified->payload());
  });
}

}  // namespace

}  // namespace jwt_auth::pg

using jwt_auth::pg::KeyForm;

JWT_AUTH_FUNCTION(jwt_auth_jws_sign) { return jwt_auth::pg::sign_payload(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_jws_sign_bytea) { return jwt_auth::pg::sign_payload(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_jws_verify) { return jwt_auth::pg::verify_payload(fcinfo, KeyForm::kText); }
JWT_AUTH_FUNCTION(jwt_auth_jws_verify_bytea) { return jwt_auth::pg::verify_payload(fcinfo, KeyForm::kSecret); }
JWT_AUTH_FUNCTION(jwt_auth_jws_sign_jsonb) { return jwt_auth::pg::sign_payload(fcinfo, KeyForm::kJsonb); }
JWT_AUTH_FUNCTION(jwt_auth_jws_verify_jsonb) { return jwt_auth::pg::verify_payload(fcinfo, KeyForm::kJsonb); }
