// Statements that store a secret. A literal or a parameter could be logged, by auto_explain for one, so they read the secret
// from a relation that exists for one execution alone.
#pragma once

#include "pg/store/plans.hpp"

namespace jwt_auth::pg {

// The relation: one row with one column, secret text.
#define ARRIVING_SECRET "arriving_secret"

// A statement on `table` in two forms. `local` reads ARRIVING_SECRET. `distributed` is for a table that Citus keeps on several
// nodes: there the secret is one parameter more, the last, for only parameters reach other nodes.
struct SecretStatement {
  constexpr SecretStatement(const char *written, Statement here, Statement on_nodes) noexcept
      : table(written), local(here), distributed(on_nodes) {}
  const char *table;
  Statement local, distributed;
};

// Executes it, as execute() does. Its copies of the secret are overwritten. Where the table is distributed, a secret that is
// not sealed is an error (55000): other nodes would log the statement that holds it.
std::uint64_t execute_with_secret(SecretStatement &statement, const Parameters &parameters, std::string_view secret);

}  // namespace jwt_auth::pg
