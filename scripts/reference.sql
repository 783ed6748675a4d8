-- Writes docs/reference.md from the catalog; run by scripts/reference.sh. What the catalog can't say is in the lists below, and each is
-- checked against it both ways.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset pager off
SET search_path = pg_catalog;
CREATE TEMP TABLE function_group (place integer, grouped text, name text);
INSERT INTO function_group VALUES
  (1, 'Sessions', 'issue_refresh_session'), (1, 'Sessions', 'refresh_session'), (1, 'Sessions', 'user_sessions'), (1, 'Sessions', 'set_user_policy'),
  (1, 'Sessions', 'import_session'), (1, 'Sessions', 'set_session_class'), (1, 'Sessions', 'drop_session_class'),
  (1, 'Sessions', 'purge_expired'), (1, 'Sessions', 'purge_events'), (1, 'Sessions', 'partition_events'), (1, 'Sessions', 'explain_session'), (1, 'Sessions', 'session_history'), (1, 'Sessions', 'record_event'),
  (2, 'Ending sessions and tokens', 'revoke_refresh_session'), (2, 'Ending sessions and tokens', 'revoke_own_session'), (2, 'Ending sessions and tokens', 'revoke_refresh_token'),
  (2, 'Ending sessions and tokens', 'revoke_other_sessions'), (2, 'Ending sessions and tokens', 'revoke_user_tokens'),
  (2, 'Ending sessions and tokens', 'revoke_all_tokens'), (2, 'Ending sessions and tokens', 'revoke_on_password_change'), (2, 'Ending sessions and tokens', 'revoke_on_change'),
  (2, 'Ending sessions and tokens', 'lock_user'), (2, 'Ending sessions and tokens', 'unlock_user'), (2, 'Ending sessions and tokens', 'forget_user'),
  (2, 'Ending sessions and tokens', 'deny_token'), (2, 'Ending sessions and tokens', 'consume_token'),
  (14, 'Changing sessions', 'require_refresh'), (14, 'Changing sessions', 'require_refresh_on_change'), (14, 'Changing sessions', 'set_session_claims'),
  (14, 'Changing sessions', 'set_session_metadata'), (14, 'Changing sessions', 'reauthenticate_session'), (14, 'Changing sessions', 'impersonate'),
  (3, 'Tokens', 'issue_token'), (3, 'Tokens', 'verify_token'), (3, 'Tokens', 'jwt_sign'), (3, 'Tokens', 'jwt_verify'), (3, 'Tokens', 'jwt_try_verify'), (3, 'Tokens', 'jwt_decode_unverified'),
  (3, 'Tokens', 'jws_sign'), (3, 'Tokens', 'jws_verify'), (3, 'Tokens', 'jwt_encrypt'), (3, 'Tokens', 'jwt_decrypt'),
  (3, 'Tokens', 'jwe_encrypt'), (3, 'Tokens', 'jwe_decrypt'), (3, 'Tokens', 'base64url_encode'), (3, 'Tokens', 'base64url_decode'),
  (4, 'The keyring', 'create_signing_key'), (4, 'The keyring', 'import_signing_key'), (4, 'The keyring', 'import_signing_key_from_file'),
  (4, 'The keyring', 'import_signing_secret'),
  (4, 'The keyring', 'rotate_signing_key'), (4, 'The keyring', 'retire_signing_key'), (4, 'The keyring', 'seal_signing_keys'),
  (4, 'The keyring', 'jwks'), (4, 'The keyring', 'trust_issuer'), (4, 'The keyring', 'distrust_issuer'),
  (5, 'Keys', 'jwk_generate'), (5, 'Keys', 'jwk_public'), (5, 'Keys', 'jwk_thumbprint'), (5, 'Keys', 'jwk_from_pem'), (5, 'Keys', 'jwk_to_pem'),
  (6, 'Identity', 'authenticate'), (6, 'Identity', 'current_claims'), (6, 'Identity', 'current_claim'), (6, 'Identity', 'current_user_id'),
  (6, 'Identity', 'current_session_id'), (6, 'Identity', 'current_issuer'), (6, 'Identity', 'current_user_uuid'), (6, 'Identity', 'current_user_bigint'), (6, 'Identity', 'current_actor'),
  (7, 'PostgREST', 'pre_request'), (7, 'PostgREST', 'pre_config'), (7, 'PostgREST', 'refresh_cookie'), (7, 'PostgREST', 'request_ip'),
  (8, 'Privileges', 'grant_issuer'), (8, 'Privileges', 'grant_verifier'), (8, 'Privileges', 'grant_monitor'), (8, 'Privileges', 'privileges'), (8, 'Privileges', 'privilege_differences'),
  (10, 'API keys', 'create_api_key'), (10, 'API keys', 'exchange_api_key'), (10, 'API keys', 'user_api_keys'),
  (10, 'API keys', 'revoke_api_key'), (10, 'API keys', 'revoke_own_api_key'), (10, 'API keys', 'has_scope'),
  (12, 'Endpoints', 'introspect'), (12, 'Endpoints', 'revoke'), (12, 'Endpoints', 'revocations'), (12, 'Endpoints', 'jwks_http'),
  (9, 'Watching', 'doctor'), (9, 'Watching', 'counters'),
  (11, 'Proofs of a key', 'verify_proof'), (11, 'Proofs of a key', 'proof_nonce'),
  (11, 'Proofs of a key', 'device_challenge'), (11, 'Proofs of a key', 'bind_device'), (11, 'Proofs of a key', 'refresh_bound_session'),
  (11, 'Proofs of a key', 'device_registration_header'), (11, 'Proofs of a key', 'device_challenge_header'),
  (11, 'Proofs of a key', 'device_instructions'), (11, 'Proofs of a key', 'header_string'),
  (15, 'Several servers', 'user_key'), (15, 'Several servers', 'token_user_key'), (15, 'Several servers', 'hand_over_users'),
  (15, 'Several servers', 'take_over_users'), (15, 'Several servers', 'drop_handed_over_users'),
  (13, 'Internal', 'tables_of_users'), (13, 'Internal', 'check_handed_over'),
  (13, 'Internal', 'keyring_changed'), (13, 'Internal', 'signing_key_demoted'), (13, 'Internal', 'private_jwk_in_transit'), (13, 'Internal', 'grant_functions');

