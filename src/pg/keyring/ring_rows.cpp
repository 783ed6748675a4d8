#include "pg/keyring/ring_rows.hpp"

#include <algorithm>

#include "pg/keyring/issuer_rows.hpp"
#include "pg/keyring/session_classes.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/row_reader.hpp"

namespace jwt_auth::pg {

namespace {

using session::Micros;

enum class KeyColumn {
  kKid,
  kState,
  kPublicJwk,
  kPrivateJwk,
  kCreatedAt,
  kTokenTtl,
  kTokensUntil,
  kVerifyUntil,
  kImported,
  kKeepUntil
};
TableOf<KeyColumn> key_table = {"signing_key",
                                {},
                                {{"kid", TEXTOID},
                                 {"state", TEXTOID},
                                 {"public_jwk", JSONBOID},
                                 {"private_jwk", TEXTOID, false, ColumnUse::kSecret},
                                 {"created_at", TIMESTAMPTZOID},
                                 {"token_ttl", INT4OID},
                                 {"tokens_until", TIMESTAMPTZOID},
                                 {"verify_until", TIMESTAMPTZOID},
                                 {"imported", BOOLOID, true},
                                 {"keep_until", TIMESTAMPTZOID, true}}};

enum class LifetimeColumn { kKid, kTokenTtl, kTokensUntil };
TableOf<LifetimeColumn> lifetime_table = {
    "token_lifetime", {}, {{"kid", TEXTOID}, {"token_ttl", INT4OID}, {"tokens_until", TIMESTAMPTZOID}}};

enum class IssuerColumn { kIssuer, kJwks, kAudience, kSecretJwks, kAudiences, kTokenTypes, kRoles, kSubjects };
TableOf<IssuerColumn> issuer_table = {"trusted_issuer",
                                      {},
                                      {{"issuer", TEXTOID},
                                       {"jwks", JSONBOID},
                                       {"audience", TEXTOID},
                                       {"secret_jwks", TEXTOID, false, ColumnUse::kSecret},
                                       {"audiences", TEXTARRAYOID},
                                       {"token_types", TEXTARRAYOID},
                                       {"roles", TEXTARRAYOID},
                                       {"subjects", TEXTOID}}};
TableOf<IssuerColumn> issuer_table_of_version_1 = {
    "trusted_issuer", {}, {{"issuer", TEXTOID}, {"jwks", JSONBOID}, {"audience", TEXTOID}}};

enum class ClassColumn { kName, kAccessTokenTtl, kRefreshTokenTtl, kMaxAge, kMaxSessions, kLimitPolicy, kListed };
TableOf<ClassColumn> class_table = {"session_class",
                                    {},
                                    {{"name", TEXTOID},
                                     {"access_token_ttl", INTERVALOID},
                                     {"refresh_token_ttl", INTERVALOID},
                                     {"max_age", INTERVALOID},
                                     {"max_sessions", INT4OID},
                                     {"limit_policy", TEXTOID},
                                     {"listed", BOOLOID}}};

enum class CutoffColumn { kNotBefore };
TableOf<CutoffColumn> cutoff_table = {"cutoff", {}, {{"not_before", TIMESTAMPTZOID}}};

// Appends to an array in the current memory context, whose room is the next power of two.
template <class T>
void append(T *&rows, std::uint64_t &count, const T &row) {
  constexpr std::uint64_t kFirstRoom = 8;
  if (count == 0)
    rows = static_cast<T *>(palloc(sizeof(T) * kFirstRoom));
  else if (count >= kFirstRoom && (count & (count - 1)) == 0)
    rows = static_cast<T *>(repalloc_huge(rows, sizeof(T) * count * 2));
  rows[count++] = row;
}

template <class Column>
OptionalText text_in(const RowOf<Column> &row, Column column) {
  if (row.is_null(column)) return {false, {}};
  return {true, row.bytes(column)};
}

// As a cast to text has it.
template <class Column>
OptionalText json_in(const RowOf<Column> &row, Column column) {
  if (row.is_null(column)) return {false, {}};
  Jsonb *json = DatumGetJsonbP(row.value(column));
  return {true, JsonbToCString(nullptr, &json->root, static_cast<int>(VARSIZE(json)))};
}

// The elements of a text[]; none for NULL.
TextArray texts_in(const RowOf<IssuerColumn> &row, IssuerColumn column) {
  if (row.is_null(column)) return {nullptr, 0};
  Datum *values;
  bool *nulls;
  int count;
  deconstruct_array(DatumGetArrayTypeP(row.value(column)), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
  TextArray texts{static_cast<std::string_view *>(palloc(sizeof(std::string_view) * (count + 1))), 0};
  for (int i = 0; i < count; i++)
    if (!nulls[i]) texts.elements[texts.count++] = view_of(PG_DETOAST_DATUM(values[i]));
  return texts;
}

void take_key(const KeyedRow &found, void *argument) {
  const auto &row = static_cast<const RowOf<KeyColumn> &>(found);
  RingRows &ring = *static_cast<RingRows *>(argument);
  const std::string_view state = row.bytes(KeyColumn::kState);
  const OptionalText private_jwk = text_in(row, KeyColumn::kPrivateJwk);
  const bool active = state == "active";
  if (!active && state != "verify_only") return cleanse_text(private_jwk);
  append(ring.keys, ring.key_count,
         {row.bytes(KeyColumn::kKid), active, json_in(row, KeyColumn::kPublicJwk), private_jwk, row.time(KeyColumn::kCreatedAt),
          row.int4(KeyColumn::kTokenTtl) * jose::kMicrosPerSecond, row.time_or(KeyColumn::kTokensUntil, session::kNoCutoff),
          row.time_or(KeyColumn::kVerifyUntil, session::kNoCutoff),
          // Before version 2.0 it was not recorded.
          row.is_null(KeyColumn::kImported) || row.boolean(KeyColumn::kImported),
          row.time_or(KeyColumn::kKeepUntil, session::kNever)});
}

// After the keys: their tokens live as long as the greatest says.
void take_lifetime(const KeyedRow &found, void *argument) {
  const auto &row = static_cast<const RowOf<LifetimeColumn> &>(found);
  const RingRows &ring = *static_cast<RingRows *>(argument);
  for (std::uint64_t i = 0; i < ring.key_count; i++) {
    KeyRow &key = ring.keys[i];
    if (key.kid != row.bytes(LifetimeColumn::kKid)) continue;
    key.token_ttl = std::max(key.token_ttl, row.int4(LifetimeColumn::kTokenTtl) * jose::kMicrosPerSecond);
    key.tokens_until = std::max(key.tokens_until, row.time(LifetimeColumn::kTokensUntil));
  }
}

void take_issuer(const KeyedRow &found, void *argument) {
  const auto &row = static_cast<const RowOf<IssuerColumn> &>(found);
  RingRows &ring = *static_cast<RingRows *>(argument);
  append(
      ring.issuers, ring.issuer_count,
      {row.bytes(IssuerColumn::kIssuer), json_in(row, IssuerColumn::kJwks).text, text_in(row, IssuerColumn::kSecretJwks),
       text_in(row, IssuerColumn::kAudience), texts_in(row, IssuerColumn::kAudiences), texts_in(row, IssuerColumn::kTokenTypes),
       texts_in(row, IssuerColumn::kRoles), row.bytes(IssuerColumn::kSubjects) == "ours"});
}

void take_issuer_of_version_1(const KeyedRow &found, void *argument) {
  static std::string_view every_role[] = {kEveryRole};
  const auto &row = static_cast<const RowOf<IssuerColumn> &>(found);
  RingRows &ring = *static_cast<RingRows *>(argument);
  append(ring.issuers, ring.issuer_count,
         {row.bytes(IssuerColumn::kIssuer),
          json_in(row, IssuerColumn::kJwks).text,
          {},
          text_in(row, IssuerColumn::kAudience),
          {},
          {},
          {every_role, 1},
          true});
}

std::optional<Micros> lifetime_in(const RowOf<ClassColumn> &row, ClassColumn column, const char *name, Micros least) {
  if (row.is_null(column)) return std::nullopt;
  return lifetime_of(*DatumGetIntervalP(row.value(column)), name, least);
}

session::SessionClass class_in(const RowOf<ClassColumn> &row) {
  session::SessionClass value{};
  value.access_token_ttl = lifetime_in(row, ClassColumn::kAccessTokenTtl, "access_token_ttl", session::kMicrosPerSecond);
  value.refresh_token_ttl = lifetime_in(row, ClassColumn::kRefreshTokenTtl, "refresh_token_ttl", session::kMicrosPerSecond);
  value.max_age = lifetime_in(row, ClassColumn::kMaxAge, "max_age", 0);
  if (!row.is_null(ClassColumn::kMaxSessions)) value.max_sessions = row.int4(ClassColumn::kMaxSessions);
  // The table's constraint admits only names that are known; an unknown one would be the strictest.
  if (!row.is_null(ClassColumn::kLimitPolicy))
    value.limit_policy =
        session::LimitPolicyNamed(row.bytes(ClassColumn::kLimitPolicy)).value_or(session::LimitPolicy::kReject);
  value.listed = row.boolean(ClassColumn::kListed);
  return value;
}

void take_class(const KeyedRow &found, void *argument) {
  const auto &row = static_cast<const RowOf<ClassColumn> &>(found);
  RingRows &ring = *static_cast<RingRows *>(argument);
  append(ring.classes, ring.class_count, {row.bytes(ClassColumn::kName), class_in(row)});
}

void take_cutoff(const KeyedRow &found, void *argument) {
  const auto &row = static_cast<const RowOf<CutoffColumn> &>(found);
  static_cast<RingRows *>(argument)->cutoff = row.time(CutoffColumn::kNotBefore);
}

RingRows read_rows_here() {
  RowOf<KeyColumn> key = {key_table, {}};
  RowOf<LifetimeColumn> lifetime = {lifetime_table, {}};
  RowOf<IssuerColumn> issuer = {has_issuer_columns() ? issuer_table : issuer_table_of_version_1, {}};
  RowOf<ClassColumn> session_class = {class_table, {}};
  RowOf<CutoffColumn> cutoff = {cutoff_table, {}};
  WholeTable tables[5] = {{&key, take_key},
                          {&issuer, issuer.table == &issuer_table ? take_issuer : take_issuer_of_version_1},
                          {&cutoff, take_cutoff}};
  int count = 3;
  // Not there before version 2.0.
  if (has_table(lifetime_table.name)) tables[count++] = {&lifetime, take_lifetime};
  if (has_table(class_table.name)) tables[count++] = {&session_class, take_class};
  RingRows ring{};
  ring.cutoff = session::kNoCutoff;
  read_tables(tables, count, &ring);
  return ring;
}

}  // namespace

RingRows read_ring_rows(MemoryContext context) {
  // What runs statements leaves the context current again.
  return in_context(context, [] { return read_rows_here(); });
}

void cleanse_ring_rows(const RingRows &rows) {
  for (std::uint64_t i = 0; i < rows.key_count; i++) cleanse_text(rows.keys[i].private_jwk);
  for (std::uint64_t i = 0; i < rows.issuer_count; i++) cleanse_text(rows.issuers[i].secret_jwks);
}

}  // namespace jwt_auth::pg
