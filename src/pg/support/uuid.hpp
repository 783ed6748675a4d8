// Session ids as PostgreSQL's uuid and as the core has them. What is noexcept here is for both sides of the boundary.
#pragma once

#include "pg/support/postgres.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::pg {

inline pg_uuid_t UuidOf(const session::SessionId &id) noexcept {
  pg_uuid_t uuid;
  static_assert(sizeof(session::SessionId) == UUID_LEN);
  std::memcpy(uuid.data, id.data(), UUID_LEN);
  return uuid;
}

inline session::SessionId SessionIdOf(const pg_uuid_t &uuid) noexcept {
  session::SessionId id;
  std::memcpy(id.data(), uuid.data, UUID_LEN);
  return id;
}

// The session id that the text is, in the one spelling that we write. False for any other text.
inline bool ParseUuid(std::string_view text, pg_uuid_t &uuid) noexcept {
  session::SessionId id;
  if (!session::ParseSessionId(text, id)) return false;
  uuid = UuidOf(id);
  return true;
}

inline char *uuid_text(const pg_uuid_t &uuid) { return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&uuid))); }

}  // namespace jwt_auth::pg