CREATE TEMP TABLE event_meaning (name text, meaning text);
INSERT INTO event_meaning VALUES
  ('login', 'a session was issued'),
  ('limit_reached', 'a log-in was refused under `session_limit_policy = reject`'),
  ('evicted', 'a session ended to make room for a log-in; the detail names the policy and the newcomer'),
  ('refreshed', 'a rotation; only with `jwt_auth.log_refresh`'),
  ('replay_elsewhere', 'a lost answer was asked for again from another address or fingerprint than the rotation''s'),
  ('late_replay', 'a lost answer was asked for again after `refresh_reuse_interval` and given (`late_retry`). It may have been somebody with a stolen token: tell the user'),
  ('reuse_detected', 'a refresh token was presented that had been used before: the session ended; the detail says which one was presented'),
  ('unknown_rotation', 'a refresh token newer than its row: the row was lost in a restore or failover, the session ended'),
  ('ip_mismatch', 'a refresh from another address; the session ended, or with `"enforced": false` it was only noted'),
  ('fingerprint_mismatch', 'a refresh with another fingerprint, likewise'),
  ('expired', 'a session was found past its end and removed; the detail says whether it was idle, and when it ended'),
  ('logout', '`revoke_refresh_token`'),
  ('session_revoked', '`revoke_refresh_session`, `revoke_own_session`'),
  ('others_revoked', '`revoke_other_sessions`'),
  ('user_revoked', '`revoke_user_tokens`, or the password-change trigger'),
  ('all_revoked', '`revoke_all_tokens`; for a session when it is removed, and the detail says when it ended'),
  ('replaced', 'a log-in of the same device took the place of the session; the detail names the newcomer'),
  ('class_changed', '`set_session_class` or `drop_session_class`; the detail has the name and what was set, lifetimes in seconds'),
  ('token_denied', '`deny_token`'),
  ('token_consumed', '`consume_token`'),
  ('policy_changed', '`set_user_policy`'),
  ('key_created', 'a key was made or imported'),
  ('key_rotated', 'another key signs from now on'),
  ('key_retired', 'a key verifies no longer'),
  ('imported', '`import_session`; the detail says when the session began and names its class'),
  ('issuer_trusted', '`trust_issuer`'),
  ('bound', 'a session was bound to a key, at its log-in or by `bind_device`; the detail says how the key is proven'),
  ('proof_mismatch', 'a refresh of a bound session without a proof of its key, or with a wrong one; nothing ended. At most one a minute is recorded for a session; the detail says what was wrong'),
  ('issuer_distrusted', '`distrust_issuer`'),
  ('locked', '`lock_user`; the detail has the number of sessions, the reason and until when'),
  ('refused', 'the application''s `claims_function` answered NULL: the session ended, or none was made'),
  ('refresh_required', '`require_refresh`, or its trigger'),
  ('claims_changed', '`set_session_claims`'),
  ('reauthenticated', '`reauthenticate_session`; the detail has `amr` and `acr`'),
  ('impersonated', '`impersonate`; the detail has the actor, the lifetime in seconds and the reason'),
  ('forgotten', '`forget_user`; whose data it was is not said'),
  ('unlocked', '`unlock_user`; the end of a lock''s `until` writes none'),
  ('api_key_created', '`create_api_key`; the detail has its id and name'),
  ('api_key_revoked', '`revoke_api_key`, `revoke_own_api_key`, or `revoke` of the key');

