#include "jose/crypto/openssl.hpp"
#include "jose/interruption.hpp"
#include "pg/identity/identity.hpp"
#include "pg/identity/proof_table.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/schedule/purge_launcher.hpp"
#include "pg/store/citus.hpp"
#include "pg/store/keyed_table.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/grant_hint.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/statistics.hpp"

extern "C" {
PG_MODULE_MAGIC;
void _PG_init(void);
}

void _PG_init(void) {
  jwt_auth::jose::interruption_check = jwt_auth::pg::IsInterrupted;
  jwt_auth::pg::define_identity_setting();
  jwt_auth::pg::define_settings();
  jwt_auth::pg::init_citus();
  jwt_auth::pg::init_keyed_tables();
  jwt_auth::pg::init_keyring();
  jwt_auth::pg::init_server_secret();
  jwt_auth::pg::init_statistics();
  jwt_auth::pg::init_proof_table();
  jwt_auth::pg::init_grant_hint();
  jwt_auth::pg::init_purge_launcher();
  if (process_shared_preload_libraries_in_progress) jwt_auth::jose::FetchAhead();
}
