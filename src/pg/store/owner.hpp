// The privilege switch: our functions touch our tables as the tables' owner, the way the referential-integrity triggers do.
#pragma once

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// What enter_owner() changed; plain data. An abort restores everything by itself.
struct OwnerScope {
  Oid user;
  int security_context;
  int guc_level;
};

// The Oid of one of our tables; an error (with a hint) if the extension is not there.
Oid table_oid(const char *table);
// The current owner of that table.
Oid table_owner(Oid table);

// Becomes the owner of the table with that name, under SECURITY_LOCAL_USERID_CHANGE (so neither SET ROLE nor a function of
// someone else's can keep the rights), and pins search_path. leave_owner() restores both; it must be called before set_role
// and before SPI_commit.
OwnerScope enter_owner(const char *table);
void leave_owner(const OwnerScope &scope);

}  // namespace jwt_auth::pg