CREATE TEMP TABLE status_meaning (name text, tokens text, meaning text);
INSERT INTO status_meaning VALUES
  ('ok', 'new', 'logged in, or rotated'),
  ('replayed', 'the same successor', 'the previous refresh token came again within `refresh_reuse_interval`, its successor unused: a lost answer; or later, as `late_retry` allows'),
  ('limit_reached', 'none', 'the user has as many sessions as allowed, and the policy is `reject`'),
  ('locked', 'none', 'the user is locked (`lock_user`); nothing was made'),
  ('refused', 'none', 'the application''s `claims_function` answered NULL; the session ended, or none was made'),
  ('invalid', 'none', 'not a refresh token of ours, or its session has ended'),
  ('expired', 'none', 'the session is past `session_max_age`; it ended'),
  ('idle_expired', 'none', 'the session was not refreshed for `refresh_token_ttl`; it ended'),
  ('reuse_detected', 'none', 'an old refresh token: it was stolen, or its successor was; the session ended'),
  ('ip_mismatch', 'none', 'another address under an enforcing `ip_binding`; the session ended'),
  ('proof_required', 'none', 'the session is bound to a key and no proof of it came; nothing ended'),
  ('proof_invalid', 'none', 'the proof is not one of the session''s key, or not for this request; nothing ended'),
  ('fingerprint_mismatch', 'none', 'another fingerprint under an enforcing `fingerprint_binding`; the session ended');

