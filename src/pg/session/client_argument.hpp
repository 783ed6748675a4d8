// The client of a call: its address, user agent and fingerprint, as arguments.
#pragma once

#include "pg/store/auth_event.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/arguments.hpp"
#include "session/binding.hpp"

namespace jwt_auth::pg {

struct ClientArgument {
  Datum ip;
  bool has_ip;
  OptionalText user_agent;  // cut at 512 bytes
  session::Client client;
};
ClientArgument client_argument(FunctionCallInfo fcinfo, int ip, int user_agent, int fingerprint);

// The hash of the id that the client keeps of itself; not present for NULL. 22023 unless it has 1 to 128 bytes.
OptionalHash device_argument(FunctionCallInfo fcinfo, int index);

// The source of an event about that user, caused by that client.
inline EventSource event_source(std::string_view user_id, const ClientArgument &client) {
  return {{true, user_id}, client.ip, client.has_ip, client.user_agent};
}

}  // namespace jwt_auth::pg
