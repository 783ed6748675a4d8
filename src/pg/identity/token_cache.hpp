// Access tokens that this backend has accepted lately: what their signature, JSON and claims said, found again by a keyed hash
// of all of their bytes. No token is kept, only its hash and its claims. What the tables say of a token is no part of this: it
// is asked every time.
//
// What is kept rests on the ring, on the trusted issuers and on the settings that a token is judged by. All of it is dropped
// when one of these has changed, and nothing is answered before the moment at which the token was first accepted, nor before
// its iat, nor after its exp. Postgres phase.
#pragma once

#include "pg/keyring/keyring.hpp"
#include "session/refresh_token.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::pg {

// What is found out about a token once it is accepted. In the memory of its facts.
struct KnownToken {
  session::Hash id;  // its name among the denials
  session::UserKey user_key;
  Jsonb *claims;  // null until they are needed
};

// What a token is looked for by. Plain data.
struct TokenName {
  bool can_be_kept;       // false: nothing is looked for and nothing is kept
  std::uint64_t version;  // of what the verdict rests on
  unsigned char hash[32];
};
// After refresh_keyring() in the same call.
TokenName name_token(std::string_view token, const jose::ExpectedType &type);

// Answers a copy in the current memory context, with `known`; false if there is none.
bool recall_token(const TokenName &name, std::string_view token, jose::Micros now, TokenFacts &facts);
// Keeps facts that were found and have `known`, of a token that was accepted at this time; makes the claims' jsonb.
void keep_token(const TokenName &name, jose::Micros now, const TokenFacts &facts);

// The claims of an accepted token as jsonb.
Datum claims_datum(const TokenFacts &facts);

}  // namespace jwt_auth::pg
