#include "pg/session/session_token.hpp"

#include "pg/store/owner.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

AccessTokenRequest session_token_request(const SessionRow &row, const Account &account,
                                         const session::LifetimePolicy &lifetimes, session::Micros now,
                                         session::Micros idle_end, std::string_view members) {
  AccessTokenRequest request = {row.user_id,     SessionIdOf(row.id), now, std::min(now, row.auth_time), idle_end, members,
                                row.state.bound, account.binding};
  request.key = key_of_tokens(row.key);
  if (row.session_class.present) request.lifetime = lifetimes.access_token_ttl;
  request.versions = {account.version, row.version};
  if (row.actor.present) request.actor = row.actor.text;
  // The members of an object that is not empty, without its braces. Nothing, of a row that was written by hand.
  if (row.auth_context.present && row.auth_context.text.size() > 2)
    request.auth_members = row.auth_context.text.substr(1, row.auth_context.text.size() - 2);
  return request;
}

void end_refused_session(const SessionRow &row, const EventSource &source) {
  as_owner("refresh_session", [&](MemoryContext) {
    if (!delete_live_session(row.id, row.user_key)) return;
    AuthEvent event{};
    event.event = session::Event::kRefused;
    event.session_id = &row.id;
    write_event(source, event, GetCurrentTimestamp());
  });
}

}  // namespace jwt_auth::pg
