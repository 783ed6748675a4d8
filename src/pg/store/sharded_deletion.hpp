// Deletions that on one server are one statement. Where rows are in shards, a statement over all users can not pass by the rows
// that somebody holds: they are found first, and each is then locked and deleted by its key.
#pragma once

#include "pg/store/plans.hpp"

namespace jwt_auth::pg {

struct ShardedDeletion {
  Statement find;    // answers two columns, the key
  Statement lock;    // by the key; no row if somebody holds it
  Statement remove;  // by the key and, if it has a third parameter, the first one of `find`: what may have changed since
};

// How many rows were deleted.
std::uint64_t delete_one_by_one(ShardedDeletion &deletion, const Parameters &parameters);

}  // namespace jwt_auth::pg
