// The privilege switch: our functions touch our tables as the tables' owner, the way the referential-integrity triggers do.
#pragma once

#include "pg/support/memory.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// The Oid of one of our tables; an error (with a hint) if the extension is not there.
Oid table_oid(const char *table);
// Whether one of our tables, or a column of it, is there: a database that was not updated yet lacks those of later versions.
bool has_table(const char *table);
bool has_column(const char *table, const char *column);
// The current owner of that table.
Oid table_owner(Oid table);

// What becoming the owner changed; plain data. An abort restores everything by itself.
struct OwnerScope {
  Oid user;
  int security_context;
  int guc_level;
};
// Becomes the owner of the table with that name, under SECURITY_LOCAL_USERID_CHANGE (so neither SET ROLE nor a function of
// someone else's can keep the rights), and pins search_path. leave_owner() restores both; it must be called before set_role
// and before SPI_commit.
OwnerScope enter_owner(const char *table);
void leave_owner(const OwnerScope &scope);

// Runs `body` as the owner of the table with that name, with an SPI connection, and answers what it answers. An error in it
// needs nothing undone: an abort restores the user, search_path and SPI.
//
// The body is a lambda over plain data; it runs statements and returns plain data, from wherever it likes. It is given the
// memory context of the caller: the current one is SPI's and goes when the body has returned, so what is to outlive it is
// copied by a function that names its destination (text() of a row, copy_to(), in_context()).
template <class Body>
auto as_owner(const char *table, Body &&body) {
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Body>>, "a longjmp may skip the body's captures");
  MemoryContext caller = CurrentMemoryContext;
  const OwnerScope scope = enter_owner(table);
  SPI_connect();
  using Value = std::invoke_result_t<Body, MemoryContext>;
  if constexpr (std::is_void_v<Value>) {
    body(caller);
    SPI_finish();
    leave_owner(scope);
  } else {
    static_assert(std::is_trivially_destructible_v<Value> && std::is_trivially_copyable_v<Value>,
                  "what leaves is plain data: a longjmp may skip it");
    const Value value = body(caller);
    SPI_finish();
    leave_owner(scope);
    return value;
  }
}

}  // namespace jwt_auth::pg
