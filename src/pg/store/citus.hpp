// Citus: where the tables are distributed, their rows are in shards on several servers ("nodes"), and statements reach them.
// Nothing of this is asked where its library is not loaded.
#pragma once

#include "pg/support/postgres.hpp"

extern "C" {
#include <utils/relcache.h>
}

namespace jwt_auth::pg {

// Whether the library of Citus is loaded. It is preloaded or not there at all, so this is found out once.
extern bool citus_is_loaded;
void init_citus();

// Whether the rows of a table are in shards: of one user each, or all of them on every node (a reference table).
bool is_distributed(Oid table);
// The same for one of our tables by its name; false where it is not there.
bool is_distributed(const char *table);

// The local copy of a reference table of ours, as a table of this node; the table itself where it is not distributed, invalid
// where there is none.
Oid local_rows_of(const char *table);

// The table of ours whose shard that is; invalid for anything else.
Oid table_of_shard(Relation relation);

// Whether another node has opened this session, to have a part of a statement carried out here.
bool serves_another_node();

// An error (55000) on a node that has users' rows and no keyring: what it would answer or write rests on an empty keyring.
void require_keyring_node();

// An error (0A000) where a trigger function is fired by a shard of a distributed table, or by a statement of another node: it
// would have to change other shards.
void refuse_for_shards(const char *function, Relation relation);

// Settings by which values are written as text: Citus sends them so to other nodes, which have settings of their own. Within a
// nest level of settings that the caller has begun. Statements are planned by what they ask for.
void pin_text_settings();

}  // namespace jwt_auth::pg
