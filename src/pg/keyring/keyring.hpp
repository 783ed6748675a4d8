// The keyring as each backend keeps it: parsed keys, trusted issuers, classes of sessions and the global cutoff, current at
// each use.
#pragma once

#include <string>

#include "jose/jwt/claims.hpp"
#include "jose/jwt/token_type.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

struct Ring;
struct KnownToken;

// Registers the invalidation callback; called once, when the library is loaded.
void init_keyring();

// Postgres phase: makes the backend's copy current. To be called before each C++ phase that uses the ring.
void refresh_keyring();

// Another one whenever the copy is another one: of keys, trusted issuers and the cutoff.
std::uint64_t ring_version();

// The global cutoff of the current copy; the smallest value if there is none.
jose::Micros global_cutoff();

// After refresh_keyring() in the same call.
Ring &CurrentRing() noexcept;
// Signs a payload with the active key, as a token of this type (typ). kNoActiveKey, kKeySealed, kUnusableKey.
Result<std::string> SignWithRing(std::string_view payload, std::string_view type);

// What the database's state is asked about when a token is presented. Plain data: views into the copied claims and the token.
struct TokenFacts {
  FlatJson claims;
  std::string_view issuer;     // the trusted issuer that signed it; "" for our own
  bool subject_is_ours;        // sub is a user of ours: of our own tokens, and of issuers that are trusted to name our users
  OptionalText sub, sid, jti;  // sid only of our own tokens: another issuer's sessions are not ours to judge
  bool has_iat;
  jose::Micros iat;  // as in the token, rounded down to the microsecond; of our own tokens with their iat_us
  jose::Micros exp;
  std::string_view signing_input;
  KnownToken *known;  // what else is known of it already; null: nothing
};

// What a token is looked at for. One that is to be denied need not be good yet, nor meant for us; it must be authentic and not
// have expired.
enum class Purpose { kAccept, kDeny };

// The stateless half of jwt_verify(token): signature with the ring or a trusted issuer, type, times, issuer, audience; exp is
// there. A token for one purpose (kPurpose) is one of our own: kIssuerMismatch otherwise.
Result<TokenFacts> VerifyWithRing(std::string_view token, const jose::ExpectedType &type, jose::Micros now,
                                  Purpose purpose = Purpose::kAccept);

// Whether a token of this issuer ("": of our own) may name this role.
bool BelievesRole(std::string_view issuer, std::string_view role);

// Where an access token is expected, by the settings: at+jwt, and JWT or no type unless jwt_auth.accept_untyped is off.
jose::ExpectedType AccessTokenExpected() noexcept;
// The type of the access tokens that are issued, by jwt_auth.access_token_type.
std::string_view AccessTokenType() noexcept;

}  // namespace jwt_auth::pg
