#include "pg/session/key_ending.hpp"

#include "pg/store/api_key_store.hpp"
#include "pg/store/revocation.hpp"
#include "pg/support/json_builder.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

void write_key_event(session::Event name, const UserRef &user, const pg_uuid_t &key_id, std::string_view key_name,
                     TimestampTz at) {
  JsonBuilder detail;
  detail.add_text("key_id", uuid_text(key_id));
  detail.add_text("name", key_name);
  AuthEvent event{};
  event.event = name;
  event.detail = detail.finish();
  write_event(event_source(user.user_id), event, at);
}

void record_key_end(const UserRef &user, const pg_uuid_t &key_id, std::string_view key_name, TimestampTz at) {
  write_key_event(session::Event::kApiKeyRevoked, user, key_id, key_name, at);
  Revocation revocation{RevocationKind::kKey};
  revocation.user_id = {true, user.user_id};
  revocation.token_id = {true, uuid_text(key_id)};
  write_revocation(revocation);
}

void end_keys_after(const UserRef &user, session::Micros cutoff) {
  const DeletedUserKeys ended = delete_api_keys_after(user, cutoff, CurrentMemoryContext);
  for (std::uint64_t i = 0; i < ended.count; i++)
    record_key_end(user, ended.keys[i].id, ended.keys[i].name, timestamp_of(cutoff));
}

}  // namespace jwt_auth::pg
