#include "pg/identity.hpp"
#include "pg/keyring.hpp"
#include "pg/postgres.hpp"
#include "pg/settings.hpp"
#include "pg/statistics.hpp"

extern "C" {
PG_MODULE_MAGIC;
void _PG_init(void);
}

void _PG_init(void) {
  jwt_auth::pg::define_identity_setting();
  jwt_auth::pg::define_settings();
  jwt_auth::pg::init_keyring();
  jwt_auth::pg::init_statistics();
}
