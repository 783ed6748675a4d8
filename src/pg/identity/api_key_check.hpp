// Whether an API key is good now: the one path behind exchange_api_key, authenticate, pre_request and introspect.
#pragma once

#include "pg/store/api_key_store.hpp"
#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

// What a presented key means. Plain data.
struct ApiKeyCheck {
  bool well_formed;                // false: `refusal` says why, and no table was looked at
  session::ApiKeyVerdict verdict;  // if well formed
  Error refusal;                   // unless the key is good
  ApiKeyRow row;                   // unless the verdict is kUnknown
  bool is_good() const { return well_formed && verdict == session::ApiKeyVerdict::kGood; }
};
// Writes nothing, reads with the latest snapshot.
ApiKeyCheck check_api_key(std::string_view api_key, const session::Address &address);

// For an access token with a `key_id` of ours that was judged by its state: the networks of its key hold for it as well. Null
// if it may be used from this address.
const Error *key_network_refusal(const pg_uuid_t &key_id, const session::Address &address);

// Notes that a key was used, once an hour at most. Nothing is written on a standby and in a read-only transaction, nor by
// authenticate outside of READ COMMITTED, where a note might make the transaction fail; nobody is waited for.
enum class KeyUse { kExchange, kAuthenticate };
void note_key_use(const ApiKeyRow &row, session::Micros now, KeyUse use);

}  // namespace jwt_auth::pg