CREATE TEMP TABLE error_meaning (code text, meaning text);
INSERT INTO error_meaning VALUES
  ('JW001', 'not a token, or not one that is accepted: parts, base64url, JSON, header, claims of the wrong type, no `exp`'),
  ('JW002', 'the signature does not verify'),
  ('JW003', '`exp` has passed; in the identity''s accessors: the token has expired since'),
  ('JW004', '`nbf` lies ahead, or `iat` more than a minute'),
  ('JW005', 'another issuer, or none where one is expected'),
  ('JW006', 'meant for somebody else, or for nobody named where one is expected'),
  ('JW007', 'an algorithm that the key, or `algorithms`, does not allow'),
  ('JW008', 'no key with the token''s `kid`, or no suitable key'),
  ('JW009', 'issued before its user''s, or everybody''s, cutoff, or its user is locked'),
  ('JW010', 'the session of this token has ended'),
  ('JW011', 'the token was denied or consumed'),
  ('JW012', 'the token is bound to another address or device'),
  ('JW013', 'the log-in is longer ago than `max_age`, or its `acr` is not the one asked for'),
  ('JW014', 'a token of another kind: its type (`typ`) is not the one that is expected there'),
  ('JW015', 'the token is bound to a key, and the proof of that key is missing or wrong'),
  ('JW016', 'the user''s rights or the session''s claims have changed since: refresh the session, which lives on'),
  ('JW017', 'a standby does not know the session, which may have been opened or refreshed on the primary meanwhile: try again, or ask the primary. HTTP 503 from `pre_request`'),
  ('JW018', 'the rows of the user are on another server, by `jwt_auth.user_key_range`: ask that one'),
  ('JW020', 'a key that can''t be used: malformed, weak, of another kind, or its parts don''t belong together'),
  ('JW021', 'no key of the ring is active'),
  ('JW022', 'a private key is sealed and the key file can''t open it, or is unreadable'),
  ('JW030', 'the token can''t be decrypted; it doesn''t say why'),
  ('JW040', 'larger than `max_token_size`, or nested deeper than 100'),
  ('22004', 'an argument is NULL that must not be'),
  ('22023', 'an argument that makes no sense: an unknown algorithm, a claim that is ours to set'),
  ('42710', 'a signing key of that `kid` is there already'),
  ('53200', 'memory is exhausted'),
  ('57014', 'the statement was cancelled, or took longer than `statement_timeout`'),
  ('XX000', 'a bug; please report it');

-- Where the library is not preloaded they are of another context, since only a preloaded one may have them.
CREATE TEMP TABLE start_setting (name text);
INSERT INTO start_setting VALUES ('jwt_auth.proof_table_size');

CREATE TEMP TABLE error_code (code text, message text);
INSERT INTO error_code SELECT split_part(line, '|', 1), split_part(line, '|', 2) FROM regexp_split_to_table(:'errors', E'\n') AS line WHERE line <> '';

CREATE TEMP TABLE wrong (what text);
INSERT INTO wrong
  SELECT 'function without a group: ' || proname FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace AND NOT EXISTS (SELECT FROM function_group WHERE name = proname)
  UNION SELECT 'no such function: ' || name FROM function_group WHERE NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace AND proname = name)
  UNION SELECT 'event without a meaning, or the other way round: ' || coalesce(e.name, m.name)
        FROM (SELECT (regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''::text', 'g'))[1] AS name FROM pg_constraint
              WHERE contypid = 'jwt_auth.event_name'::regtype) e FULL JOIN event_meaning m USING (name) WHERE e.name IS NULL OR m.name IS NULL
  UNION SELECT 'error without a meaning, or the other way round: ' || coalesce(e.code, m.code)
        FROM error_code e FULL JOIN error_meaning m USING (code) WHERE e.code IS NULL OR m.code IS NULL
  UNION SELECT 'status without a meaning, or the other way round: ' || coalesce(s.outcome, m.name)
        FROM (SELECT DISTINCT outcome FROM jwt_auth.stats WHERE what = 'refresh' AND outcome <> '') s FULL JOIN status_meaning m ON m.name = s.outcome WHERE s.outcome IS NULL OR m.name IS NULL
  UNION SELECT 'relation without a comment: ' || oid::regclass FROM pg_class
        WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL
  UNION SELECT 'setting without a description: ' || name FROM pg_settings WHERE name LIKE 'jwt\_auth.%' AND coalesce(short_desc, '') = '';
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_temp.wrong) THEN
    RAISE EXCEPTION 'scripts/reference.sql: %', (SELECT string_agg(what, '; ') FROM pg_temp.wrong);
  END IF;
