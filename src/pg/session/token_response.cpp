#include "pg/session/token_response.hpp"

#include "jose/crypto/openssl.hpp"
#include "pg/store/session_store.hpp"

extern "C" {
#include <mb/pg_wchar.h>
#include <utils/inet.h>
}

namespace jwt_auth::pg {

namespace {

constexpr int kMaxUserAgent = 512;

void hash_fingerprint(const OptionalText &fingerprint, session::Client &client) {
  if (!fingerprint.present || fingerprint.text.empty()) return;
  client.fingerprint = value_or_raise([&]() -> Result<session::Hash> { return session::HashOf(fingerprint.text); });
  client.has_fingerprint = true;
}

}  // namespace

ClientArgument client_argument(FunctionCallInfo fcinfo, int ip, int user_agent, int fingerprint) {
  ClientArgument argument{};
  argument.client = session::kUnknownClient;
  argument.has_ip = !PG_ARGISNULL(ip);
  if (argument.has_ip) {
    argument.ip = PG_GETARG_DATUM(ip);
    argument.client.address = address_of(argument.ip);
  }
  argument.user_agent = optional_text(fcinfo, user_agent);
  if (argument.user_agent.text.size() > kMaxUserAgent) {
    const int whole =
        pg_mbcliplen(argument.user_agent.text.data(), static_cast<int>(argument.user_agent.text.size()), kMaxUserAgent);
    argument.user_agent.text = argument.user_agent.text.substr(0, static_cast<std::size_t>(whole));
  }
  hash_fingerprint(optional_text(fcinfo, fingerprint), argument.client);
  return argument;
}

Datum response_datum(FunctionCallInfo fcinfo, const TokenResponse &response) {
  Datum values[8] = {CStringGetTextDatum(response.status)};
  bool nulls[8] = {false, true, true, true, true, true, true, true};
  const auto set = [&](int index, Datum value) {
    values[index] = value;
    nulls[index] = false;
  };
  if (response.has_tokens) {
    set(1, response.access_token);
    set(2, TimestampTzGetDatum(timestamp_of(response.access_expires_at * jose::kMicrosPerSecond)));
  }
  if (response.refresh_token.data != nullptr) {
    set(3, text_datum(response.refresh_token.view()));
    set(4, TimestampTzGetDatum(timestamp_of(response.refresh_expires_at)));
    cleanse(response.refresh_token);
  }
  if (response.session_id != nullptr) set(5, UUIDPGetDatum(response.session_id));
  if (response.user_id.present)
    set(6, PointerGetDatum(
               cstring_to_text_with_len(response.user_id.text.data(), static_cast<int>(response.user_id.text.size()))));
  if (response.evicted_count > 0) {
    auto *ids = static_cast<Datum *>(palloc(sizeof(Datum) * response.evicted_count));
    for (int i = 0; i < response.evicted_count; i++) ids[i] = UUIDPGetDatum(&response.evicted[i]);
    set(7, PointerGetDatum(construct_array(ids, response.evicted_count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR)));
  }
  return composite(fcinfo, values, nulls);
}

pg_uuid_t uuid_of(const session::SessionId &id) {
  pg_uuid_t uuid;
  std::memcpy(uuid.data, id.data(), UUID_LEN);
  return uuid;
}

session::SessionId session_id_of(const pg_uuid_t &uuid) {
  session::SessionId id;
  std::memcpy(id.data(), uuid.data, id.size());
  return id;
}

}  // namespace jwt_auth::pg
