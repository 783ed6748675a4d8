#include "pg/store/event_author.hpp"

#include "pg/identity/identity.hpp"

namespace jwt_auth::pg {

namespace {

JsonbValue *member(JsonbContainer *object, const char *name, JsonbValue *value) {
  return getKeyJsonValueFromContainer(object, name, static_cast<int>(std::strlen(name)), value);
}

OptionalText impersonator(const Identity &identity) {
  auto *claims = reinterpret_cast<Jsonb *>(const_cast<struct varlena *>(identity.claims()));
  JsonbValue act, sub;
  if (member(&claims->root, "act", &act) == nullptr || act.type != jbvBinary || !JsonContainerIsObject(act.val.binary.data))
    return {false, {}};
  if (member(act.val.binary.data, "sub", &sub) == nullptr || sub.type != jbvString) return {false, {}};
  return {true, {sub.val.string.val, static_cast<std::size_t>(sub.val.string.len)}};
}

}  // namespace

OptionalText acting_user() {
  const Identity *identity = identity_for_record();
  if (identity == nullptr) return {false, {}};
  const OptionalText actor = impersonator(*identity);
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
