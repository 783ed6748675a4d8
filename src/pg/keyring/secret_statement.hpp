// Statements that store a secret. A literal or a parameter could be logged, by auto_explain for one, so they read the secret
// from a relation that exists for one execution alone.
#pragma once

#include "pg/store/plans.hpp"

namespace jwt_auth::pg {

// The relation: one row with one column, secret text.
#define ARRIVING_SECRET "arriving_secret"

// Executes a statement that reads ARRIVING_SECRET, as execute() does. Its copies of the secret are overwritten.
std::uint64_t execute_with_secret(Statement &statement, const Parameters &parameters, std::string_view secret);

}  // namespace jwt_auth::pg
