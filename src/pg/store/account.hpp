// The statements on account: the lock that log-ins and revocations of a user take, their cutoff, their own policies. Those
// that write run inside as_owner("account", ...); each names one user_key, so the table can be distributed.
#pragma once

#include "pg/store/plans.hpp"
#include "pg/store/row_reader.hpp"
#include "session/binding.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::pg {

// Who a statement is about.
struct UserRef {
  session::UserKey user_key;
  std::string_view issuer;  // "" for our own users
  std::string_view user_id;
};
// $1, $2, $3 of a statement on account.
void add_user(Parameters &parameters, const UserRef &user);

// An account's row, or what holds where there is none.
struct Account {
  session::Micros not_before;       // kNoCutoff if none; the end of a lock counts
  session::Micros locked_until;     // kNoCutoff: not locked; kNever: until unlock_user()
  std::int64_t version;             // of the user's rights: require_refresh() raises it
  std::optional<int> max_sessions;  // of their own; none: as the settings have it
  session::BindingPolicy binding;   // the settings, with the user's own choices over them
};

// Whoever writes an account locks refresh_session before, which others read first. So ALTER EXTENSION UPDATE, which changes
// both tables in that order, waits and is waited for, and is part of no deadlock. Called by all that writes here.
void lock_sessions_first();

// Whether account has the columns of version 2.0: a database that is still at an older version has not.
bool has_account_columns();

// Writes the account's row, so that log-ins and revocations of one user follow one another at every isolation level: a lock
// alone would not keep REPEATABLE READ from counting with an old snapshot. 09000 if a trigger suppresses the write there.
Account touch_account(const UserRef &user, TimestampTz now);
// The same where nobody logs in: nothing in the row changes, but it is written, or locked where a trigger suppresses that.
void hold_account(const UserRef &user);
// For somebody who is named by what this transaction writes for another user: makes the row where there is none, and shares it
// with others who do the same. A revocation, a lock or forget_user() of that user waits, or is waited for.
void share_account(const UserRef &user);
// The columns of an account, for read_rows() with other rows of the user, and what they mean.
enum class AccountColumn { kNotBefore, kLockedUntil, kVersion, kMaxSessions, kIpBinding, kFingerprintBinding, kLastLogin };
RowOf<AccountColumn> account_row(const UserRef &user);
Account account_in(const RowOf<AccountColumn> &row);
// Reads it with the latest snapshot. The cutoff of an id holds for the same id with trailing blanks as well.
Account read_account(const UserRef &user);
// Of an id with trailing blanks, which only sessions and tokens of version 1 have: the cutoff of the id without them. Else
// kNoCutoff.
session::Micros unpadded_cutoff(const UserRef &user);
// Whether the user has a row: who logged in or was revoked has one.
bool has_account(const UserRef &user);
// Moves the user's cutoff to `not_before` unless it is later already; answers the cutoff that now holds. 09000 if a trigger
// keeps it from moving.
session::Micros raise_cutoff(const UserRef &user, session::Micros not_before);

// Locks the user from now on, whatever lock there was. Of an account whose cutoff was moved in this transaction.
void write_lock(const UserRef &user, session::Micros until);
// Ends a lock that lasts at `now`, which becomes a cutoff: answers the cutoff that holds, none if there is no such lock.
std::optional<session::Micros> remove_lock(const UserRef &user, session::Micros now);

// A user's own policies; absent ones follow the settings.
struct UserPolicy {
  bool has_max_sessions;
  int max_sessions;
  OptionalText ip_binding, fingerprint_binding;
};
// 09000 if a trigger keeps them from being stored.
void write_user_policy(const UserRef &user, const UserPolicy &policy);

}  // namespace jwt_auth::pg
