// By whom something is done, for the audit.
#pragma once

#include "pg/support/arguments.hpp"

namespace jwt_auth::pg {

// The user that the transaction acts as: that of its identity, or whoever impersonates it (act.sub, RFC 8693
// section 4.1). Not present where nobody is authenticated. A token that has expired since says as much.
OptionalText acting_user();

// The role that runs the transaction, as SET ROLE has it: inside as_owner() as well, and inside functions with the rights of
// their owner. A Datum of type name.
Datum acting_role();

}  // namespace jwt_auth::pg
