// A user id as an argument, and as a column of the application's table of users.
//
// Every function that takes one has overloads for text, uuid and bigint, all bound to one C function: a uuid or a bigint is the
// user whose id is its text.
#pragma once

#include "pg/store/session_store.hpp"

namespace jwt_auth::pg {

constexpr std::size_t kMaxUserId = 1024;

// One of our own users, for a function that gives something: 22004 for NULL, 22023 for an id that is empty, longer than 1024
// bytes or ends with a blank. A trailing blank is char(n) padding (the cast of a char(n) column to text drops it) or a second
// user who looks like the first; neither may have tokens of its own.
// JW018 for a user of another server.
UserRef user_argument(FunctionCallInfo fcinfo, int index);
// The same for somebody who acts for a user of this server, and may be a user of another one.
UserRef acting_user_argument(FunctionCallInfo fcinfo, int index);
// The same without these rules, for what asks no table: any user of any server, by the id without trailing blanks.
UserRef any_user_argument(FunctionCallInfo fcinfo, int index);
// The argument as text, otherwise as it is: 22004 for NULL, 22023 for an id that is empty or longer than 1024 bytes.
std::string_view user_id_argument(FunctionCallInfo fcinfo, int index);
// Who has this id, and whose tokens issuer ("": we) signs.
UserRef user_ref(std::string_view issuer, std::string_view user_id);

// An id as a function that ends or shows something takes it: with and without trailing blanks it is one user.
struct Spellings {
  UserRef user;     // without trailing blanks
  bool has_padded;  // it was given with trailing blanks, which version 1 took for another user
  UserRef padded;   // as it was given
};
// 22004 for NULL, 22023 for an id that is empty or longer than 1024 bytes, JW018 for a user of another server.
Spellings spellings_argument(FunctionCallInfo fcinfo, int index);

// The value of column `number` as its cast to text has it, which is what a caller passes for it: char(n), and every domain over
// it, without its padding. Not present for NULL.
OptionalText id_column_as_text(HeapTuple row, TupleDesc columns, int number);

}  // namespace jwt_auth::pg
