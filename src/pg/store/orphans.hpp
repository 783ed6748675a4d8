// Rows that belong to nothing any more: accounts that hold nothing, and data of sessions whose row is gone. For purge_expired,
// inside a batch. Both tables are walked in the order of their keys.
#pragma once

#include "pg/store/purge.hpp"
#include "session/lifetime.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::pg {

// The longest jwt_auth.leeway that can be set, so that no later setting makes matter what was forgotten.
constexpr session::Micros kLongestLeeway = 3600 * session::kMicrosPerSecond;

// Cutoffs of our own users up to here can refuse nothing any more. kNoCutoff where that can be said of none, and in a database
// of version 1, which does not tell imported keys apart.
session::Micros spent_cutoffs(session::Micros now);

// Where the walk through jwt_auth.account is.
struct AccountWalk {
  bool started;
  session::UserKey user_key;
  std::string_view issuer, user_id;
};

// Looks at the next `size` accounts and removes those that hold nothing: no session and no API key, no policy of the user's
// own, and no cutoff that could refuse anything still. Seen counts those that looked so; the walk is over when `more` is false.
struct AccountBatch {
  Batch batch;
  bool more;
};
// The position is kept in `context`.
AccountBatch sweep_accounts(AccountWalk &walk, std::int64_t size, session::Micros now, MemoryContext context);

// Where the walk through jwt_auth.session_data is.
struct DataWalk {
  bool started;
  pg_uuid_t session_id;
  session::UserKey user_key;
};
struct DataBatch {
  Batch batch;
  bool more;
};
// Looks at the next `size` rows and removes those whose session is gone: somebody deleted it by hand.
DataBatch sweep_session_data(DataWalk &walk, std::int64_t size);

}  // namespace jwt_auth::pg
