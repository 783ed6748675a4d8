#include "pg/identity/token_cache.hpp"

#include <algorithm>

#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"
#include "session/answer_window.hpp"

namespace jwt_auth::pg {

namespace {

// A token may be in one of the places of its row; the one that was not asked for longest makes room.
constexpr int kRows = 32;
constexpr int kPlaces = 4;
// Larger claims are verified each time, so a backend keeps half a megabyte at most.
constexpr std::size_t kMostBytes = 4096;

// Everything that facts point to, in one piece of memory: where its parts begin, and its size.
struct Layout {
  std::size_t text, issuer, claims, known, size;
};

struct Entry {
  std::uint64_t version;  // of the ground it was accepted on; another one than today's: the entry is free
  unsigned char hash[32];
  std::uint64_t asked;  // when it was last asked for, by a count of questions
  session::AnswerWindow window;
  std::size_t signed_size;  // of the token's signing input
  Layout layout;
  char *memory;
  TokenFacts facts;  // into that memory
};

// What a verdict rests on besides the token and the clock.
struct Ground {
  std::uint64_t ring;
  char *issuer, *audience;
  int leeway;
  bool accepts_untyped;
  bool accepts_unnamed;
};

Entry entries[kRows][kPlaces];
MemoryContext context;  // of entries' memory and the ground's text; null: nothing is kept
Ground ground;
std::uint64_t version;  // counts changes of the ground, from one on once something is kept
std::uint64_t questions;

bool ground_holds(const jose::ExpectedType &type) {
  return context != nullptr && ground.ring == ring_version() && std::strcmp(ground.issuer, settings::issuer) == 0 &&
         std::strcmp(ground.audience, settings::audience) == 0 && ground.leeway == settings::leeway &&
         ground.accepts_untyped == type.accepts_untyped && ground.accepts_unnamed == settings::accept_unnamed;
}

void drop_all() {
  version++;
  if (context != nullptr) MemoryContextDelete(context);
  context = nullptr;
}

void stand_on(const jose::ExpectedType &type) {
  if (ground_holds(type)) return;
  drop_all();
  MemoryContext made = AllocSetContextCreate(TopMemoryContext, "jwt_auth accepted tokens", ALLOCSET_DEFAULT_SIZES);
  ground = {ring_version(),
            MemoryContextStrdup(made, settings::issuer),
            MemoryContextStrdup(made, settings::audience),
            settings::leeway,
            type.accepts_untyped,
            settings::accept_unnamed};
  context = made;
}

// Random, so that a dump of the process's memory shows no hash by which tokens could be guessed, and nobody can choose the row
// of a token.
const jose::SecretBytes &HashKey() {
  static const jose::SecretBytes key = jose::RandomBytes(32);
  return key;
}

session::Hash KeyedHash(std::string_view token) {
  const jose::SecretBytes &key = HashKey();
  jose::SecretBytes text;
  text.reserve(key.size() + token.size());
  jose::Append(text, jose::AsText(key));
  jose::Append(text, token);
  return session::HashOf(jose::AsText(text));
}

bool is_used(const Entry &entry) { return entry.version == version; }

Entry *row_of(const TokenName &name) {
  std::uint32_t number;
  std::memcpy(&number, name.hash, sizeof(number));
  return entries[number % kRows];
}

std::size_t text_size(const FlatJson &json) {
  std::size_t size = 0;
  for (std::uint32_t i = 0; i < json.count; i++) {
    const jose::JsonNode &node = json.nodes[i];
    if (node.type == jose::JsonType::kString || node.type == jose::JsonType::kNumber)
      size = std::max<std::size_t>(size, std::size_t{node.offset} + node.size);
  }
  return size;
}

Layout layout_of(const TokenFacts &facts) {
  Layout layout{};
  layout.text = sizeof(jose::JsonNode) * facts.claims.count;
  layout.issuer = layout.text + text_size(facts.claims);
  layout.claims = MAXALIGN(layout.issuer + facts.issuer.size());
  layout.known = MAXALIGN(layout.claims + VARSIZE(facts.known->claims));
  layout.size = layout.known + sizeof(KnownToken);
  return layout;
}

// Facts whose views led into claims, issuer and known token of `facts`, led into these instead. Every view of TokenFacts is
// named here but the one into the token, which is not kept.
TokenFacts moved(const TokenFacts &facts, const jose::JsonNode *nodes, const char *text, const char *issuer,
                 KnownToken *known) {
  const auto moved_claim = [&](const OptionalText &claim) -> OptionalText {
    if (!claim.present) return {false, {}};
    return {true, {text + (claim.text.data() - facts.claims.text), claim.text.size()}};
  };
  TokenFacts result = facts;
  result.claims = {nodes, facts.claims.count, text};
  result.issuer = {issuer, facts.issuer.size()};
  result.sub = moved_claim(facts.sub);
  result.sid = moved_claim(facts.sid);
  result.jti = moved_claim(facts.jti);
  result.signing_input = {};
  result.known = known;
  return result;
}

void fill(char *memory, const Layout &layout, const TokenFacts &facts) {
  std::memcpy(memory, facts.claims.nodes, layout.text);
  std::memcpy(memory + layout.text, facts.claims.text, layout.issuer - layout.text);
  std::memcpy(memory + layout.issuer, facts.issuer.data(), facts.issuer.size());
  std::memcpy(memory + layout.claims, facts.known->claims, VARSIZE(facts.known->claims));
  auto *known = reinterpret_cast<KnownToken *>(memory + layout.known);
  *known = *facts.known;
  known->claims = reinterpret_cast<Jsonb *>(memory + layout.claims);
}

TokenFacts facts_in(char *memory, const Layout &layout, const TokenFacts &facts) {
  return moved(facts, reinterpret_cast<const jose::JsonNode *>(memory), memory + layout.text, memory + layout.issuer,
               reinterpret_cast<KnownToken *>(memory + layout.known));
}

Entry &place_for(const TokenName &name) {
  Entry *row = row_of(name);
  Entry *oldest = row;
  for (int i = 0; i < kPlaces; i++) {
    if (is_used(row[i]) && std::memcmp(row[i].hash, name.hash, sizeof(name.hash)) == 0) return row[i];
    if (!is_used(row[i]) || (is_used(*oldest) && row[i].asked < oldest->asked)) oldest = &row[i];
  }
  return *oldest;
}

}  // namespace

TokenName name_token(std::string_view token, const jose::ExpectedType &type) {
  TokenName name{};
  if (type.rule != jose::ExpectedType::Rule::kAccessToken) return name;
  if (!settings::token_cache) {
    if (context != nullptr) drop_all();
    return name;
  }
  stand_on(type);
  const session::Hash hash = value_or_raise([&]() -> Result<session::Hash> { return KeyedHash(token); });
  std::memcpy(name.hash, hash.data(), sizeof(name.hash));
  name.version = version;
  name.can_be_kept = true;
  return name;
}

bool recall_token(const TokenName &name, std::string_view token, jose::Micros now, TokenFacts &facts) {
  if (!name.can_be_kept) return false;
  Entry *row = row_of(name);
  for (int i = 0; i < kPlaces; i++) {
    Entry &entry = row[i];
    if (!is_used(entry) || std::memcmp(entry.hash, name.hash, sizeof(name.hash)) != 0) continue;
    if (!session::IsWithin(entry.window, now)) return false;
    // A copy: whatever happens while the token is judged may drop the entry.
    auto *memory = static_cast<char *>(palloc(entry.layout.size));
    std::memcpy(memory, entry.memory, entry.layout.size);
    facts = facts_in(memory, entry.layout, entry.facts);
    facts.known->claims = reinterpret_cast<Jsonb *>(memory + entry.layout.claims);
    facts.signing_input = token.substr(0, entry.signed_size);
    entry.asked = ++questions;
    return true;
  }
  return false;
}

void keep_token(const TokenName &name, jose::Micros now, const TokenFacts &facts) {
  // What the verdict rests on may have changed while the tables were asked.
  if (!name.can_be_kept || name.version != version) return;
  facts.known->claims = DatumGetJsonbP(jsonb_from(facts.claims));
  const Layout layout = layout_of(facts);
  if (layout.size > kMostBytes) return;
  Entry &entry = place_for(name);
  if (is_used(entry)) {
    entry.version = 0;
    pfree(entry.memory);
  }
  auto *memory = static_cast<char *>(MemoryContextAllocExtended(context, layout.size, MCXT_ALLOC_NO_OOM));
  if (memory == nullptr) return;
  fill(memory, layout, facts);
  entry.facts = facts_in(memory, layout, facts);
  entry.memory = memory;
  entry.layout = layout;
  entry.signed_size = facts.signing_input.size();
  entry.window = session::WindowOf(now, facts.has_iat ? std::optional(facts.iat) : std::nullopt, facts.exp);
  entry.asked = ++questions;
  std::memcpy(entry.hash, name.hash, sizeof(name.hash));
  entry.version = version;
}

Datum claims_datum(const TokenFacts &facts) {
  if (facts.known != nullptr && facts.known->claims != nullptr) return JsonbPGetDatum(facts.known->claims);
  return jsonb_from(facts.claims);
}

}  // namespace jwt_auth::pg
