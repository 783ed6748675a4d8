#include "pg/store/own_users.hpp"

#include "pg/store/owner.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

Statement select_acting_account = {
    "SELECT FROM jwt_auth.account a WHERE user_key = $1 AND issuer = $2 AND user_id = $3 AND last_login IS NULL"
    " AND max_sessions IS NULL AND ip_binding IS NULL AND fingerprint_binding IS NULL"
    " AND NOT EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.user_key = a.user_key AND s.user_id = a.user_id)"
    " AND NOT EXISTS (SELECT FROM jwt_auth.api_key k WHERE k.user_key = a.user_key AND k.user_id = a.user_id)",
    {INT4OID, TEXTOID, TEXTOID}};

[[noreturn]] void raise_other_server() {
  raise_error(kOtherServer);
  pg_unreachable();
}

}  // namespace

bool is_own_user_key(session::UserKey user_key) noexcept {
  return settings::own_users == nullptr || settings::own_users->Contains(user_key);
}

void require_own_user_key(session::UserKey user_key) {
  if (!is_own_user_key(user_key)) raise_other_server();
}

void require_own_or_acting_user(const UserRef &user) {
  if (is_own_user_key(user.user_key)) return;
  Parameters parameters{};
  add_user(parameters, user);
  const bool acts_here =
      as_owner("account", [&](MemoryContext) { return execute_latest(select_acting_account, parameters) > 0; });
  if (!acts_here) raise_other_server();
}

}  // namespace jwt_auth::pg
