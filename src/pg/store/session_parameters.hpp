// Parameters that several statements on refresh_session have.
#pragma once

#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

inline void add_fingerprint(Parameters &parameters, const session::Client &client) {
  if (client.has_fingerprint)
    add_bytes(parameters, client.fingerprint.data(), client.fingerprint.size());
  else
    add_nullable(parameters, 0, true);
}

inline void add_hash(Parameters &parameters, const OptionalHash &hash) {
  if (hash.present)
    add_bytes(parameters, hash.hash.data(), hash.hash.size());
  else
    add_nullable(parameters, 0, true);
}

inline void add_session(Parameters &parameters, const pg_uuid_t &id, session::UserKey user_key) {
  add(parameters, UUIDPGetDatum(&id));
  add(parameters, Int32GetDatum(user_key));
}

}  // namespace jwt_auth::pg
