// The settings (GUCs) of design section "Settings", as the variables that PostgreSQL keeps for them.
#pragma once

namespace jwt_auth::pg {

enum AccessTokenType { kTypeAtJwt, kTypeJwt };
enum SessionLimitPolicy { kEvictOldest, kEvictIdle, kReject };
enum IpBinding { kIpOff, kIpLog, kIpSubnet, kIpExact };
enum FingerprintBinding { kFingerprintOff, kFingerprintLog, kFingerprintExact };

namespace settings {

extern char *issuer;           // never null; "" = none
extern char *audience;         // never null; "" = none
extern int access_token_type;  // AccessTokenType
extern bool accept_untyped;
extern char *role_claim;            // never null nor empty; dots lead into objects
extern int leeway;                  // seconds
extern int access_token_ttl;        // seconds
extern int refresh_token_ttl;       // seconds
extern int session_max_age;         // seconds; 0 = none
extern int max_sessions_per_user;   // 0 = unlimited
extern int session_limit_policy;    // SessionLimitPolicy
extern int refresh_reuse_interval;  // seconds; 0 = no retry
extern int ip_binding;              // IpBinding
extern int ip_binding_prefix_v4;
extern int ip_binding_prefix_v6;
extern int fingerprint_binding;                 // FingerprintBinding
extern char *claims_function;                   // "" = none
extern char *key_encryption_key_file;           // "" = none
extern char *previous_key_encryption_key_file;  // "" = none
extern int max_token_size;                      // bytes
extern char *client_ip_header;
extern int trusted_proxies;
extern char *fingerprint_header;  // "" = none
extern char *api_key_header;      // "" = none
extern int proof_max_age;         // seconds
extern char *proof_origin;        // "" = none
extern bool log_refresh;
extern char *notify_channel;  // "" = none

}  // namespace settings

// Registers them; called once, when the library is loaded.
void define_settings();

}  // namespace jwt_auth::pg
