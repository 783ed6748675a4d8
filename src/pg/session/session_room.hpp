// Room for one more session of a user: which sessions end for it. Chosen under the account's lock, before anything is deleted,
// for a log-in that is refused must end nothing.
#pragma once

#include "pg/store/auth_event.hpp"
#include "pg/store/session_store.hpp"
#include "session/session_class.hpp"

namespace jwt_auth::pg {

// What a log-in asks for. Plain data.
struct RoomRequest {
  UserRef user;
  OptionalText session_class;
  OptionalHash device;
  session::LimitRule rule;
  session::Cutoffs cutoffs;
};

// The choice, and once they were ended, who they were. Plain data in the memory context of the choice.
struct SessionRoom {
  bool granted;
  session::LiveSession *replaced;  // those of the same device
  std::size_t replaced_count;
  session::LiveSession *evicted;
  std::size_t evicted_count;
};

// Inside as_owner(), with the account's row written in this transaction.
SessionRoom choose_room(const RoomRequest &request, MemoryContext context);

// The sessions that ended, the replaced ones first.
struct EndedForRoom {
  pg_uuid_t *ids;
  int replaced, count;
};
// Ends the chosen ones. A refresh may come between the choice and the deletion: under evict_idle, what looked idle is then not,
// and the choice is made again. 40001 if that never ends, 09000 if a trigger keeps a row.
EndedForRoom clear_room(const RoomRequest &request, const SessionRoom &room, MemoryContext context);

// Their events, one for each, into `events`. `newcomer` is the session that they made room for.
void describe_ended(const RoomRequest &request, const EndedForRoom &ended, const pg_uuid_t &newcomer, AuthEvent *events);

}  // namespace jwt_auth::pg
