// What PostgREST calls before each request: pre_request; and what an API behind it needs: the client's address, the cookie that
// carries a refresh token.
#include "pg/identity/authenticate.hpp"
#include "pg/identity/identity.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/uuid.hpp"
#include "session/api_key.hpp"
#include "session/bearer.hpp"
#include "session/client_address.hpp"
#include "session/cookie.hpp"

namespace jwt_auth::pg {

namespace {

// What a request says of its client. Plain data, in the current memory context.
struct Request {
  bool has_token;
  bool is_api_key;  // from the header of jwt_auth.api_key_header: PostgREST has not seen it
  Bytes token;
  Presentation presentation;
};

// The header of that name; none if the setting names no header or the request has none. PostgREST has the names in lower case,
// of ASCII letters alone: a locale may have other rules (the small I of Turkish has no dot).
std::optional<std::string_view> HeaderNamed(const jose::JsonDocument &headers, const char *setting) {
  std::string name(setting);
  for (char &c : name) c = static_cast<char>(pg_ascii_tolower(static_cast<unsigned char>(c)));
  if (name.empty()) return std::nullopt;
  return headers.root().FindText(name);
}

constexpr Error kNoHeaders{ErrorCode::kInvalidArgument, "request.headers is not a JSON object"};

session::Address ClientAddress(const jose::JsonDocument &headers) {
  const auto forwarded = HeaderNamed(headers, settings::client_ip_header);
  return forwarded ? session::ForwardedClient(*forwarded, settings::trusted_proxies) : session::kNoAddress;
}

// The token of the Authorization header; without one, what the header for API keys holds.
Result<std::optional<std::string_view>> TokenIn(const jose::JsonDocument &headers, bool &is_api_key) {
  const auto authorization = headers.root().Find("authorization");
  if (authorization) {
    if (!authorization->is(jose::JsonType::kString))
      return Error{ErrorCode::kMalformed, "the Authorization header is not a string"};
    auto token = session::BearerToken(authorization->text());
    if (!token || *token) return token;
  }
  const auto api_key = HeaderNamed(headers, settings::api_key_header);
  if (!api_key || api_key->empty()) return std::optional<std::string_view>();
  if (!session::LooksLikeApiKey(*api_key)) return Error{ErrorCode::kMalformed, "not an API key"};
  is_api_key = true;
  return api_key;
}

Result<Request> ReadRequest(std::string_view text) {
  auto headers = jose::ParseJsonObject(text);
  if (!headers) return kNoHeaders;
  Request request{};
  auto token = TokenIn(*headers, request.is_api_key);
  if (!token) return token.error();
  if (!*token) return request;
  if ((*token)->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
  auto copy = CopyOut(**token);
  if (!copy) return copy.error();
  request.has_token = true;
  request.token = *copy;

  Presentation &presentation = request.presentation;
  presentation.address = ClientAddress(*headers);
  if (!request.is_api_key && !presentation.address.known() && session::Enforces(settings::Binding().ip))
    return Error{ErrorCode::kBindingMismatch, "the client's address is not known"};
  if (const auto proof = HeaderNamed(*headers, "dpop")) {
    auto proof_copy = CopyOut(*proof);
    if (!proof_copy) return proof_copy.error();
    presentation.proof.proof = {true, proof_copy->view()};
  }
  if (const auto fingerprint = HeaderNamed(*headers, settings::fingerprint_header)) {
    auto fingerprint_copy = CopyOut(*fingerprint);
    if (!fingerprint_copy) return fingerprint_copy.error();
    presentation.fingerprint = {true, fingerprint_copy->view()};
  }
  return request;
}

// The value of a setting that PostgREST makes; null if there is none. Behind a transaction that had one it is ''.
const char *request_setting(const char *name) {
  const char *value = GetConfigOption(name, true, false);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

// The URL of the request as its client sees it: the origin that is set, and the path that PostgREST took it for.
void add_request_url(Presentation &presentation) {
  presentation.lacks_origin = *settings::proof_origin == '\0';
  const char *method = request_setting("request.method");
  const char *path = request_setting("request.path");
  std::size_t origin = std::strlen(settings::proof_origin);
  while (origin > 0 && settings::proof_origin[origin - 1] == '/') origin--;
  presentation.proof.method = method != nullptr ? method : "";
  presentation.proof.url = psprintf("%.*s%s%s", static_cast<int>(origin), settings::proof_origin,
                                    path != nullptr && *path == '/' ? "" : "/", path != nullptr ? path : "");
}

// The challenge of RFC 6750 section 3; a description has no quotes, no backslashes and nothing but ASCII.
char *challenge_for(const char *message) {
  char *description = pstrdup(message);
  for (char *c = description; *c != '\0'; c++)
    if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') *c = '\'';
  return psprintf("Bearer error=\"invalid_token\", error_description=\"%s\"", description);
}

// SQLSTATE PGRST is how a function gives PostgREST the whole answer: the body as MESSAGE, status and headers as DETAIL. So the
// code and the challenge reach the client with client-error-verbosity at minimal as well. `details` is where 1.1 had the code.
[[noreturn]] void raise_answer(int status, const Error &refusal, const char *hint) {
  const char *code = SqlStateOf(refusal.code);
  const char *message = message_of(refusal);
  StringInfoData body;
  initStringInfo(&body);
  appendStringInfo(&body, "{\"code\": \"%s\", \"message\": ", code);
  escape_json(&body, message);
  appendStringInfo(&body, ", \"details\": \"%s\"", code);
  if (hint != nullptr) {
    appendStringInfoString(&body, ", \"hint\": ");
    escape_json(&body, hint);
  }
  appendStringInfoChar(&body, '}');
  StringInfoData answer;
  initStringInfo(&answer);
  appendStringInfo(&answer, "{\"status\": %d, \"headers\": {", status);
  if (status == 401) {
    appendStringInfoString(&answer, "\"WWW-Authenticate\": ");
    escape_json(&answer, challenge_for(message));
  }
  appendStringInfoString(&answer, "}}");
  ereport(ERROR, (errcode(MAKE_SQLSTATE('P', 'G', 'R', 'S', 'T')), errmsg_internal("%s", body.data),
                  errdetail_internal("%s", answer.data)));
  pg_unreachable();
}

// As PostgREST calls itself, with its version behind, unless its configuration says otherwise.
bool is_postgrest() {
  constexpr std::string_view kName = "PostgREST";
  return application_name != nullptr && std::strncmp(application_name, kName.data(), kName.size()) == 0;
}

bool raises_whole_answers() {
  const settings::PostgrestErrors chosen = settings::ChosenPostgrestErrors();
  return chosen == settings::PostgrestErrors::kPgrst || (chosen == settings::PostgrestErrors::kAuto && is_postgrest());
}

// What any PostgREST answers with that status. The detail is the reason's SQLSTATE.
[[noreturn]] void raise_status(int sqlstate, const Error &refusal, const char *hint) {
  ereport(ERROR, (errcode(sqlstate), errmsg("%s", message_of(refusal)), errdetail_internal("%s", SqlStateOf(refusal.code)),
                  hint == nullptr ? 0 : errhint("%s", hint)));
  pg_unreachable();
}

// A refusal of the token is 401. Where the server only can't tell, 503: the client has done nothing wrong, and is to try again.
// A key that can't be used is the server's fault, 500: as an error of its class it would be 400.
[[noreturn]] void raise_unauthorized(const Error &refusal) {
  const bool is_whole = raises_whole_answers();
  if (is_whole && (refusal.code == ErrorCode::kUnusableKey || refusal.code == ErrorCode::kNoActiveKey ||
                   refusal.code == ErrorCode::kKeySealed))
    raise_answer(500, refusal, nullptr);
  if (!IsTokenRefusal(refusal.code)) raise_error(refusal);
  const bool lacks_origin = refusal.detail != nullptr && std::strcmp(refusal.detail, kNoProofOrigin.detail) == 0;
  const char *hint = lacks_origin ? "Set jwt_auth.proof_origin to the origin of the API as its clients see it." : nullptr;
  const bool is_not_known = refusal.code == ErrorCode::kNotKnownYet;
  if (is_whole) raise_answer(is_not_known ? 503 : 401, refusal, hint);
  raise_status(is_not_known ? MAKE_SQLSTATE('P', 'T', '5', '0', '3') : MAKE_SQLSTATE('P', 'T', '4', '0', '1'), refusal, hint);
}

const char *request_headers() { return request_setting("request.headers"); }

// The claim of that name; none for null claims.
bool find_claim(Jsonb *claims, const char *name, JsonbValue &value) {
  return claims != nullptr &&
         getKeyJsonValueFromContainer(&claims->root, name, static_cast<int>(std::strlen(name)), &value) != nullptr;
}

bool same_claim(const JsonbValue &a, const JsonbValue &b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case jbvNull:
      return true;
    case jbvString:
      return a.val.string.len == b.val.string.len && std::memcmp(a.val.string.val, b.val.string.val, a.val.string.len) == 0;
    case jbvNumeric:
      return DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(a.val.numeric), NumericGetDatum(b.val.numeric)));
    case jbvBool:
      return a.val.boolean == b.val.boolean;
    default:
      return compareJsonbContainers(a.val.binary.data, b.val.binary.data) == 0;
  }
}

// PostgREST takes the first Authorization header for the request's role, and passes on the last of several. So what it says it
// verified must be the token that was authenticated here (null: none); else a revoked token could lend its role to a request
// that shows another token, or none, behind it. Only what tells tokens apart is compared: other claims PostgREST may rewrite.
void check_same_token(Jsonb *authenticated) {
  static constexpr Error kOtherToken{ErrorCode::kMalformed, "request.jwt.claims are not of this token"};
  const char *text = request_setting("request.jwt.claims");
  if (text == nullptr) return;
  Jsonb *passed_on = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
  if (!JB_ROOT_IS_OBJECT(passed_on)) raise_error({ErrorCode::kInvalidArgument, "request.jwt.claims is not a JSON object"});
  for (const char *name : {"iss", "sub", "jti", "sid", "iat", "exp"}) {
    JsonbValue ours;
    JsonbValue theirs;
    const bool have_ours = find_claim(authenticated, name, ours);
    const bool have_theirs = find_claim(passed_on, name, theirs);
    if (have_ours != have_theirs || (have_ours && !same_claim(ours, theirs))) raise_unauthorized(kOtherToken);
  }
}

void pre_request() {
  // Who it is, the token alone says: request.jwt.claims can be set by any session, and is only asked whether it agrees.
  const char *headers = request_headers();
  if (headers == nullptr) return become_nobody();
  const std::string_view text(headers);
  const auto request = Guard([&] { return ReadRequest(text); });
  if (!request.ok) raise_unauthorized(request.error);
  if (!request.value.has_token) {
    check_same_token(nullptr);
    return become_nobody();
  }
  Presentation presentation = request.value.presentation;
  if (presentation.proof.proof.present || *settings::proof_origin == '\0') add_request_url(presentation);
  const Outcome<Authenticated> who = authenticate_token(request.value.token.view(), presentation);
  if (!who.ok) raise_unauthorized(who.error);
  Jsonb *identity = DatumGetJsonbP(who.value.claims);
  if (!request.value.is_api_key) {
    check_same_token(identity);
    // PostgREST has taken the role that the token names.
    return check_role(who.value);
  }
  // PostgREST took the request for one without a token, so its role is the anonymous one; the key's role is chosen here.
  check_same_token(nullptr);
  if (names_role(identity)) assume_role(who.value);
}

Datum request_ip(FunctionCallInfo fcinfo) {
  const char *headers = request_headers();
  if (headers == nullptr) PG_RETURN_NULL();
  const std::string_view text(headers);
  const Bytes address = value_or_raise([&]() -> Result<Bytes> {
    auto document = jose::ParseJsonObject(text);
    if (!document) return kNoHeaders;
    const session::Address client = ClientAddress(*document);
    return CopyOut(client.known() ? session::FormatNetwork({client, client.bits()}) : std::string());
  });
  if (address.size == 0) PG_RETURN_NULL();
  return DirectFunctionCall1(inet_in, CStringGetDatum(address.data));
}

// How many seconds the session of a refresh token may live on, unless it is refreshed before.
std::int64_t seconds_left(std::string_view refresh_token) {
  const session::SessionId id = value_or_raise([&]() -> Result<session::SessionId> {
    auto token = session::RefreshToken::Decode(refresh_token);
    if (!token) return Error{ErrorCode::kInvalidArgument, "refresh_token is not one of ours, so max_age is needed"};
    return token->session_id();
  });
  SessionRow row;
  const bool found = as_owner("refresh_session", [&](MemoryContext caller) {
    return read_session(UuidOf(id), session::UserKeyIn(id), ReadMode::kLatest, caller, row);
  });
  if (!found) raise_error({ErrorCode::kSessionEnded, nullptr});
  return Max((row.state.idle_end - now_micros()) / jose::kMicrosPerSecond, 0);
}

// Versions before 2.0 have fewer arguments.
bool boolean_argument(FunctionCallInfo fcinfo, int index, const char *name, bool if_absent) {
  if (index >= PG_NARGS()) return if_absent;
  if (PG_ARGISNULL(index)) raise_null_argument(name);
  return PG_GETARG_BOOL(index);
}

Datum refresh_cookie(FunctionCallInfo fcinfo) {
  const OptionalText token = optional_text(fcinfo, 0);
  const std::string_view name = required_bytes(fcinfo, 1, "name");
  const std::string_view path = required_bytes(fcinfo, 2, "path");
  const bool has_max_age = !PG_ARGISNULL(3);
  const jose::Micros max_age = micros_argument(fcinfo, 3, "max_age");
  const std::string_view same_site = required_bytes(fcinfo, 4, "same_site");
  const OptionalText domain = optional_text(fcinfo, 5);

  const bool persistent = boolean_argument(fcinfo, 6, "persistent", true);
  const bool partitioned = boolean_argument(fcinfo, 7, "partitioned", false);

  const bool asks_session = token.present && persistent && !has_max_age;
  const std::int64_t seconds = asks_session ? seconds_left(token.text) : max_age / jose::kMicrosPerSecond;
  return value_or_raise([&]() -> Result<Datum> {
    auto cookie =
        session::SetCookie({name, AsOptional(token), path, seconds, same_site, AsOptional(domain), persistent, partitioned});
    if (!cookie) return cookie.error();
    return CopyOutVarlena(*cookie);
  });
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_pre_request) {
  (void)fcinfo;
  jwt_auth::pg::pre_request();
  PG_RETURN_VOID();
}

JWT_AUTH_FUNCTION(jwt_auth_request_ip) { return jwt_auth::pg::request_ip(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_refresh_cookie) { return jwt_auth::pg::refresh_cookie(fcinfo); }
