// violation: include
// JSON values and PostgreSQL in one file.
#include <nlohmann/json.hpp>

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {
Datum nothing() { return 0; }
}  // namespace jwt_auth::pg
