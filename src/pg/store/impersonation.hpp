// The row of an impersonation: a session that nobody can refresh, which counts for nothing.
#pragma once

#include "pg/store/account.hpp"
#include "pg/support/postgres.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::pg {

struct Impersonation {
  pg_uuid_t id;
  UserRef user;
  std::string_view actor;
  session::Micros created_at, ends_at;
  session::Hash unguessable;  // in the place of a refresh token's hashes
};
// Inside as_owner(). 09000 if a trigger suppresses the row.
void insert_impersonation(const Impersonation &impersonation);

}  // namespace jwt_auth::pg
