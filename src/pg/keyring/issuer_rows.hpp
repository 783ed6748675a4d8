// The rows of trusted_issuer, changed; ring_rows.hpp reads them. Postgres phase, within as_owner().
#pragma once

#include "pg/keyring/trusted_issuer.hpp"

namespace jwt_auth::pg {

// False in a database that has not been updated to 2.0: there an issuer is a name, public keys and one audience, its subjects
// are ours and every role is believed.
bool has_issuer_columns();

// A row to be. `audiences`, `token_types` and `roles` are text[] Datums; what is absent is 0.
struct NewIssuer {
  std::string_view issuer;
  std::string_view public_jwks;
  std::string_view stored_secrets;  // as StoredPrivateJwk() made them; "": none
  OptionalText audience;
  Datum audiences, token_types, roles;
  std::string_view subjects;
};
// Inserts it, or replaces the row of that name. 0A000 for what a database before 2.0 can't hold.
void write_issuer(const NewIssuer &issuer, TimestampTz now);

// Seals the secrets of issuers that the newest key-encryption key has not sealed yet; how many rows changed.
int seal_issuer_secrets();

}  // namespace jwt_auth::pg
