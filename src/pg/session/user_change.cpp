#include "pg/session/user_change.hpp"

#include "pg/session/user_ending.hpp"
#include "pg/store/account_version.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/revocation.hpp"

namespace jwt_auth::pg {

namespace {

void require_refresh(const UserRef &user, const OptionalText &reason) {
  Revocation revocation{RevocationKind::kRefreshRequired};
  revocation.user_id = {true, user.user_id};
  revocation.version = raise_version(user);

  AuthEvent event{};
  event.event = session::Event::kRefreshRequired;
  event.detail = reason_detail(reason);
  write_event(event_source(user.user_id), event, GetCurrentTimestamp());
  write_revocation(revocation);
}

}  // namespace

void require_refresh_of(const Spellings &spellings, const OptionalText &reason) {
  as_owner("account", [&](MemoryContext) {
    require_refresh(spellings.user, reason);
    // An id with trailing blanks had an account of its own in version 1.
    if (spellings.has_padded && has_account(spellings.padded)) require_refresh(spellings.padded, reason);
  });
}

}  // namespace jwt_auth::pg
