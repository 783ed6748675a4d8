#include "pg/support/settings.hpp"

#include <climits>

#include "jose/jwt/token_type.hpp"
#include "jose/proof/http_url.hpp"
#include "pg/support/audit_setting.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"

extern "C" {
#include <mb/pg_wchar.h>
#include <utils/varlena.h>
}

namespace jwt_auth::pg {

namespace settings {

char *issuer;
char *audience;
bool accept_untyped;
bool accept_unnamed;
bool token_cache;
char *role_claim;
int leeway;
int standby_margin;
int access_token_ttl;
int refresh_token_ttl;
int session_max_age;
int max_sessions_per_user;
int refresh_reuse_interval;
char *claims_function;
char *key_encryption_key_file;
char *previous_key_encryption_key_file;
int max_token_size;
char *client_ip_header;
int trusted_proxies;
char *fingerprint_header;
char *api_key_header;
int proof_max_age;
int proof_table_size;
char *proof_origin;
bool log_refresh;
char *notify_channel;
char *revocation_channel;
int jwks_max_age;
bool pre_config_hmac_keys;
char *purge_databases;
int purge_interval;
int purge_events_older_than;
const session::UserKeyRanges *own_users;

}  // namespace settings

namespace {

constexpr int kMinute = 60;

constexpr int kDay = 24 * 60 * kMinute;
constexpr int kMaxTokenSize = 16 * 1024 * 1024;       // a jsonb made from a token of this size still fits jsonb's own limits
constexpr int kMaxProofTableSize = 16 * 1024 * 1024;  // some 640 MB

constexpr std::string_view kAccessTokenTypes[] = {jose::kAccessTokenType, jose::kAnyTokenType};

constexpr std::string_view kPostgrestErrors[] = {"auto", "pt", "pgrst"};    // settings::PostgrestErrors
constexpr std::string_view kRowReaders[] = {"auto", "index", "statement"};  // settings::RowReader

int access_token_type;     // an index of kAccessTokenTypes
int postgrest_errors;      // settings::PostgrestErrors
int row_reader;            // settings::RowReader
int session_limit_policy;  // session::LimitPolicy
int audit;                 // session::AuditLevel
int ip_binding;            // session::IpBinding
int ip_binding_prefix_v4;
int ip_binding_prefix_v6;
int fingerprint_binding;  // session::FingerprintBinding
int late_retry;           // session::LateRetry

char *user_key_range;  // read by PostgreSQL alone

bool issuer_is_text = true;
bool audience_is_text = true;

// The options of a setting that is one of the core's policies, under the core's names.
template <class Policy, std::size_t N>
const config_enum_entry *options_of(const Policy (&policies)[N]) {
  static config_enum_entry entries[N + 1];  // the last one stays empty, which ends the list
  for (std::size_t i = 0; i < N; i++) entries[i] = {session::NameOf(policies[i]), static_cast<int>(policies[i]), false};
  return entries;
}

// The same of names, under their place in the list. A list is a template argument, so that each has its own entries.
template <auto &names>
const config_enum_entry *options_of() {
  constexpr std::size_t N = std::size(names);
  static config_enum_entry entries[N + 1];
  for (std::size_t i = 0; i < N; i++) entries[i] = {names[i].data(), static_cast<int>(i), false};
  return entries;
}

bool is_text(const char *value) {
  const int size = static_cast<int>(std::strlen(value));
  return pg_encoding_verifymbstr(PG_UTF8, value, size) == size;
}

// A value that a file or the catalog has brought is accepted and refused where it is used: PostgreSQL would put the default in
// its place, and then no issuer would be expected of a token.
bool check_name(char **value, void **, GucSource source) {
  if (source < PGC_S_INTERACTIVE || is_text(*value)) return true;
  GUC_check_errdetail("The value must be valid UTF-8.");
  return false;
}

void assign_issuer(const char *value, void *) { issuer_is_text = is_text(value); }
void assign_audience(const char *value, void *) { audience_is_text = is_text(value); }

// For a check that has no memory: without this, PostgreSQL would say that the value is invalid.
bool lacks_memory() {
  GUC_check_errcode(ERRCODE_OUT_OF_MEMORY);
  GUC_check_errmsg("out of memory");
  return false;
}

// A name with its schema: anything else would be looked up in a search path that is not the administrator's.
bool check_claims_function(char **value, void **, GucSource) {
  const char *dot = std::strchr(*value, '.');
  if (**value == '\0' || (dot != nullptr && dot != *value && dot[1] != '\0')) return true;
  GUC_check_errdetail("The function must be named with its schema, such as \"app.token_claims\".");
  return false;
}

// Names with single dots between them.
bool check_role_claim(char **value, void **, GucSource) {
  const std::string_view path = *value;
  if (!path.empty() && path.front() != '.' && path.back() != '.' && path.find("..") == std::string_view::npos) return true;
  GUC_check_errdetail("A claim is named by one or more names with a dot between them, such as \"role\" or \"app.role\".");
  return false;
}

// `extra` becomes the parsed form.
bool check_user_key_range(char **value, void **extra, GucSource) {
  if (**value == '\0') return true;
  session::UserKeyRanges ranges;
  if (!session::ParseUserKeyRanges(*value, ranges)) {
    GUC_check_errdetail("Ranges are written FIRST..LAST, with commas between them.");
    GUC_check_errhint("Give at most %d ranges, such as \"-2147483648..-1\" for half of all users.",
                      static_cast<int>(session::UserKeyRanges::kMax));
    return false;
  }
  void *memory = AllocateForSetting(sizeof ranges);
  if (memory == nullptr) return lacks_memory();
  std::memcpy(memory, &ranges, sizeof ranges);
  *extra = memory;
  return true;
}

void assign_user_key_range(const char *, void *extra) {
  settings::own_users = static_cast<const session::UserKeyRanges *>(extra);
}

bool check_notify_channel(char **value, void **, GucSource) {
  if (std::strlen(*value) < NAMEDATALEN) return true;
  GUC_check_errdetail("A channel name is shorter than %d bytes.", NAMEDATALEN);
  return false;
}

bool check_databases(char **value, void **, GucSource) {
  char *text = pstrdup(*value);
  List *names = NIL;
  const bool is_list = SplitIdentifierString(text, ',', &names);
  list_free(names);
  pfree(text);
  if (is_list) return true;
  GUC_check_errdetail(
      "Names of databases are written with commas between them, and in double quotes unless they are in lower case.");
  return false;
}

// Seconds are what the setting counts without a unit, and purge_events() takes nothing less than a day.
bool check_events_older_than(int *value, void **, GucSource) {
  if (*value == 0 || *value >= kDay) return true;
  GUC_check_errdetail("The age must be at least one day, or 0 for events that are not purged by schedule.");
  return false;
}

bool check_origin(char **value, void **, GucSource) {
  const std::string_view text(*value);
  const auto is_origin = Guard([&]() -> Result<bool> { return jose::NormalizedOrigin(text).has_value(); });
  if (text.empty() || (is_origin.ok && is_origin.value)) return true;
  if (!is_origin.ok && IsOutOfMemory(is_origin.error)) return lacks_memory();
  GUC_check_errdetail("An origin is a scheme and a host, such as \"https://api.example.com\".");
  return false;
}

void define_string(const char *name, const char *description, const char *more, char **variable, const char *initial,
                   GucContext context, int flags, GucStringCheckHook check) {
  DefineCustomStringVariable(name, description, more, variable, initial, context, flags, check, nullptr, nullptr);
}

void define_int(const char *name, const char *description, const char *more, int *variable, int initial, int min, int max,
                int flags) {
  DefineCustomIntVariable(name, description, more, variable, initial, min, max, PGC_SUSET, flags, nullptr, nullptr, nullptr);
}

template <class Policy, std::size_t N>
void define_enum(const char *name, const char *description, const char *more, int *variable, Policy initial,
                 const Policy (&policies)[N]) {
  DefineCustomEnumVariable(name, description, more, variable, static_cast<int>(initial), options_of(policies), PGC_SUSET, 0,
                           nullptr, nullptr, nullptr);
}

void define_token_settings() {
  DefineCustomStringVariable("jwt_auth.issuer", "Issuer (iss) put into the ring's tokens and expected of them.", "Empty: none.",
                             &settings::issuer, "", PGC_SUSET, 0, check_name, assign_issuer, nullptr);
  DefineCustomStringVariable("jwt_auth.audience", "Audience (aud) put into the ring's tokens and expected of them.",
                             "Empty: none.", &settings::audience, "", PGC_SUSET, 0, check_name, assign_audience, nullptr);
  DefineCustomEnumVariable("jwt_auth.access_token_type", "Type (typ) in the header of sessions' access tokens.",
                           "at+jwt (RFC 9068), or JWT for verifiers that know no other.", &access_token_type, 0,
                           options_of<kAccessTokenTypes>(), PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("jwt_auth.accept_untyped", "Whether a token of type JWT or of no type passes for an access token.",
                           "Off: only at+jwt does. jwt_sign(claims) and many other issuers write JWT.",
                           &settings::accept_untyped, true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("jwt_auth.accept_unnamed",
                           "Whether the ring's tokens may lack an issuer or audience that is expected of them.",
                           "On: those from before jwt_auth.issuer or jwt_auth.audience was set go on being accepted. One that "
                           "names another is refused all the same.",
                           &settings::accept_unnamed, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("jwt_auth.token_cache", "Whether a backend keeps the claims of access tokens that it has accepted.",
                           "Then a token that is presented again costs no signature check. The state of its session, cutoffs "
                           "and denials are looked up each time.",
                           &settings::token_cache, true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  define_int("jwt_auth.leeway", "Clock difference that jwt_verify(token) tolerates.", nullptr, &settings::leeway, 0, 0,
             60 * kMinute, GUC_UNIT_S);
  define_int("jwt_auth.access_token_ttl", "Lifetime of an access token.", nullptr, &settings::access_token_ttl, 30 * kMinute, 1,
             INT_MAX, GUC_UNIT_S);
  define_int("jwt_auth.max_token_size", "Longest token that is looked at.", nullptr, &settings::max_token_size, 2 * 1024 * 1024,
             1024, kMaxTokenSize, GUC_UNIT_BYTE);
  define_string("jwt_auth.key_encryption_key_file", "File with the key that seals private signing keys at rest.",
                "32 bytes in hex, base64, base64url or as an oct JWK. Empty: private keys are stored in the clear.",
                &settings::key_encryption_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, nullptr);
  define_string("jwt_auth.previous_key_encryption_key_file",
                "File with the key that sealed private signing keys before, for seal_signing_keys().", "Empty: none.",
                &settings::previous_key_encryption_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, nullptr);
}

void define_session_settings() {
  define_int("jwt_auth.refresh_token_ttl", "How long a session may stay idle before its user must log in again.", nullptr,
             &settings::refresh_token_ttl, 14 * kDay, 1, INT_MAX, GUC_UNIT_S);
  define_int("jwt_auth.session_max_age", "How long a session may last at all.", "0: no end but the idle one.",
             &settings::session_max_age, 90 * kDay, 0, INT_MAX, GUC_UNIT_S);
  define_int("jwt_auth.max_sessions_per_user", "How many live sessions a user may have.", "0: unlimited.",
             &settings::max_sessions_per_user, 5, 0, 10000, 0);
  define_enum("jwt_auth.session_limit_policy", "What a log-in beyond the limit does.",
              "evict_oldest and evict_idle end another session, reject refuses the log-in.", &session_limit_policy,
              session::LimitPolicy::kEvictOldest, session::kLimitPolicies);
  define_int("jwt_auth.refresh_reuse_interval", "How long after a rotation the previous refresh token may be presented again.",
             "A retry within it gets the same successor; what a later one gets is jwt_auth.late_retry. 0: every retry is late.",
             &settings::refresh_reuse_interval, 10, 0, kDay, GUC_UNIT_S);
  define_enum("jwt_auth.late_retry", "Whether the previous refresh token gets its successor after refresh_reuse_interval too.",
              "once: while the successor is unused, and not in two successive rotations; each is an event. never: it ends the "
              "session.",
              &late_retry, session::LateRetry::kOnce, session::kLateRetries);
  define_enum("jwt_auth.ip_binding", "What a client address other than the log-in's means.",
              "off, log, or end the session unless it is of the same subnet or exact.", &ip_binding, session::IpBinding::kOff,
              session::kIpBindings);
  define_int("jwt_auth.ip_binding_prefix_v4", "Prefix length of a subnet in IPv4.", nullptr, &ip_binding_prefix_v4, 24, 0, 32,
             0);
  define_int("jwt_auth.ip_binding_prefix_v6", "Prefix length of a subnet in IPv6.", nullptr, &ip_binding_prefix_v6, 64, 0, 128,
             0);
  define_enum("jwt_auth.fingerprint_binding", "What a fingerprint other than the log-in's means.",
              "off, log, or end the session.", &fingerprint_binding, session::FingerprintBinding::kOff,
              session::kFingerprintBindings);
  define_string("jwt_auth.role_claim", "Claim that names the role for set_role and pre_request().",
                "A dot leads into an object: realm.role is the member role of the object realm.", &settings::role_claim, "role",
                PGC_SUSET, 0, check_role_claim);
  define_string("jwt_auth.claims_function", "Function that gives a session's claims at log-in and at each refresh.",
                "Schema-qualified; (user_id text, session_id uuid, claims jsonb) returns jsonb. Empty: none.",
                &settings::claims_function, "", PGC_SUSET, 0, check_claims_function);
  define_int("jwt_auth.proof_max_age", "How old a proof of a key, or its nonce, may be.", nullptr, &settings::proof_max_age, 60,
             1, 60 * kMinute, GUC_UNIT_S);
  // Nothing else than a preloaded library may have a setting that is fixed at the server's start, and no other has the memory.
  DefineCustomIntVariable(
      "jwt_auth.proof_table_size",
      "How many proofs of a key authenticate() and pre_request() remember, so that each is good once.",
      "In shared memory, for all databases, where the library is preloaded: twice as many as are shown within "
      "proof_max_age. 0: none, so a proof may be repeated until it is too old.",
      &settings::proof_table_size, 65536, 0, kMaxProofTableSize,
      process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("jwt_auth.log_refresh", "Whether each refresh is written to auth_event.", nullptr,
                           &settings::log_refresh, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  define_enum("jwt_auth.audit", "What is written to auth_event.",
              "all, security (what ends, refuses or changes something, and the application's own events), or off.", &audit,
              session::AuditLevel::kAll, session::kAuditLevels);
  define_string("jwt_auth.notify_channel", "Channel on which security events are sent with NOTIFY.", "Empty: none.",
                &settings::notify_channel, "", PGC_SUSET, 0, check_notify_channel);
  define_string("jwt_auth.revocation_channel", "Channel on which NOTIFY says that revocations() has something new.",
                "Its messages are empty. Empty: none.", &settings::revocation_channel, "", PGC_SUSET, 0, check_notify_channel);
}

void define_scaling_settings() {
  define_int("jwt_auth.standby_margin",
             "How far a standby's knowledge is taken to end before the last commit that it has replayed.",
             "A session that is absent there and newer than that is JW017, not known here yet.", &settings::standby_margin, 5,
             0, 60 * kMinute, GUC_UNIT_S);
  DefineCustomStringVariable("jwt_auth.user_key_range", "User keys (user_key()) whose users are this server's.",
                             "FIRST..LAST, several with commas between them: a session of another user is JW018. Empty: all.",
                             &user_key_range, "", PGC_SUSET, 0, check_user_key_range, assign_user_key_range, nullptr);
}

void define_front_settings() {
  define_string("jwt_auth.client_ip_header", "Request header in which pre_request() finds the client's address.", nullptr,
                &settings::client_ip_header, "x-forwarded-for", PGC_SUSET, 0, nullptr);
  define_int("jwt_auth.trusted_proxies", "How many hops from the right of that header the client's address stands.", nullptr,
             &settings::trusted_proxies, 1, 1, 100, 0);
  define_string("jwt_auth.fingerprint_header", "Request header that pre_request() takes for the client's fingerprint.",
                "Empty: none, so a token bound to a fingerprint is refused there.", &settings::fingerprint_header, "",
                PGC_SUSET, 0, nullptr);
  define_string("jwt_auth.api_key_header", "Request header in which pre_request() finds an API key.",
                "Looked at where the request has no bearer token. Empty: none.", &settings::api_key_header, "", PGC_SUSET, 0,
                nullptr);
  define_string(
      "jwt_auth.proof_origin", "Origin of the URLs that pre_request() expects in proofs of a key.",
      "Scheme, host and port as clients see them, such as https://api.example.com. Empty: none, so a token bound to a "
      "key is refused there.",
      &settings::proof_origin, "", PGC_SUSET, 0, check_origin);
  define_int("jwt_auth.jwks_max_age", "How long a copy of jwks() may be cached: max_age of jwks_http().",
             "Leave a new key pending for at least this long.", &settings::jwks_max_age, 5 * kMinute, 0, kDay, GUC_UNIT_S);
  DefineCustomBoolVariable("jwt_auth.pre_config_hmac_keys",
                           "Whether pre_config() hands PostgREST the HMAC keys of the ring as well.",
                           "They are secret: whoever may call pre_config() can then read them and sign.",
                           &settings::pre_config_hmac_keys, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable(
      "jwt_auth.postgrest_errors", "How pre_request raises a refusal.",
      "PT401 and PT503 with the reason as detail, or PGRST with the whole answer: status, challenge, and the "
      "reason as code. auto: PGRST where application_name begins with PostgREST, as PostgREST sets it.",
      &postgrest_errors, static_cast<int>(settings::PostgrestErrors::kAuto), options_of<kPostgrestErrors>(), PGC_SUSET, 0,
      nullptr, nullptr, nullptr);
}

void define_purge_settings() {
  define_string("jwt_auth.purge_databases", "Databases that are purged by schedule.",
                "A worker of each runs purge_expired(), where the library is preloaded. Empty: none.",
                &settings::purge_databases, "", PGC_SIGHUP, GUC_LIST_INPUT, check_databases);
  DefineCustomIntVariable("jwt_auth.purge_interval", "How long after the start of a scheduled purge the next one begins.",
                          nullptr, &settings::purge_interval, kDay, 1, 366 * kDay, PGC_SIGHUP, GUC_UNIT_S, nullptr, nullptr,
                          nullptr);
  DefineCustomIntVariable("jwt_auth.purge_events_older_than", "How old an event is when a scheduled purge removes it.",
                          "By purge_events(); at least a day. 0: the audit is left alone.", &settings::purge_events_older_than,
                          0, 0, INT_MAX, PGC_SUSET, GUC_UNIT_S, check_events_older_than, nullptr, nullptr);
}

void define_developer_settings() {
  DefineCustomEnumVariable(
      "jwt_auth.debug_row_reader", "For developers: how rows of the extension's tables are read and written.",
      "Without statements, by the index, which fails where that cannot be done; by statements; or whichever can be done.",
      &row_reader, static_cast<int>(settings::RowReader::kAuto), options_of<kRowReaders>(), PGC_SUSET, GUC_NOT_IN_SAMPLE,
      nullptr, nullptr, nullptr);
}

}  // namespace

namespace settings {

PostgrestErrors ChosenPostgrestErrors() noexcept { return static_cast<PostgrestErrors>(postgrest_errors); }

RowReader ChosenRowReader() noexcept { return static_cast<RowReader>(row_reader); }

std::string_view AccessTokenType() noexcept { return kAccessTokenTypes[access_token_type]; }

session::LimitPolicy SessionLimitPolicy() noexcept { return static_cast<session::LimitPolicy>(session_limit_policy); }

session::AuditLevel Audit() noexcept { return static_cast<session::AuditLevel>(audit); }

session::BindingPolicy Binding() noexcept {
  return {static_cast<session::IpBinding>(ip_binding), ip_binding_prefix_v4, ip_binding_prefix_v6,
          static_cast<session::FingerprintBinding>(fingerprint_binding)};
}

session::LateRetry LateRetryPolicy() noexcept { return static_cast<session::LateRetry>(late_retry); }

session::LifetimePolicy Lifetimes() noexcept {
  return {access_token_ttl * jose::kMicrosPerSecond, refresh_token_ttl * jose::kMicrosPerSecond,
          session_max_age * jose::kMicrosPerSecond};
}

Result<void> CheckNames() noexcept {
  if (!issuer_is_text) return Error{ErrorCode::kInvalidArgument, "jwt_auth.issuer is not valid UTF-8"};
  if (!audience_is_text) return Error{ErrorCode::kInvalidArgument, "jwt_auth.audience is not valid UTF-8"};
  return {};
}

}  // namespace settings

void define_settings() {
  define_token_settings();
  define_session_settings();
  define_front_settings();
  define_developer_settings();
  define_scaling_settings();
  define_purge_settings();
  MarkGUCPrefixReserved("jwt_auth");
}

}  // namespace jwt_auth::pg
