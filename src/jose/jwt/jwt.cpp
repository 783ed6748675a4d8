#include "jose/jwt/jwt.hpp"

#include <utility>

namespace jwt_auth::jose {

Result<UnverifiedJwt> UnverifiedJwt::Parse(std::string_view token) {
  Result<UnverifiedJwt> parsed{UnverifiedJwt()};
  if (const auto read = parsed->jws_.Read(token); !read) parsed = read.error();
  return parsed;
}

Result<void> UnverifiedJwt::ReadPayload(const std::string &payload) {
  if (payload_) return {};
  auto document = ParseJsonObject(payload);
  if (!document) return document.error();
  payload_ = std::move(*document);
  return {};
}

Result<JsonValue> UnverifiedJwt::UnverifiedClaims() {
  if (auto read = ReadPayload(jws_.unverified_payload()); !read) return read.error();
  return payload_->root();
}

Result<VerifiedJwt> VerifyJwt(UnverifiedJwt &token, const KeySet &keys, const JwtExpectations &expected) {
  auto jws = VerifyJws(std::move(token.jws_), keys, expected.algorithms);
  if (!jws) return jws.error();
  if (!IsExpectedType(jws->token().typ(), expected.type)) return expected.other_type;
  if (expected.is_foreign && expected.type.rule == ExpectedType::Rule::kPurpose)
    return Error{ErrorCode::kIssuerMismatch, "a token for one purpose is accepted from this server alone"};
  if (auto read = token.ReadPayload(jws->payload()); !read) return read.error();
  auto claims = ReadClaims(token.payload_->root());
  if (!claims) return claims.error();
  if (auto checked = CheckClaims(*claims, expected.claims); !checked) return checked.error();
  return VerifiedJwt(std::move(*jws), std::move(*token.payload_), std::move(*claims));
}

}  // namespace jwt_auth::jose
