// The compare and swap of a refresh. Inside as_owner().
#pragma once

#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

struct Rotation {
  pg_uuid_t id;
  session::UserKey user_key;
  session::Hash presented, successor;
  session::Nonce nonce;
  session::Micros now, ends_at, idle_ends_at;
  Datum ip;
  bool has_ip;
  session::Client client;
  OptionalText user_agent;
};
// Compare and swap: false if the current secret is no longer the one presented, or a trigger suppresses the update. What may
// have been changed while the row was waited for (claims, their version, a step-up) is then in `row` as it is now; text is
// copied into `context`.
bool rotate_session(const Rotation &rotation, MemoryContext context, SessionRow &row);

}  // namespace jwt_auth::pg
