// The statements that remove what names a user. All of them run inside as_owner("account", ...). They change rows as the latest
// snapshot shows them, so that at every isolation level what was committed before is found.
#pragma once

#include "pg/store/account.hpp"
#include "pg/store/denied_token.hpp"

namespace jwt_auth::pg {

// Writes the tombstone, or moves the one that is there to a later time.
void write_tombstone(session::UserKey user_key, const TokenId &name, session::Micros forgotten_at);

// Each of these answers how many rows it changed.
std::uint64_t delete_api_keys_of(const UserRef &user);
// The reasons of denials name nobody by a column, so those of the user key go, whoever shares it.
std::uint64_t clear_denials_of(session::UserKey user_key);
// What the audit says of the user: that something happened is left. What it says of tokens whose issuer is trusted for subjects
// of its own is about somebody else.
std::uint64_t clear_events_of(const UserRef &user);
// What the audit says that the user did to others, or in their place: not who it was. Reads the whole table.
std::uint64_t clear_events_by(std::string_view actor);
// What revocations() has told of the user. The caller writes one row that says as much as all of them.
std::uint64_t delete_revocations_of(const UserRef &user);

// The trusted issuers whose subjects are users of ours, in the current context.
struct IssuerList {
  std::string_view *issuers;
  std::uint64_t count;
};
IssuerList issuers_of_our_users();

// Sessions in which the user acts for somebody else. Reads the whole table.
struct Impersonated {
  pg_uuid_t session_id;
  session::UserKey user_key;
  std::string_view user_id;  // whose session it was
};
struct ImpersonatedList {
  Impersonated *sessions;
  std::uint64_t count;
};
// Deletes them; answers them in the current context.
ImpersonatedList delete_sessions_by(std::string_view actor);

// Deletes the account. 09000 if a trigger keeps it, or a session or an API key of the user.
void delete_account(const UserRef &user);

// Deletes up to `size` tombstones from before `spent`, but for those that somebody holds.
std::uint64_t delete_tombstones(session::Micros spent, std::int64_t size);
// Whether there is one from after the time.
bool tombstones_exist(session::Micros after);

}  // namespace jwt_auth::pg
