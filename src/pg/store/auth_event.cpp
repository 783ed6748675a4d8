#include "pg/store/auth_event.hpp"

#include <algorithm>

#include "pg/store/event_author.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/revocation.hpp"
#include "pg/store/row_writer.hpp"
#include "pg/support/audit_setting.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/statistics.hpp"
#include "pg/support/uuid.hpp"
#include "session/session_id.hpp"

extern "C" {
#include <commands/async.h>
}

namespace jwt_auth::pg {

namespace {

// The first seven in the order of the statement's common parameters, the next three in that of a row's.
enum class EventColumn { kAt, kUserId, kIp, kUserAgent, kUserKey, kDbRole, kActor, kEvent, kSessionId, kDetail, kId };
TableOf<EventColumn> event_table = {"auth_event",
                                    {},
                                    {{"at", TIMESTAMPTZOID, false, ColumnUse::kInserted},
                                     {"user_id", TEXTOID, false, ColumnUse::kInserted},
                                     {"ip", INETOID, false, ColumnUse::kInserted},
                                     {"user_agent", TEXTOID, false, ColumnUse::kInserted},
                                     {"user_key", INT4OID, true, ColumnUse::kInserted},
                                     {"db_role", NAMEOID, true, ColumnUse::kInserted},
                                     {"actor", TEXTOID, true, ColumnUse::kInserted},
                                     {"event", TEXTOID, false, ColumnUse::kInserted, "event_name"},
                                     {"session_id", UUIDOID, false, ColumnUse::kInserted},
                                     {"detail", JSONBOID, false, ColumnUse::kInserted},
                                     {"id", INT8OID, false, ColumnUse::kIdentity}}};

// Rows of one statement. Six are a user's five sessions that end, and the event that says so.
constexpr int kMostEvents = 6;
// Where somebody is authenticated, who is one parameter more.
constexpr int kMostEventsWithActor = 5;
constexpr int kRowParameters = 3;

// The type of the column `event`. What is written here is of our own closed list: a parameter of this type is not held against
// the domain's, which would be compiled and hashed for every row.
Oid event_name_type() {
  return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("event_name"),
                         ObjectIdGetDatum(get_namespace_oid("jwt_auth", false)));
}

// What is recorded beside the event: whoever did it. A database that has not been updated to 2.0 has no columns for that.
struct Author {
  bool is_recorded;
  OptionalText actor;
};

// The parameters of all rows come first.
int common_parameters(const Author &author) {
  if (!author.is_recorded) return static_cast<int>(EventColumn::kUserKey);
  return static_cast<int>(author.actor.present ? EventColumn::kEvent : EventColumn::kActor);
}

Statement new_insertion(int rows, int common, Oid event_name) {
  static constexpr const char *kValues[] = {"$1, $2, $3, $4", "$5, $6", "$7"};
  static constexpr const char *kColumns[] = {"at, user_id, ip, user_agent", "user_key, db_role", "actor"};
  int parts = 1;
  if (common > static_cast<int>(EventColumn::kUserKey)) parts = 2;
  if (common > static_cast<int>(EventColumn::kActor)) parts = 3;
  const auto list = [parts](StringInfo sql, const char *const *texts) {
    for (int part = 0; part < parts; part++) appendStringInfo(sql, "%s, ", texts[part]);
  };
  Statement made{};
  for (int i = 0; i < common; i++) made.parameter_types[made.parameter_count++] = event_table.columns[i].type;
  StringInfoData sql;
  initStringInfo(&sql);
  appendStringInfoString(&sql, "INSERT INTO jwt_auth.auth_event (");
  list(&sql, kColumns);
  appendStringInfoString(&sql, "event, session_id, detail) VALUES");
  for (int row = 0; row < rows; row++) {
    const int first = made.parameter_count;
    appendStringInfoString(&sql, row == 0 ? " (" : ", (");
    list(&sql, kValues);
    appendStringInfo(&sql, "$%d, $%d, $%d)", first + 1, first + 2, first + 3);
    for (const Oid type : {event_name, Oid{UUIDOID}, Oid{JSONBOID}}) made.parameter_types[made.parameter_count++] = type;
  }
  made.sql = MemoryContextStrdup(TopMemoryContext, sql.data);
  return made;
}

// The statement that inserts so many rows of one time, user and client: executing one costs more than the rows it writes.
Statement &insert_events(int rows, const Author &author) {
  static Statement statements[2][kMostEvents + 1];
  Statement &statement = statements[author.actor.present ? 1 : 0][rows];
  const Oid event_name = event_name_type();
  const int common = common_parameters(author);
  if (statement.sql != nullptr) {
    // The extension may have been dropped and created again, or updated.
    if (statement.parameter_count == common + kRowParameters * rows && statement.parameter_types[common] == event_name)
      return statement;
    discard(statement);
    pfree(const_cast<char *>(statement.sql));
    statement.sql = nullptr;
  }
  statement = new_insertion(rows, common, event_name);
  return statement;
}

// A notification holds at most 8000 bytes; a user id of this size fits, however it is escaped.
constexpr std::size_t kLongestTold = 1024;

void notify(const EventSource &source, const AuthEvent &event, TimestampTz at) {
  JsonBuilder payload;
  payload.add_text("event", session::NameOf(event.event));
  payload.add_text("at", timestamptz_to_str(at));
  if (source.user_id.text.size() <= kLongestTold) payload.add_optional("user_id", source.user_id);
  if (event.session_id != nullptr) payload.add_text("session_id", uuid_text(*event.session_id));
  if (source.has_ip) payload.add_text("ip", DatumGetCString(DirectFunctionCall1(inet_out, source.ip)));
  if (event.is_unenforced) payload.add_bool("enforced", false);
  Async_Notify(settings::notify_channel, payload.finish());
}

// Whether the event says that a session has ended which was good until then: its access tokens may live on where the session is
// not looked up.
bool ends_good_session(session::Event event) {
  switch (event) {
    case session::Event::kEvicted:
    case session::Event::kReplaced:
    case session::Event::kReuseDetected:
    case session::Event::kUnknownRotation:
    case session::Event::kIpMismatch:
    case session::Event::kFingerprintMismatch:
    case session::Event::kLogout:
    case session::Event::kSessionRevoked:
    case session::Event::kOthersRevoked:
    case session::Event::kRefused:
      return true;
    default:
      return false;
  }
}

// Whether the event, where it is of no session, is a cutoff of a user or of everybody.
bool is_cutoff(session::Event event) {
  return event == session::Event::kUserRevoked || event == session::Event::kAllRevoked || event == session::Event::kLocked ||
         event == session::Event::kUnlocked;
}

// What services that verify offline are to hear of the event, if anything. The time of a cutoff's event is the cutoff.
void tell_verifiers(const EventSource &source, const AuthEvent &event, TimestampTz at) {
  const session::Event kind = event.event;
  Revocation revocation{RevocationKind::kSession};
  revocation.session_id = event.session_id;
  revocation.user_id = source.user_id;
  if (event.session_id != nullptr) {
    if (ends_good_session(kind) && !event.is_unenforced) write_revocation(revocation);
  } else if (is_cutoff(kind)) {
    revocation.kind = kind == session::Event::kAllRevoked ? RevocationKind::kEverybody : RevocationKind::kUser;
    revocation.not_before = micros_of(at);
    write_revocation(revocation);
  }
}

// A session's id has its user's key; that of a token that is denied is what the token says.
session::UserKey user_key_of(const EventSource &source, const AuthEvent &event) {
  const bool is_of_token = event.event == session::Event::kTokenDenied || event.event == session::Event::kTokenConsumed;
  if (event.session_id != nullptr && !is_of_token) return session::UserKeyIn(SessionIdOf(*event.session_id));
  return value_or_raise([&]() -> Result<session::UserKey> { return session::UserKeyOf({}, source.user_id.text); });
}

// What the rows of one source have in common.
NewRow common_of(const EventSource &source, const Author &author, const AuthEvent &first, TimestampTz at) {
  NewRow row{};
  row.set(EventColumn::kAt, TimestampTzGetDatum(at));
  row.set(EventColumn::kUserId, source.user_id);
  if (source.has_ip) row.set(EventColumn::kIp, source.ip);
  row.set(EventColumn::kUserAgent, source.user_agent);
  if (!author.is_recorded) return row;
  if (source.user_id.present) row.set(EventColumn::kUserKey, Int32GetDatum(user_key_of(source, first)));
  row.set(EventColumn::kDbRole, acting_role());
  row.set(EventColumn::kActor, author.actor);
  return row;
}

NewRow row_of(const NewRow &common, const AuthEvent &event) {
  NewRow row = common;
  row.set(EventColumn::kEvent, event.application_event.empty() ? CStringGetTextDatum(session::NameOf(event.event))
                                                               : text_datum(event.application_event));
  if (event.session_id != nullptr) row.set(EventColumn::kSessionId, UUIDPGetDatum(event.session_id));
  if (event.detail != nullptr) row.set(EventColumn::kDetail, DirectFunctionCall1(jsonb_in, CStringGetDatum(event.detail)));
  return row;
}

// All of them are of one source.
void insert_by_statement(const NewRow *rows, int count, const Author &author) {
  Parameters parameters{};
  add_columns(parameters, rows[0], 0, common_parameters(author));
  for (int i = 0; i < count; i++) add_columns(parameters, rows[i], static_cast<int>(EventColumn::kEvent), kRowParameters);
  execute(insert_events(count, author), parameters);
}

Author author_of(const EventSource &source) {
  if (!has_column("auth_event", "db_role")) return {false, {}};
  return {true, source.actor != nullptr ? *source.actor : acting_user()};
}

// Those that jwt_auth.audit asks for.
void write_rows(const EventSource &source, const AuthEvent *events, int count, TimestampTz at) {
  const auto next_recorded = [events, count](int i) {
    while (i < count && !session::IsRecorded(settings::Audit(), events[i].event)) i++;
    return i;
  };
  int next = next_recorded(0);
  if (next >= count) return;
  const Author author = author_of(source);
  const NewRow common = common_of(source, author, events[next], at);
  const int most = author.actor.present ? kMostEventsWithActor : kMostEvents;
  auto *rows = static_cast<NewRow *>(palloc(sizeof(NewRow) * std::min(count, kMostNewRows)));
  while (next < count) {
    int row_count = 0;
    for (; next < count && row_count < kMostNewRows; next = next_recorded(next + 1))
      rows[row_count++] = row_of(common, events[next]);
    if (insert_rows(event_table, rows, row_count)) continue;
    for (int first = 0; first < row_count; first += most)
      insert_by_statement(rows + first, std::min(most, row_count - first), author);
  }
}

}  // namespace

void add_ending(JsonBuilder &detail, const session::Ending &ending) {
  detail.add_text("ended_at", timestamptz_to_str(timestamp_of(ending.at)));
}

const char *detail_of(const session::Ending &ending) {
  JsonBuilder detail;
  if (ending.event == session::Event::kExpired) detail.add_text("status", session::NameOf(ending.status));
  add_ending(detail, ending);
  return detail.finish();
}

void write_event(const EventSource &source, const AuthEvent &event, TimestampTz at) { write_events(source, &event, 1, at); }

void write_events(const EventSource &source, const AuthEvent *events, int count, TimestampTz at) {
  write_rows(source, events, count, at);
  for (int i = 0; i < count; i++) tell_verifiers(source, events[i], at);
  for (int i = 0; i < count; i++)
    if (events[i].event != session::Event::kNone) Count(events[i].event);
  if (*settings::notify_channel == '\0') return;
  for (int i = 0; i < count; i++) {
    if (!events[i].is_part && session::IsSecurityEvent(events[i].event)) notify(source, events[i], at);
  }
}

}  // namespace jwt_auth::pg
