// What is left of a user who was forgotten (forget_user): a row among the denials that names nobody, so that what was issued
// before stays refused.
#pragma once

#include "pg/store/account.hpp"
#include "pg/store/denied_token.hpp"

namespace jwt_auth::pg {

// How the tombstone of one of our users is looked for. Plain data.
struct TombstoneSearch {
  enum class Way : std::uint8_t {
    kNone,       // there can't be any: the server has no secret
    kByName,     // the row of this name
    kByUserKey,  // the secret can't be read, so no name can be made: every tombstone of the user key counts
  } way;
  session::UserKey user_key;
  TokenId name;
};
// May read the server's secret.
TombstoneSearch search_tombstone(const UserRef &user);
// For read_rows() with other rows of the user, where the search is by name.
inline RowOf<TombstoneColumn> tombstone_row(const TombstoneSearch &search) {
  return tombstone_row(search.user_key, search.name);
}
// When the user was forgotten; kNoCutoff: never. `row` was read where the search is by name.
session::Micros forgotten_at(const TombstoneSearch &search, const RowOf<TombstoneColumn> &row);
// Of an id with trailing blanks: when the id without them was forgotten. Else kNoCutoff.
session::Micros unpadded_forgotten_at(const UserRef &user);

// When one of our users was forgotten, as the latest snapshot has it; kNoCutoff: never.
session::Micros read_forgotten_at(const UserRef &user);
// read_account() of one of our users, with that as a cutoff, for what is judged by when it began. One look, in which a row
// `beside` of the same user is read as well.
Account read_account_since_forgotten(const UserRef &user, KeyedRow *beside = nullptr);

}  // namespace jwt_auth::pg
