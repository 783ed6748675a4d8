#include "pg/session/client_argument.hpp"

#include "pg/support/address.hpp"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace jwt_auth::pg {

namespace {

constexpr int kMaxUserAgent = 512;
constexpr std::size_t kMaxDevice = 128;

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

OptionalHash device_argument(FunctionCallInfo fcinfo, int index) {
  const OptionalText device = optional_text(fcinfo, index);
  if (!device.present) return {false, {}};
  if (device.text.empty() || device.text.size() > kMaxDevice)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("device must have 1 to %zu bytes", kMaxDevice)));
  return {true, value_or_raise([&]() -> Result<session::Hash> { return session::HashOf(device.text); })};
}

}  // namespace jwt_auth::pg
