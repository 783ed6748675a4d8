// When a token whose signature, times, issuer and audience hold is accepted: the half that asks the tables.
#pragma once

#include "pg/keyring/keyring.hpp"
#include "pg/store/denied_token.hpp"
#include "pg/support/postgres.hpp"
#include "session/session_id.hpp"
#include "session/token_verdict.hpp"

namespace jwt_auth::pg {

// What names a token in the deny list: over issuer and jti, or issuer and signing input where it has no jti (a signature can
// be varied without the token's meaning anything else).
TokenId token_id_of(const TokenFacts &facts);
// Whose token it is: the distribution key of (issuer, sub), with an empty sub where there is none.
session::UserKey token_user_key(const TokenFacts &facts);

// The API key that a token of ours was exchanged for, by its claim key_id; false if there is none. Text that is no id of ours
// in that claim means nothing: tokens of jwt_sign() may hold any.
bool key_id_of(const TokenFacts &facts, pg_uuid_t &key_id);

// kOtherServer, kSessionEnded, kBeforeCutoff, kDenied, or null if the token is good. Writes nothing, reads with the latest
// snapshot; after refresh_keyring().
const Error *token_state_refusal(const TokenFacts &facts, jose::Micros now);

// Whether an impersonation that began then goes on, as far as its actor is concerned (session::JudgeActor). Reads with the
// latest snapshot.
struct ActorState {
  session::TokenVerdict verdict;
  session::Micros not_before;  // the cutoff of the actor; kNoCutoff: not known
};
ActorState actor_state(std::string_view actor, session::Micros began, session::Micros now);

}  // namespace jwt_auth::pg
