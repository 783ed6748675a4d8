#include "pg/store/relcache_changes.hpp"

extern "C" {
#include <utils/inval.h>
}

namespace jwt_auth::pg {

namespace {

using Callback = void (*)(Oid);
constexpr int kMostCallbacks = 4;
Callback callbacks[kMostCallbacks];
int callback_count;

void call_all(Datum, Oid relation) {
  for (int i = 0; i < callback_count; i++) callbacks[i](relation);
}

}  // namespace

void on_relcache_change(Callback callback) {
  if (callback_count == kMostCallbacks) elog(ERROR, "no room for another callback");
  if (callback_count == 0) CacheRegisterRelcacheCallback(call_all, static_cast<Datum>(0));
  callbacks[callback_count++] = callback;
}

}  // namespace jwt_auth::pg
