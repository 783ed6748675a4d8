// JSON Web Tokens (RFC 7519), signed: the one way from a text to claims that hold.
#pragma once

#include <optional>
#include <string_view>

#include "jose/jws/jws.hpp"
#include "jose/jwt/claims.hpp"
#include "jose/jwt/token_type.hpp"

namespace jwt_auth::jose {

// What is asked of a token beside a right signature.
struct JwtExpectations {
  AlgorithmSet algorithms = AlgorithmSet::All();
  ExpectedType type;
  // The refusal of a token of another type.
  Error other_type = {ErrorCode::kOtherTokenType, "typ of its header is not the one that is asked for"};
  // Its issuer is not this server, whose tokens alone are accepted for one purpose (kPurpose).
  bool is_foreign = false;
  Expectations claims;
};

class UnverifiedJwt;
class VerifiedJwt;

// In this order: the signature (as VerifyJws()), the type (`other_type`), the purpose (kIssuerMismatch), the payload
// (kMalformed, kTooLarge), the types of the registered claims (kMalformed), what is expected of them (as CheckClaims()). The
// token moves into the result once its signature is right; until then it stays as it was. The result points into `keys`.
Result<VerifiedJwt> VerifyJwt(UnverifiedJwt &token, const KeySet &keys, const JwtExpectations &expected);

// A token taken apart, its payload decoded, nothing believed.
class UnverifiedJwt {
 public:
  // As UnverifiedJws::Parse().
  static Result<UnverifiedJwt> Parse(std::string_view token);

  const UnverifiedJws &jws() const { return jws_; }
  // What the token claims, an object, before any key has proved it: to choose the keys that have to. kMalformed, kTooLarge. The
  // payload is read at the first call, and never again: verifying the token uses what was read.
  Result<JsonValue> UnverifiedClaims();

 private:
  friend Result<VerifiedJwt> VerifyJwt(UnverifiedJwt &token, const KeySet &keys, const JwtExpectations &expected);
  UnverifiedJwt() = default;
  Result<void> ReadPayload(const std::string &payload);

  UnverifiedJws jws_;
  std::optional<JsonDocument> payload_;
};

// A token whose signature, type and registered claims hold. Only VerifyJwt() makes one.
class VerifiedJwt {
 public:
  const UnverifiedJws &token() const { return jws_.token(); }
  const Key &key() const { return jws_.key(); }  // the one that verified it
  const JsonDocument &payload() const { return payload_; }
  const RegisteredClaims &claims() const { return claims_; }  // into payload()

 private:
  friend Result<VerifiedJwt> VerifyJwt(UnverifiedJwt &token, const KeySet &keys, const JwtExpectations &expected);
  VerifiedJwt(VerifiedJws &&jws, JsonDocument &&payload, RegisteredClaims &&claims)
      : jws_(std::move(jws)), payload_(std::move(payload)), claims_(std::move(claims)) {}

  VerifiedJws jws_;
  JsonDocument payload_;
  RegisteredClaims claims_;
};

}  // namespace jwt_auth::jose