END $$;

-- Text in a table's cell.
CREATE FUNCTION pg_temp.cell(t text) RETURNS text LANGUAGE sql AS $$ SELECT replace(replace(t, '|', '\|'), E'\n', ' ') $$;
CREATE FUNCTION pg_temp.arguments(p oid) RETURNS text LANGUAGE sql AS $$
  SELECT replace(replace(regexp_replace(pg_get_function_arguments(p), '::(timestamp with time zone|[a-z]+)(\[\])?', '', 'g'), 'jwt_auth.', ''),
                 'timestamp with time zone', 'timestamptz')
$$;
CREATE FUNCTION pg_temp.result(p oid) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN prokind = 'p' THEN '' WHEN 'o' = ANY (proargmodes) AND NOT proretset THEN '' ELSE
    ' -> ' || replace(replace(pg_get_function_result(p), 'jwt_auth.', ''), 'timestamp with time zone', 'timestamptz') END
  FROM pg_proc WHERE oid = p
$$;

\echo '# Reference'
\echo
\echo '[All pages](README.md)'
\echo
\echo 'Every function, setting, status, error, event and table, from the catalog of a fresh installation. `scripts/reference.sh` writes this page and a test'
\echo 'compares it, so it can not rot. Everything lives in schema `jwt_auth`. *Who* says who may call a function: everybody (`public`), roles with'
\echo '`grant_verifier`, those with `grant_issuer` (who have the verifier''s as well), those with `grant_monitor`, or the owner alone.'
\echo
\echo 'Where a *key* is given as text: one that starts with `{` is a JWK or a JWK set, one that starts with `-----BEGIN` is PEM, anything else is an HMAC secret.'
\echo 'Times are the clock''s, not the transaction''s. An `interval` of leeway is what a clock may be off.'
\echo
\echo 'Where a function takes a `user_id` or an `actor`, that is `text`, as listed here, or `uuid` or `bigint`: the user whose id is its text. A literal'
\echo 'without a type and NULL are `text`.'
\echo
\echo '## Functions'
SELECT CASE WHEN row_number() OVER (PARTITION BY place ORDER BY listed, signature) = 1
            THEN E'\n### ' || grouped || E'\n\n| function | who | |\n|---|---|---|\n' ELSE '' END || line
FROM (
  SELECT g.place, g.grouped, g.ctid AS listed, p.oid::regprocedure::text AS signature,
         format('| `%s(%s)%s` | %s | %s%s |', CASE prokind WHEN 'p' THEN 'CALL ' ELSE '' END || proname, pg_temp.cell(pg_temp.arguments(p.oid)), pg_temp.cell(pg_temp.result(p.oid)), k.grantee,
                pg_temp.cell(obj_description(p.oid, 'pg_proc')),
                '. ' || CASE WHEN prokind = 'p' THEN 'Procedure' ELSE CASE provolatile WHEN 'i' THEN 'Immutable' WHEN 's' THEN 'Stable' ELSE 'Volatile' END
                || CASE proparallel WHEN 's' THEN ', parallel safe' WHEN 'r' THEN ', parallel restricted' ELSE ', parallel unsafe' END
                || CASE WHEN proisstrict THEN ', strict' ELSE '' END END) AS line
  FROM function_group g
  JOIN pg_proc p ON p.proname = g.name AND p.pronamespace = 'jwt_auth'::regnamespace
  JOIN jwt_auth.privileges() k ON k.function = p.oid
  WHERE obj_description(p.oid, 'pg_proc') !~ '^The same (for ids|with user_id) of type'
) AS functions ORDER BY place, listed, signature;

