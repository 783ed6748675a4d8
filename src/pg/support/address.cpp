#include "pg/support/address.hpp"

#include <sys/socket.h>

extern "C" {
#include <utils/inet.h>
}

namespace jwt_auth::pg {

session::Address address_of(Datum inet_value) {
  const inet *address = DatumGetInetPP(inet_value);
  const bool is_v4 = ip_family(address) == PGSQL_AF_INET;
  return session::MakeAddress(is_v4 ? session::Address::Family::kV4 : session::Address::Family::kV6, ip_addr(address));
}

}  // namespace jwt_auth::pg
