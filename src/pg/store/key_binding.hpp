// The key that a session is bound to, and the proofs that were used. All of it runs inside SPI, as the tables' owner.
#pragma once

#include <optional>

#include "jose/proof/proof.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/arguments.hpp"
#include "session/policy.hpp"

namespace jwt_auth::pg {

// How a session proves its key: with a DPoP proof at each refresh and each use of an access token, or with a browser's proof
// (DBSC) at each refresh.
enum class KeyKind : char { kNone = 0, kDpop = 'p', kDbsc = 'b' };

// What a session is bound to. `key` is the RFC 7638 thumbprint for DPoP, whose proofs bring the key along; for DBSC it is the
// public JWK, for a browser does not send it again. Plain data.
struct KeyBinding {
  KeyKind kind;
  std::string_view key;
};

// Whose proof the bearer of the session's access tokens has to show: nobody's, but for DPoP.
std::optional<jose::Thumbprint> key_of_tokens(const KeyBinding &binding);
inline std::string_view view_of(const jose::Thumbprint &thumbprint) {
  return {reinterpret_cast<const char *>(thumbprint.data()), thumbprint.size()};
}

// Whether refresh_session has the columns: a database that is still at an older version has not, and binds nothing.
bool has_key_columns();
// Raises 0A000 with a hint unless it has.
void require_key_columns();

// Binds a session that was just inserted in this transaction.
void bind_new_session(const pg_uuid_t &id, session::UserKey user_key, const KeyBinding &binding);
// Binds a session that is bound to none, as long as its current secret is still the one that was read, and puts `secret` in its
// place: what was handed out before is used up. False if it is no longer so.
bool bind_session(const pg_uuid_t &id, session::UserKey user_key, const session::Hash &current, const session::Hash &secret,
                  const KeyBinding &binding);

// Uses a proof up. False if it was used before: of two at once, one waits for the other, and if that one commits, is false.
// What can't be shown again because of its age is removed in passing, so the table holds no more than was used within that
// time.
bool use_proof(const session::Hash &proof, session::Micros good_until);
// Removes up to `most` proofs that would be refused for their age. Answers how many.
std::uint64_t delete_used_proofs(session::Micros now, std::int64_t most);

// Whether a wrong proof for this session is to be recorded: at most one a minute is, however many come.
bool note_proof_mismatch(const pg_uuid_t &id, session::UserKey user_key, session::Micros now);

}  // namespace jwt_auth::pg
