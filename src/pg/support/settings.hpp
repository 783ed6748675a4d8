// The settings (GUCs), as the variables that PostgreSQL keeps for them and as the policies that the core knows.
#pragma once

#include <string_view>

#include "jose/result.hpp"
#include "session/binding.hpp"
#include "session/late_retry.hpp"
#include "session/lifetime.hpp"
#include "session/limit.hpp"
#include "session/user_key_range.hpp"

namespace jwt_auth::pg {

namespace settings {

extern char *issuer;    // never null; "" = none
extern char *audience;  // never null; "" = none
extern bool accept_untyped;
extern bool accept_unnamed;
extern bool token_cache;
extern char *role_claim;                        // never null nor empty; dots lead into objects
extern int standby_margin;                      // seconds
extern int leeway;                              // seconds
extern int access_token_ttl;                    // seconds
extern int refresh_token_ttl;                   // seconds
extern int session_max_age;                     // seconds; 0 = none
extern int max_sessions_per_user;               // 0 = unlimited
extern int refresh_reuse_interval;              // seconds; 0 = every retry is late
extern char *claims_function;                   // "" = none
extern char *key_encryption_key_file;           // "" = none
extern char *previous_key_encryption_key_file;  // "" = none
extern int max_token_size;                      // bytes
extern char *client_ip_header;
extern int trusted_proxies;
extern char *fingerprint_header;  // "" = none
extern char *api_key_header;      // "" = none
extern int proof_max_age;         // seconds
extern int proof_table_size;      // proofs; 0 = no table. There is none either where the library is not preloaded
extern char *proof_origin;        // "" = none
extern bool log_refresh;
extern char *notify_channel;      // "" = none
extern char *revocation_channel;  // "" = none
extern int jwks_max_age;          // seconds
extern bool pre_config_hmac_keys;
extern char *purge_databases;                    // "" = none; names with commas between them
extern int purge_interval;                       // seconds
extern int purge_events_older_than;              // seconds; 0 = events are not purged by schedule
extern const session::UserKeyRanges *own_users;  // by jwt_auth.user_key_range; null: all

// How pre_request raises a refusal: kPt is one that any PostgREST answers, kPgrst the whole answer. kAuto: kPgrst where the
// client says that it is PostgREST.
enum class PostgrestErrors { kAuto, kPt, kPgrst };

// For developers: how rows are read. kAuto: by the index where that can be done.
enum class RowReader { kAuto, kIndex, kStatement };

// For both sides of the boundary: these neither raise nor throw.
PostgrestErrors ChosenPostgrestErrors() noexcept;
RowReader ChosenRowReader() noexcept;
std::string_view AccessTokenType() noexcept;
session::LimitPolicy SessionLimitPolicy() noexcept;
session::BindingPolicy Binding() noexcept;
session::LateRetry LateRetryPolicy() noexcept;
session::LifetimePolicy Lifetimes() noexcept;
// kInvalidArgument if jwt_auth.issuer or jwt_auth.audience holds bytes that are not UTF-8: a file of settings may have any.
Result<void> CheckNames() noexcept;

}  // namespace settings

// Registers them; called once, when the library is loaded.
void define_settings();

}  // namespace jwt_auth::pg
