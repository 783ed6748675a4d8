#include "pg/identity/verified_claims.hpp"

#include "jose/jws/jws.hpp"

namespace jwt_auth::pg {

ClaimsRequest claims_request(FunctionCallInfo fcinfo, int first_index) {
  ClaimsRequest request;
  request.algorithms = algorithms_argument(fcinfo, first_index);
  request.issuer = optional_text(fcinfo, first_index + 1);
  request.audience = optional_text(fcinfo, first_index + 2);
  request.leeway = micros_argument(fcinfo, first_index + 3, "leeway");
  request.now = now_micros();
  return request;
}

Result<FlatJson> VerifiedClaims(std::string_view token, const jose::KeySet &keys, const ClaimsRequest &request) {
  auto parsed = jose::UnverifiedJws::Parse(token);
  if (!parsed) return parsed.error();
  auto verified = jose::VerifyJws(std::move(*parsed), keys, request.algorithms);
  if (!verified) return verified.error();
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

}  // namespace jwt_auth::pg
