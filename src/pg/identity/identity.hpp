// Who the transaction acts for: the claims of the token that authenticate() accepted.
//
// They ride on a setting of our own, jwt_auth.identity, set as by SET LOCAL. So the server itself gives them the scope of the
// transaction and of its savepoints, and hands them to parallel workers. Its check hook refuses every value that does not come
// from become(), whoever sets it; it is read only through here, never as a setting.
#pragma once

#include "jose/jwt/claims.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

// The identity as one flat chunk, which is also what the setting's text encodes. The two varlenas lie behind the struct.
struct Identity {
  std::uint32_t size;
  std::uint32_t claims_offset;  // a jsonb
  std::uint32_t user_offset;    // a text; 0 if the token has no sub
  bool has_session;
  pg_uuid_t session;
  jose::Micros ends_at;  // when the token is no longer good, leeway included

  const struct varlena *claims() const { return At(claims_offset); }
  const struct varlena *user() const { return At(user_offset); }

 private:
  const struct varlena *At(std::uint32_t offset) const noexcept {
    return reinterpret_cast<const struct varlena *>(reinterpret_cast<const char *>(this) + offset);
  }
};

// Registers the setting; called once, when the library is loaded.
void define_identity_setting();

// Makes these claims the transaction's identity. `session`: null if the token has none of ours.
void become(Jsonb *claims, const OptionalText &user, const pg_uuid_t *session, jose::Micros ends_at);
// Nobody is authenticated from here on.
void become_nobody();

// The identity of the transaction, null if there is none; valid until the next statement. JW003 if its token has expired.
const Identity *current_identity();
// The same for the functions that show it. 0A000 where another node has its part of a statement carried out here: the identity
// stays on the node that was asked, and rows must not seem to be nobody's.
const Identity *shown_identity();
// The same, and of a token that has expired since: for what is recorded and shown, never for what is allowed.
const Identity *identity_for_record() noexcept;

// Who acts in the user's place (act.sub, RFC 8693 section 4.1): of a token of our own sessions alone, since what another issuer
// calls an actor is none of our users.
OptionalText actor_of(const Identity &identity);

}  // namespace jwt_auth::pg
