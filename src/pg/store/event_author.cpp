#include "pg/store/event_author.hpp"

#include "pg/identity/identity.hpp"

namespace jwt_auth::pg {

OptionalText acting_user() {
  const Identity *identity = identity_for_record();
  if (identity == nullptr) return {false, {}};
  const OptionalText actor = actor_of(*identity);
  if (actor.present || identity->user_offset == 0) return actor;
  return {true, view_of(identity->user())};
}

Datum acting_role() {
  auto *role = static_cast<NameData *>(palloc0(sizeof(NameData)));
  const char *name = GetUserNameFromId(GetOuterUserId(), true);
  namestrcpy(role, name == nullptr ? "" : name);
  return NameGetDatum(role);
}

}  // namespace jwt_auth::pg
