#include "pg/store/denied_token.hpp"

namespace jwt_auth::pg {

namespace {

TableOf<DeniedColumn> denied_table = {"denied_token", {{"user_key", INT4OID}, {"token_id", BYTEAOID}}, {}};

TableOf<TombstoneColumn> tombstone_table = {
    "denied_token", {{"user_key", INT4OID}, {"token_id", BYTEAOID}}, {{"denied_at", TIMESTAMPTZOID}}};

}  // namespace

RowOf<DeniedColumn> denied_row(session::UserKey user_key, const TokenId &token_id) {
  return {denied_table, {Int32GetDatum(user_key), bytes_datum(token_id.data(), token_id.size())}};
}

RowOf<TombstoneColumn> tombstone_row(session::UserKey user_key, const TokenId &name) {
  return {tombstone_table, {Int32GetDatum(user_key), bytes_datum(name.data(), name.size())}};
}

}  // namespace jwt_auth::pg
