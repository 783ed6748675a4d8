-- Our tables with sessions in them, laid down by SQL as if users had logged in over the last ten days, five sessions each in
-- the order of their log-ins. Variables: users, samples, algorithm.
--
-- The last fifth of the users only refresh and verify: nobody evicts them, so the tokens of public.known stay good. To revoke
-- there are users beyond, made when they are needed.
SELECT jwt_auth.create_signing_key(:'algorithm');

CREATE FUNCTION public.user_key(user_id text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT ('x' || encode(substr(sha256('\x00'::bytea || convert_to(user_id, 'UTF8')), 1, 4), 'hex'))::bit(32)::int
$$;

-- A UUID of version 8: milliseconds, their 4096ths, 30 bits of n, the user key. One expression, so that it is inlined.
CREATE FUNCTION public.session_uuid(micros bigint, n bigint, user_key integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex(micros / 1000), 12, '0') || '8' || lpad(to_hex(micros % 1000 * 4096 / 1000), 3, '0')
          || to_hex(2147483648 + (n & 1073741823)) || lpad(to_hex(user_key), 8, '0'))::uuid
$$;

-- Millions of rows go in without indexes, which are built afterwards: REINDEX makes them valid again.
CREATE FUNCTION public.without_indexes(tables regclass[]) RETURNS void LANGUAGE sql VOLATILE AS $$
  UPDATE pg_index SET indisready = false, indisvalid = false WHERE indrelid = ANY (tables)
$$;

-- Sessions first..last, spread from `since` to `until`; number n belongs to user 1 + n % users. OFFSET 0: each step is done once.
CREATE FUNCTION public.lay_sessions(first bigint, last bigint, users bigint, offset_ bigint, since timestamptz, until timestamptz)
RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO jwt_auth.refresh_session (session_id, user_key, user_id, created_at, refreshed_at, ends_at, idle_ends_at,
    purge_after, generation, has_data, family_hash, current_hash, login_ip, ip, user_agent)
  SELECT public.session_uuid(micros, n, key), key, uid, at, at, at + interval '90 days', at + interval '14 days',
         (at + interval '14 days')::date, 0, false, sha256(substr(sha256(convert_to('f' || n, 'UTF8')), 1, 16)),
         sha256(sha256(convert_to('s' || n, 'UTF8'))), '10.0.0.1', '10.0.0.1',
         'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'
  FROM (SELECT n, uid, public.user_key(uid) AS key, at, (extract(epoch FROM at) * 1000000)::bigint AS micros
        FROM (SELECT n, 'u' || (offset_ + 1 + n % users) AS uid,
                     since + (until - since) * ((n - first)::float8 / (last - first + 1)) AS at
              FROM generate_series(first, last) n OFFSET 0) r OFFSET 0) s
$$;

CREATE FUNCTION public.lay_accounts(first bigint, last bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO jwt_auth.account (user_key, issuer, user_id, last_login)
  SELECT public.user_key('u' || n), '', 'u' || n, now() FROM generate_series(first, last) n
  ON CONFLICT DO NOTHING
$$;

-- Users beyond the others with five sessions each, for those who measure revocation.
CREATE FUNCTION public.lay_revocable(users bigint, revocable bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
  SELECT public.lay_accounts(users + 1, users + revocable);
  SELECT public.lay_sessions(0, revocable * 5 - 1, revocable, users, clock_timestamp(), clock_timestamp() + interval '1 ms');
$$;

-- The log-ins that the rows are from left an event each.
BEGIN;
SELECT public.without_indexes('{jwt_auth.account,jwt_auth.refresh_session,jwt_auth.auth_event}');
INSERT INTO jwt_auth.account (user_key, issuer, user_id, last_login)
SELECT public.user_key('u' || n), '', 'u' || n, now() FROM generate_series(1, :users) n;
SELECT public.lay_sessions(0, :users * 5 - 1, :users, 0, now() - interval '10 days', now());
INSERT INTO jwt_auth.auth_event (at, event, user_id, session_id, ip, user_agent)
SELECT created_at, 'login', user_id, session_id, ip, user_agent FROM jwt_auth.refresh_session;
COMMIT;
SET maintenance_work_mem = '1GB';
REINDEX TABLE jwt_auth.account;
REINDEX TABLE jwt_auth.refresh_session;
REINDEX TABLE jwt_auth.auth_event;
VACUUM (ANALYZE) jwt_auth.account;
VACUUM (ANALYZE) jwt_auth.refresh_session;
VACUUM (ANALYZE) jwt_auth.auth_event;

-- Tokens of some of the sessions that stay, in random order: each is refreshed from once, at the next number of the sequence.
CREATE TABLE public.known (n bigint PRIMARY KEY, refresh_token text NOT NULL, access_token text NOT NULL);
INSERT INTO public.known
SELECT row_number() OVER (ORDER BY random()),
       'jwtauth_r1_' || translate(encode(uuid_send(session_id) || '\x00000000'::bytea
         || substr(sha256(convert_to('f' || m, 'UTF8')), 1, 16) || sha256(convert_to('s' || m, 'UTF8')), 'base64'), E'+/=\n', '-_'),
       jwt_auth.jwt_sign(jsonb_build_object('iss', 'https://auth.example.com', 'sub', user_id, 'aud', 'api.example.com',
         'exp', 4102444800, 'iat', floor(extract(epoch FROM created_at)), 'nbf', floor(extract(epoch FROM created_at)),
         'jti', gen_random_uuid(), 'sid', session_id, 'role', 'authenticated'))
FROM (SELECT m, s.* FROM (SELECT DISTINCT floor(random() * :users * 5)::bigint AS m FROM generate_series(1, :samples * 8)) d,
      LATERAL (SELECT public.user_key('u' || (1 + m % :users)) AS key) k,
      LATERAL (SELECT session_id, user_id, created_at FROM jwt_auth.refresh_session r
               WHERE r.user_key = k.key AND r.current_hash = sha256(sha256(convert_to('s' || m, 'UTF8')))) s
      WHERE m % :users >= :users * 4 / 5
      LIMIT :samples) t;
CREATE SEQUENCE public.next_known;

VACUUM (ANALYZE) public.known;

-- What was laid down is what the extension itself would have written: it accepts it. Then it is undone.
BEGIN;
DO $$
DECLARE
  k public.known;
  r jwt_auth.token_response;
BEGIN
  SELECT * INTO STRICT k FROM public.known WHERE n = 1;
  ASSERT jwt_auth.jwt_verify(k.access_token)->>'role' = 'authenticated', 'verify';
  r := jwt_auth.refresh_session(k.refresh_token, '10.0.0.1', 'ua');
  ASSERT r.status = 'ok', r.status;
  ASSERT jwt_auth.revoke_user_tokens(r.user_id) = 5, 'revoke';
  r := jwt_auth.issue_refresh_session('u1', '10.0.0.1', 'ua');
  ASSERT cardinality(r.evicted_sessions) = 1, 'evict';
END $$;
ROLLBACK;
