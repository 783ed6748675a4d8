#include "pg/session/session_token.hpp"

#include "pg/keyring/keyring.hpp"
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

void add_decision(JsonBuilder &detail, const session::Decision &decision, const std::optional<session::Ending> &ending,
                  const session::BindingPolicy &policy) {
  detail.add_text("presented", session::NameOf(decision.token_age));
  detail.add_text("status", session::NameOf(decision.status));
  if (ending) add_ending(detail, *ending);
  if (decision.event == session::Event::kIpMismatch) detail.add_text("policy", session::NameOf(policy.ip));
  if (decision.event == session::Event::kFingerprintMismatch) detail.add_text("policy", session::NameOf(policy.fingerprint));
}

namespace {

void end_refused_session(const SessionRow &row, const EventSource &source) {
  as_owner("refresh_session", [&](MemoryContext) {
    if (!delete_live_session(row.id, row.user_key)) return;
    AuthEvent event{};
    event.event = session::Event::kRefused;
    event.session_id = &row.id;
    write_event(source, event, GetCurrentTimestamp());
  });
}

// It may have ended the session, cut its user off or everybody.
bool has_ended(const SessionRow &row) {
  refresh_keyring();
  return as_owner("refresh_session", [&](MemoryContext caller) {
    SessionRow left;
    if (!read_session(row.id, row.user_key, ReadMode::kPlain, caller, left)) return true;
    const Account account = read_account({row.user_key, {}, row.user_id});
    return session::EndOf(left.state.created_at, left.state.idle_end, left.state.absolute_end,
                          {account.not_before, global_cutoff()}, now_micros())
        .has_value();
  });
}

}  // namespace

bool application_refuses(const TokenClaims &claims, const SessionRow &row, const EventSource &source) {
  if (claims.is_refused) end_refused_session(row, source);
  return claims.is_refused || (has_claims_function() && has_ended(row));
}

}  // namespace jwt_auth::pg
