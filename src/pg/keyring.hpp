// The keyring as each backend keeps it: parsed keys, trusted issuers and the global cutoff, current at each use.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jose/claims.hpp"
#include "jose/jws.hpp"
#include "pg/arguments.hpp"
#include "pg/boundary.hpp"

namespace jwt_auth::pg {

// Registers the invalidation callback; called once, when the library is loaded.
void init_keyring();

// Postgres phase: makes the backend's copy current. To be called before each C++ phase that uses the ring.
void refresh_keyring();

// The global cutoff of the current copy; the smallest value if there is none.
jose::Micros global_cutoff();

// For C++ phases, after refresh_keyring() in the same call:
// signs a payload with the active key. kNoActiveKey, kKeySealed.
Result<std::string> SignWithRing(std::string_view payload);

// What the database's state is asked about when a token is presented. Plain data: views into the copied claims and the token.
struct TokenFacts {
  FlatJson claims;
  std::string_view issuer;  // the trusted issuer that signed it; "" for our own
  OptionalText sub, sid, jti;
  bool has_iat;
  jose::Micros iat;  // as in the token, rounded down to the microsecond
  jose::Micros exp;
  std::string_view signing_input;
};

// The stateless half of jwt_verify(token): signature with the ring or a trusted issuer, times, issuer, audience; exp is there.
Result<TokenFacts> VerifyWithRing(std::string_view token, jose::Micros now);

}  // namespace jwt_auth::pg
