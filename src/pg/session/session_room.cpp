#include "pg/session/session_room.hpp"

#include "pg/store/live_sessions.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

constexpr int kMaxChoices = 100;

bool is_generation_fixed(const RoomRequest &request) { return request.rule.policy == session::LimitPolicy::kEvictIdle; }

void append(EndedForRoom &ended, const pg_uuid_t &id) {
  ended.ids = static_cast<pg_uuid_t *>(repalloc(ended.ids, sizeof(pg_uuid_t) * (ended.count + 1)));
  ended.ids[ended.count++] = id;
}

void end_replaced(const RoomRequest &request, const SessionRoom &room, EndedForRoom &ended) {
  for (std::size_t i = 0; i < room.replaced_count; i++) {
    const pg_uuid_t id = UuidOf(room.replaced[i].id);
    if (delete_live_session(id, request.user.user_key)) append(ended, id);
  }
  ended.replaced = ended.count;
}

// False if one is not as it was when it was chosen.
bool end_evicted(const RoomRequest &request, const SessionRoom &room, EndedForRoom &ended) {
  bool all_as_chosen = true;
  for (std::size_t i = 0; i < room.evicted_count; i++) {
    const session::LiveSession &one = room.evicted[i];
    const pg_uuid_t id = UuidOf(one.id);
    const bool deleted = is_generation_fixed(request) ? delete_session(id, request.user.user_key, &one.generation)
                                                      : delete_live_session(id, request.user.user_key);
    if (deleted) append(ended, id);
    all_as_chosen = all_as_chosen && (deleted || !is_generation_fixed(request));
  }
  return all_as_chosen;
}

}  // namespace

SessionRoom choose_room(const RoomRequest &request, MemoryContext context) {
  SessionRoom room{true, nullptr, 0, nullptr, 0};
  if (request.rule.limit == 0 && !request.device.present) return room;
  const session::Micros cutoff = std::max(request.cutoffs.user, request.cutoffs.global);
  const LiveSessions live =
      read_live_sessions(request.user, request.session_class, request.device, cutoff, now_micros(), context);
  room.replaced = allocate_live_sessions(context, live.count);
  room.evicted = allocate_live_sessions(context, live.count);
  return value_or_raise([&]() -> Result<SessionRoom> {
    const session::Room chosen =
        session::MakeRoom({live.sessions, live.sessions + live.count}, request.rule.limit, request.rule.policy);
    std::copy(chosen.replaced.begin(), chosen.replaced.end(), room.replaced);
    std::copy(chosen.evicted.begin(), chosen.evicted.end(), room.evicted);
    return SessionRoom{chosen.granted, room.replaced, chosen.replaced.size(), room.evicted, chosen.evicted.size()};
  });
}

EndedForRoom clear_room(const RoomRequest &request, const SessionRoom &room, MemoryContext context) {
  EndedForRoom ended{nullptr, 0, 0};
  if (room.replaced_count + room.evicted_count == 0) return ended;
  ended.ids = static_cast<pg_uuid_t *>(MemoryContextAlloc(context, sizeof(pg_uuid_t)));
  end_replaced(request, room, ended);
  SessionRoom present = room;
  for (int choice = 1; !end_evicted(request, present, ended); choice++) {
    if (choice == kMaxChoices)
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not make room for a session"),
                      errdetail("The user's sessions were refreshed faster than they could be evicted.")));
    present = choose_room(request, context);
  }
  return ended;
}

void describe_ended(const RoomRequest &request, const EndedForRoom &ended, const pg_uuid_t &newcomer, AuthEvent *events) {
  for (int i = 0; i < ended.count; i++) {
    const bool is_replaced = i < ended.replaced;
    JsonBuilder detail;
    if (!is_replaced) detail.add_text("policy", session::NameOf(request.rule.policy));
    detail.add_text("by", uuid_text(newcomer));
    detail.add_optional("class", request.session_class);
    events[i] = AuthEvent{};
    events[i].event = is_replaced ? session::Event::kReplaced : session::Event::kEvicted;
    events[i].session_id = &ended.ids[i];
    events[i].detail = detail.finish();
  }
}

}  // namespace jwt_auth::pg
