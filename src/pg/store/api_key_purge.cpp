#include "pg/store/api_key_purge.hpp"

#include "pg/store/api_key_store.hpp"
#include "pg/store/citus.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/sharded_deletion.hpp"

namespace jwt_auth::pg {

namespace {

#define SELECT_ENDED                                                                                     \
  "SELECT k.key_id, k.user_key FROM jwt_auth.api_key k"                                                  \
  " LEFT JOIN jwt_auth.account a ON a.user_key = k.user_key AND a.issuer = '' AND a.user_id = k.user_id" \
  " WHERE k.expires_at <= $1 OR k.created_at <= $2 OR k.created_at <= a.not_before LIMIT $3"
#define SELECT_ORPHANS                                      \
  "SELECT u.key_id, u.user_key FROM jwt_auth.api_key_use u" \
  " WHERE NOT EXISTS (SELECT FROM jwt_auth.api_key k WHERE k.key_id = u.key_id AND k.user_key = u.user_key) LIMIT $1"
#define OF_KEY " WHERE key_id = $1 AND user_key = $2"

Statement delete_ended = {"DELETE FROM jwt_auth.api_key WHERE (key_id, user_key) IN (" SELECT_ENDED
                          " FOR UPDATE OF k SKIP LOCKED)",
                          {TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID}};
ShardedDeletion delete_ended_of_shards = {{SELECT_ENDED, {TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID}},
                                          {"SELECT FROM jwt_auth.api_key" OF_KEY " FOR UPDATE SKIP LOCKED", {UUIDOID, INT4OID}},
                                          {"DELETE FROM jwt_auth.api_key" OF_KEY, {UUIDOID, INT4OID}}};

Statement delete_orphans = {
    "DELETE FROM jwt_auth.api_key_use WHERE (key_id, user_key) IN (" SELECT_ORPHANS " FOR UPDATE OF u SKIP LOCKED)", {INT8OID}};
ShardedDeletion delete_orphans_of_shards = {
    {SELECT_ORPHANS, {INT8OID}},
    {"SELECT FROM jwt_auth.api_key_use" OF_KEY " FOR UPDATE SKIP LOCKED", {UUIDOID, INT4OID}},
    {"DELETE FROM jwt_auth.api_key_use" OF_KEY, {UUIDOID, INT4OID}}};

#undef OF_KEY
#undef SELECT_ORPHANS
#undef SELECT_ENDED

}  // namespace

std::uint64_t delete_ended_api_keys(session::Micros global_cutoff, session::Micros now, std::int64_t size) {
  if (!api_keys_exist()) return 0;
  Parameters parameters{};
  add_time(parameters, now);
  add_time(parameters, global_cutoff);
  add(parameters, Int64GetDatum(size));
  if (is_distributed("api_key")) return delete_one_by_one(delete_ended_of_shards, parameters);
  return execute(delete_ended, parameters);
}

std::uint64_t delete_orphaned_uses(std::int64_t size) {
  if (!api_keys_exist()) return 0;
  Parameters parameters{};
  add(parameters, Int64GetDatum(size));
  if (is_distributed("api_key_use")) return delete_one_by_one(delete_orphans_of_shards, parameters);
  return execute(delete_orphans, parameters);
}

}  // namespace jwt_auth::pg
