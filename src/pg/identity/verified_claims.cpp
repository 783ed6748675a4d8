#include "pg/identity/verified_claims.hpp"

#include "jose/jwt/jwt.hpp"
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
  auto parsed = jose::UnverifiedJwt::Parse(token);
  if (!parsed) return session::NameCredential(token, parsed.error());
  jose::JwtExpectations expected;
  expected.algorithms = request.algorithms;
  if (request.type.present) expected.type = {jose::ExpectedType::Rule::kNamed, request.type.text, false};
  expected.claims.issuer = AsOptional(request.issuer);
  expected.claims.audience = AsOptional(request.audience);
  expected.claims.leeway = request.leeway;
  expected.claims.now = request.now;
  const auto verified = jose::VerifyJwt(*parsed, keys, expected);
  if (!verified) return verified.error();
  return CopyOut(verified->payload());
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
