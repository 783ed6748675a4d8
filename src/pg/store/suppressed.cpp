#include "pg/store/suppressed.hpp"

#include "pg/store/owner.hpp"

extern "C" {
#include <access/table.h>
#include <catalog/pg_trigger.h>
#include <commands/trigger.h>
#include <utils/rel.h>
}

namespace jwt_auth::pg {

namespace {

// The names of the row triggers that can suppress a row, quoted and separated by commas; "" if there are none.
const char *suppressing_triggers(const char *table) {
  StringInfoData names;
  initStringInfo(&names);
  Relation relation = table_open(table_oid(table), AccessShareLock);
  const TriggerDesc *triggers = relation->trigdesc;
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
    const Trigger &trigger = triggers->triggers[i];
    if (trigger.tgisinternal || !TRIGGER_FOR_BEFORE(trigger.tgtype) || !TRIGGER_FOR_ROW(trigger.tgtype)) continue;
    appendStringInfo(&names, "%s\"%s\"", names.len == 0 ? "" : ", ", trigger.tgname);
  }
  table_close(relation, AccessShareLock);
  return names.data;
}

}  // namespace

void raise_suppressed(const char *table) {
  const char *names = suppressing_triggers(table);
  ereport(ERROR, (errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
                  errmsg("a trigger or rule on table \"jwt_auth.%s\" kept a row from being written", table),
                  *names != '\0' ? errdetail("Its BEFORE row triggers are %s.", names) : 0,
                  errhint("Triggers on the tables of jwt_auth must not suppress rows.")));
  pg_unreachable();
}

}  // namespace jwt_auth::pg
