// A client's address, from an inet.
#pragma once

#include "pg/support/postgres.hpp"
#include "session/binding.hpp"

namespace jwt_auth::pg {

session::Address address_of(Datum inet_value);

}  // namespace jwt_auth::pg
