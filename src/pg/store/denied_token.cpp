#include "pg/store/denied_token.hpp"

namespace jwt_auth::pg {

namespace {

TableOf<DeniedColumn> denied_table = {"denied_token", {{"user_key", INT4OID}, {"token_id", BYTEAOID}}, {}};

}  // namespace

RowOf<DeniedColumn> denied_row(session::UserKey user_key, const TokenId &token_id) {
  return {denied_table, {Int32GetDatum(user_key), bytes_datum(token_id.data(), token_id.size())}};
}

}  // namespace jwt_auth::pg
