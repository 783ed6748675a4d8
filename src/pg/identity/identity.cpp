#include "pg/identity/identity.hpp"

#include <ctime>
#include <new>

#include "jose/json/base64url.hpp"
#include "pg/store/citus.hpp"

extern "C" {
#include <access/parallel.h>
}

namespace jwt_auth::pg {

namespace {

constexpr const char *kSetting = "jwt_auth.identity";

char *setting_text;        // the variable behind the setting; read by PostgreSQL alone
const Identity *identity;  // the parsed form of its current value; null for ''
bool admitting;            // true only while become() sets it

bool IsSound(const Identity &header, std::size_t size) {
  const auto holds_varlena = [size](std::uint32_t offset) {
    return offset >= sizeof(Identity) && offset % MAXIMUM_ALIGNOF == 0 && offset + VARHDRSZ <= size;
  };
  return header.size == size && holds_varlena(header.claims_offset) &&
         (header.user_offset == 0 || holds_varlena(header.user_offset));
}

// The chunk that the text encodes, as PostgreSQL wants to own it. kOutOfMemory; kMalformed if it encodes none.
Outcome<Identity *> Decode(const char *text) noexcept {
  return Guard([&]() -> Result<Identity *> {
    auto bytes = jose::DecodeBase64Url(text);
    if (!bytes) return bytes.error();
    if (bytes->size() < sizeof(Identity)) return Error{ErrorCode::kMalformed, nullptr};
    void *memory = AllocateForSetting(bytes->size());
    if (memory == nullptr) throw std::bad_alloc();
    std::memcpy(memory, bytes->data(), bytes->size());
    auto *chunk = static_cast<Identity *>(memory);
    if (IsSound(*chunk, bytes->size())) return chunk;
    FreeForSetting(memory);
    return Error{ErrorCode::kMalformed, nullptr};
  });
}

// Everybody may be nobody. Anything else comes from become(), in this backend or in the leader of this parallel worker, whose
// settings are restored while it starts; a value from a file, a role, a database or the client has another source.
bool check_identity(char **value, void **extra, GucSource source) {
  if (**value == '\0') return true;
  if (source != PGC_S_SESSION || !(admitting || InitializingParallelWorker)) {
    GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
    GUC_check_errmsg("parameter \"%s\" can be set only by jwt_auth.authenticate()", kSetting);
    return false;
  }
  const auto chunk = Decode(*value);
  if (chunk.ok) {
    *extra = chunk.value;
    return true;
  }
  if (IsOutOfMemory(chunk.error)) GUC_check_errcode(ERRCODE_OUT_OF_MEMORY);
  GUC_check_errmsg("parameter \"%s\" could not be set", kSetting);
  return false;
}

void assign_identity(const char *, void *extra) { identity = static_cast<const Identity *>(extra); }

const char *show_identity() { return identity == nullptr ? "" : "set"; }

void set_identity(const char *text) {
  admitting = true;
  PG_TRY();
  { (void)set_config_option(kSetting, text, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false); }
  PG_FINALLY();
  { admitting = false; }
  PG_END_TRY();
}

// A clock that costs nothing per row. It may lag by a few milliseconds, so a token accepted now never looks expired to it.
jose::Micros coarse_now() {
#ifdef CLOCK_REALTIME_COARSE
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0) return now.tv_sec * USECS_PER_SEC + now.tv_nsec / 1000;
#endif
  return now_micros();
}

}  // namespace

void define_identity_setting() {
  DefineCustomStringVariable("jwt_auth.identity", "Whom the transaction acts for.",
                             "Set by jwt_auth.authenticate() alone; read it with jwt_auth.current_claims().", &setting_text, "",
                             PGC_SUSET,
                             GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE |
                                 GUC_DISALLOW_IN_AUTO_FILE | GUC_SUPERUSER_ONLY,
                             check_identity, assign_identity, show_identity);
}

void become(Jsonb *claims, const OptionalText &user, const pg_uuid_t *session, jose::Micros ends_at) {
  const Size claims_offset = MAXALIGN(sizeof(Identity));
  const Size claims_end = MAXALIGN(claims_offset + VARSIZE(claims));
  const Size size = user.present ? claims_end + VARHDRSZ + user.text.size() : claims_end;
  char *bytes = static_cast<char *>(palloc0(size));
  auto *chunk = new (bytes) Identity{};
  chunk->size = static_cast<std::uint32_t>(size);
  chunk->claims_offset = static_cast<std::uint32_t>(claims_offset);
  chunk->has_session = session != nullptr;
  if (session != nullptr) chunk->session = *session;
  chunk->ends_at = ends_at;
  std::memcpy(bytes + claims_offset, claims, VARSIZE(claims));
  if (user.present) {
    chunk->user_offset = static_cast<std::uint32_t>(claims_end);
    SET_VARSIZE(bytes + claims_end, VARHDRSZ + user.text.size());
    std::memcpy(bytes + claims_end + VARHDRSZ, user.text.data(), user.text.size());
  }
  const Bytes text = value_or_raise([&] { return CopyOut(jose::EncodeBase64Url({bytes, size})); });
  set_identity(text.data);
  pfree(text.data);
  pfree(bytes);
}

void become_nobody() {
  if (identity != nullptr) set_identity("");
}

const Identity *identity_for_record() noexcept { return identity; }

OptionalText actor_of(const Identity &who) {
  if (!who.has_session) return {false, {}};
  // The chunk belongs to the setting; jsonb's functions only read it.
  auto *claims = reinterpret_cast<Jsonb *>(const_cast<struct varlena *>(who.claims()));
  JsonbValue act;
  JsonbValue sub;
  if (getKeyJsonValueFromContainer(&claims->root, "act", 3, &act) == nullptr || act.type != jbvBinary ||
      !JsonContainerIsObject(act.val.binary.data) ||
      getKeyJsonValueFromContainer(act.val.binary.data, "sub", 3, &sub) == nullptr || sub.type != jbvString)
    return {false, {}};
  return {true, {sub.val.string.val, static_cast<std::size_t>(sub.val.string.len)}};
}

const Identity *current_identity() {
  if (identity != nullptr && coarse_now() >= identity->ends_at)
    raise_error({ErrorCode::kExpired, "it ran out after it was authenticated"});
  return identity;
}

const Identity *shown_identity() {
  const Identity *present = current_identity();
  if (present == nullptr && serves_another_node())
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("who is authenticated is not known on this node"),
             errdetail("Another node has had its part of a statement carried out here, and the identity stays there."),
             errhint("Ask for the user id first and compare with that value. Row-level security with the identity is for "
                     "tables whose rows are on the client's own node.")));
  return present;
}

}  // namespace jwt_auth::pg