\echo
\echo '## Statuses'
\echo
\echo 'What `issue_refresh_session` and `refresh_session` answer. Refusals are answers, not errors: raising one in the same transaction undoes what the refusal wrote.'
\echo
\echo '| status | tokens | |'
\echo '|---|---|---|'
SELECT format('| `%s` | %s | %s |', name, tokens, meaning) FROM status_meaning;

\echo
\echo 'The columns of `token_response`:'
\echo
\echo '| column | type |'
\echo '|---|---|'
SELECT format('| `%s` | `%s` |', attname, replace(format_type(atttypid, atttypmod), 'timestamp with time zone', 'timestamptz'))
FROM pg_attribute WHERE attrelid = 'jwt_auth.token_response'::regclass AND attnum > 0 ORDER BY attnum;

\echo
\echo '## Settings'
\echo
\echo '*Set by*: `superuser` at any time, in a session, for a role or a database as well; `reload` in the file, or by `ALTER SYSTEM` and a reload; `start` likewise, and a restart.'
\echo
\echo '| setting | default | range | set by | |'
\echo '|---|---|---|---|---|'
SELECT format('| `%s` | %s | %s | %s | %s%s |', name,
              coalesce('`' || nullif(CASE WHEN vartype = 'integer' THEN current_setting(name) ELSE boot_val END, '') || '`', 'empty'),
              CASE vartype WHEN 'integer' THEN min_val || ' to ' || max_val || coalesce(' ' || CASE unit WHEN 'B' THEN 'bytes' ELSE unit END, '')
                           WHEN 'enum' THEN array_to_string(enumvals, ', ') WHEN 'bool' THEN 'on, off' ELSE 'text' END,
              CASE WHEN name IN (SELECT name FROM start_setting) THEN 'start' WHEN context = 'sighup' THEN 'reload' ELSE context END, short_desc, coalesce(' ' || extra_desc, ''))
FROM pg_settings WHERE name LIKE 'jwt\_auth.%' ORDER BY name;

\echo
\echo '## Errors'
\echo
\echo '| SQLSTATE | message | when |'
\echo '|---|---|---|'
SELECT format('| `%s` | %s | %s |', code, message, meaning) FROM error_code JOIN error_meaning USING (code) ORDER BY code !~ '^JW', code;
\echo
\echo 'A message may go on with a reason after a colon. None ever holds a token, a secret or a key. `pre_request` raises each refusal as `PT401` or `PGRST` (`jwt_auth.postgrest_errors`) and has the SQLSTATE'
\echo 'in its detail or its answer (docs/postgrest.md). Besides: `25006` where something must be written and can''t be (a standby, a READ ONLY transaction), `40001` and `40P01` for a transaction to be'
\echo 'retried, `42501` without the privilege, `2D000` for `purge_expired` and `purge_events` in a transaction block, `55000` for a key in the wrong state.'
\echo
\echo '## Events'
\echo
\echo 'The column `event` of `jwt_auth.auth_event`. Each session that ends has one that says why.'
\echo
\echo '| event | |'
\echo '|---|---|'
SELECT format('| `%s` | %s |', name, meaning) FROM event_meaning;

\echo
\echo '## Tables and views'
\echo
\echo 'Open to the owner alone. All tables are dumped with their rows, and the two sequences with where they stand.'
SELECT CASE WHEN attnum = 1 THEN format(E'\n### %s `%s`\n\n%s.\n\n| column | type | |\n|---|---|---|\n', CASE relkind WHEN 'v' THEN 'View' ELSE 'Table' END, relname,
                                         obj_description(c.oid, 'pg_class')) ELSE '' END
       || format('| `%s` | `%s`%s | %s |', attname, replace(replace(format_type(atttypid, atttypmod), 'jwt_auth.', ''), 'timestamp with time zone', 'timestamptz'),
                 CASE WHEN attnotnull THEN ' not null' ELSE '' END, coalesce(pg_temp.cell(col_description(c.oid, attnum)), ''))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped
ORDER BY relkind, relname, attnum;
