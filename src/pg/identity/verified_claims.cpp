#include "pg/identity/verified_claims.hpp"

#include "jose/jws/jws.hpp"
#include "jose/jwt/token_type.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/result_row.hpp"
#include "session/credential.hpp"

namespace jwt_auth::pg {

ClaimsRequest claims_request(FunctionCallInfo fcinfo, int first_index, int type_index) {
  ClaimsRequest request;
  request.algorithms = algorithms_argument(fcinfo, first_index);
  request.issuer = optional_text(fcinfo, first_index + 1);
  request.audience = optional_text(fcinfo, first_index + 2);
  request.leeway = micros_argument(fcinfo, first_index + 3, "leeway");
  request.type = PG_NARGS() > type_index ? optional_name(fcinfo, type_index, "type") : OptionalText{false, {}};
  request.now = now_micros();
  return request;
}

Result<FlatJson> VerifiedClaims(std::string_view token, const jose::KeySet &keys, const ClaimsRequest &request) {
  auto parsed = jose::UnverifiedJws::Parse(token);
  if (!parsed) return session::NameCredential(token, parsed.error());
  auto verified = jose::VerifyJws(std::move(*parsed), keys, request.algorithms);
  if (!verified) return verified.error();
  if (request.type.present &&
      !jose::IsExpectedType(verified->token().typ(), {jose::ExpectedType::Rule::kNamed, request.type.text, false}))
    return Error{ErrorCode::kOtherTokenType, "typ of its header is not the one that is asked for"};
  auto payload = jose::ParseJsonObject(verified->payload());
  if (!payload) return payload.error();
  auto claims = jose::ReadClaims(payload->root());
  if (!claims) return claims.error();
  jose::Expectations expected;
  expected.issuer = AsOptional(request.issuer);
  expected.audience = AsOptional(request.audience);
  expected.leeway = request.leeway;
  expected.now = request.now;
  auto accepted = jose::CheckClaims(*claims, expected);
  if (!accepted) return accepted.error();
  return CopyOut(*payload);
}

namespace {

enum class TryColumn { kValid, kClaims, kErrorCode, kErrorMessage };

ResultRow try_row(FunctionCallInfo fcinfo, bool valid) {
  ResultRow row = result_row(fcinfo, {BOOLOID, JSONBOID, TEXTOID, TEXTOID});
  set(row, TryColumn::kValid, BoolGetDatum(valid));
  return row;
}

}  // namespace

Datum acceptance_row(FunctionCallInfo fcinfo, Datum claims) {
  ResultRow row = try_row(fcinfo, true);
  set(row, TryColumn::kClaims, claims);
  return row_datum(row);
}

Datum refusal_row(FunctionCallInfo fcinfo, const Error &refusal) {
  ResultRow row = try_row(fcinfo, false);
  set(row, TryColumn::kErrorCode, CStringGetTextDatum(SqlStateOf(refusal.code)));
  set(row, TryColumn::kErrorMessage, CStringGetTextDatum(message_of(refusal)));
  return row_datum(row);
}

}  // namespace jwt_auth::pg
