#include "pg/session/token_response.hpp"

#include "pg/support/result_row.hpp"

namespace jwt_auth::pg {

namespace {

enum class ResponseColumn {
  kStatus,
  kAccessToken,
  kAccessExpiresAt,
  kRefreshToken,
  kRefreshExpiresAt,
  kSessionId,
  kUserId,
  kEvictedSessions,
};

Datum uuid_array(const pg_uuid_t *ids, int count) {
  auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * count));
  for (int i = 0; i < count; i++) values[i] = UUIDPGetDatum(&ids[i]);
  return PointerGetDatum(construct_array(values, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

}  // namespace

Datum response_datum(FunctionCallInfo fcinfo, const TokenResponse &response) {
  ResultRow row =
      result_row(fcinfo, {TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID, UUIDOID, TEXTOID, UUIDARRAYOID});
  set(row, ResponseColumn::kStatus, CStringGetTextDatum(session::NameOf(response.status)));
  if (response.has_tokens) {
    set(row, ResponseColumn::kAccessToken, response.access_token);
    set(row, ResponseColumn::kAccessExpiresAt,
        TimestampTzGetDatum(timestamp_of(response.access_expires_at * jose::kMicrosPerSecond)));
  }
  if (response.refresh_token.data != nullptr) {
    set(row, ResponseColumn::kRefreshToken, text_datum(response.refresh_token.view()));
    set(row, ResponseColumn::kRefreshExpiresAt, TimestampTzGetDatum(timestamp_of(response.refresh_expires_at)));
    cleanse(response.refresh_token);
  }
  if (response.session_id != nullptr) set(row, ResponseColumn::kSessionId, UUIDPGetDatum(response.session_id));
  if (response.user_id.present) set(row, ResponseColumn::kUserId, text_datum(response.user_id.text));
  if (response.evicted_count > 0)
    set(row, ResponseColumn::kEvictedSessions, uuid_array(response.evicted, response.evicted_count));
  return row_datum(row);
}

}  // namespace jwt_auth::pg
