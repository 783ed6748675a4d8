// Triggers for the application's own tables: revoke_on_change (revoke_on_password_change is its older name) on the table of
// users, require_refresh_on_change on the tables that say what a user may do.
#include "pg/session/user_change.hpp"
#include "pg/session/user_ending.hpp"
#include "pg/store/citus.hpp"
#include "pg/store/own_users.hpp"
#include "pg/support/postgres.hpp"

extern "C" {
#include <commands/trigger.h>
#include <utils/rel.h>
}

namespace jwt_auth::pg {

namespace {

// Which events a trigger function is for.
enum class Fired { kByUpdateOrDelete, kByAny };

struct TriggerUse {
  const char *function;
  Fired fired;
};

// Its arguments are the name of the id column and, if there is one more, a reason.
TriggerData &check_trigger(FunctionCallInfo fcinfo, const TriggerUse &use) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("%s is a trigger function", use.function)));
  auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
  const int arguments = trigger->tg_trigger->tgnargs;
  if (!TRIGGER_FIRED_AFTER(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
      (use.fired == Fired::kByUpdateOrDelete && TRIGGER_FIRED_BY_INSERT(trigger->tg_event)) || arguments < 1 || arguments > 2)
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("%s must be fired AFTER %s FOR EACH ROW, with the name of the id column as its argument",
                           use.function, use.fired == Fired::kByAny ? "INSERT OR UPDATE OR DELETE" : "UPDATE OR DELETE"),
                    errhint("A second argument is optional: the reason that is recorded in the audit.")));
  refuse_for_shards(use.function, trigger->tg_relation);
  return *trigger;
}

OptionalText given_reason(const TriggerData &trigger) {
  if (trigger.tg_trigger->tgnargs < 2) return {};
  const char *reason = trigger.tg_trigger->tgargs[1];
  return {true, {reason, std::strlen(reason)}};
}

int id_column(const TriggerData &trigger) {
  const char *name = trigger.tg_trigger->tgargs[0];
  const int id = SPI_fnumber(RelationGetDescr(trigger.tg_relation), name);
  if (id <= 0)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" of table \"%s\" does not exist", name,
                                                              RelationGetRelationName(trigger.tg_relation))));
  return id;
}

// Of a row's id. Not present for an id that no user can have.
struct RowId {
  bool present;
  std::string_view text;
  Spellings spellings;
};
RowId id_of(const TriggerData &trigger, HeapTuple row, int column) {
  TupleDesc columns = RelationGetDescr(trigger.tg_relation);
  const OptionalText user_id = id_column_as_text(row, columns, column);
  if (!user_id.present || user_id.text.empty() || user_id.text.size() > kMaxUserId) return {};
  // What version 1 took for the id.
  const char *printed = SPI_getvalue(row, columns, column);
  Spellings spellings{user_ref({}, user_id.text), false, {}};
  if (printed != user_id.text && std::strlen(printed) <= kMaxUserId) spellings = {spellings.user, true, user_ref({}, printed)};
  require_own_or_acting_user(spellings.user);
  return {true, user_id.text, spellings};
}

// Why a row of the application's table of users ends sessions.
const char *reason_of(const TriggerData &trigger, int column, std::string_view old_id, const char *default_reason) {
  if (TRIGGER_FIRED_BY_DELETE(trigger.tg_event)) return "user deleted";
  const OptionalText new_id = id_column_as_text(trigger.tg_newtuple, RelationGetDescr(trigger.tg_relation), column);
  return new_id.present && new_id.text == old_id ? default_reason : "id changed";
}

// The old id of the row: an UPDATE that changes both id and password must not spare the old one.
Datum revoke_on_change(FunctionCallInfo fcinfo, const TriggerUse &use, const char *default_reason) {
  const TriggerData &trigger = check_trigger(fcinfo, use);
  const int column = id_column(trigger);
  const RowId id = id_of(trigger, trigger.tg_trigtuple, column);
  if (!id.present) return static_cast<Datum>(0);
  OptionalText reason = given_reason(trigger);
  if (!reason.present) reason = {true, reason_of(trigger, column, id.text, default_reason)};
  revoke_spellings(id.spellings, reason);
  return static_cast<Datum>(0);
}

// Both ids where the row changes hands.
Datum require_refresh_on_change(FunctionCallInfo fcinfo) {
  const TriggerData &trigger = check_trigger(fcinfo, {"require_refresh_on_change", Fired::kByAny});
  const int column = id_column(trigger);
  const OptionalText reason = given_reason(trigger);
  const RowId first = id_of(trigger, trigger.tg_trigtuple, column);
  if (first.present) require_refresh_of(first.spellings, reason);
  if (!TRIGGER_FIRED_BY_UPDATE(trigger.tg_event)) return static_cast<Datum>(0);
  const RowId second = id_of(trigger, trigger.tg_newtuple, column);
  if (second.present && !(first.present && second.text == first.text)) require_refresh_of(second.spellings, reason);
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_revoke_on_change) {
  using namespace jwt_auth::pg;
  return revoke_on_change(fcinfo, {"revoke_on_change", Fired::kByUpdateOrDelete}, "user changed");
}
JWT_AUTH_FUNCTION(jwt_auth_revoke_on_password_change) {
  using namespace jwt_auth::pg;
  return revoke_on_change(fcinfo, {"revoke_on_password_change", Fired::kByUpdateOrDelete}, "password changed");
}
JWT_AUTH_FUNCTION(jwt_auth_require_refresh_on_change) { return jwt_auth::pg::require_refresh_on_change(fcinfo); }
