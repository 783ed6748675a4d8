-- Bare statements on rows of the same shape: what no session authority in SQL can be faster than. Variables: users.
CREATE SCHEMA floor;

-- A session's row with its indexes.
CREATE TABLE floor.inserted (LIKE jwt_auth.refresh_session INCLUDING ALL);

-- A small row that changes in place.
CREATE TABLE floor.hot (id bigint PRIMARY KEY, email text NOT NULL, role text NOT NULL, tokens_valid_after timestamptz NOT NULL)
  WITH (fillfactor = 80);
INSERT INTO floor.hot SELECT n, 'user' || n || '@example.com', 'authenticated', now() FROM generate_series(1, :users) n;

-- A session whose token is indexed, as one keeps it without ids in tokens: each rotation touches every index.
CREATE TABLE floor.indexed (
  n               bigint PRIMARY KEY,
  id              uuid NOT NULL,
  user_id         bigint NOT NULL,
  token_hash      bytea NOT NULL,
  prev_token_hash bytea,
  ip              inet NOT NULL,
  user_agent      text NOT NULL,
  created_at      timestamptz NOT NULL,
  last_used_at    timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL
);
INSERT INTO floor.indexed
SELECT n, gen_random_uuid(), n, sha256(int8send(n)), NULL, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', now(), now(),
       now() + interval '30 days'
FROM generate_series(1, :users) n;
CREATE UNIQUE INDEX ON floor.indexed (id);
CREATE UNIQUE INDEX ON floor.indexed (token_hash);
CREATE INDEX ON floor.indexed (prev_token_hash) WHERE prev_token_hash IS NOT NULL;
CREATE INDEX ON floor.indexed (user_id, created_at);
VACUUM (ANALYZE) floor.hot;
VACUUM (ANALYZE) floor.indexed;

-- What a log-in and a revocation read and write, in the fewest statements, without tokens, hashes, policies or lifetimes: what the
-- promises about limits, cutoffs and audit cost in rows.
CREATE FUNCTION floor.issue(uid text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  key integer := public.user_key(uid);
  old uuid;
  new uuid := public.session_uuid((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, (random() * 1000000000)::bigint, key);
BEGIN
  UPDATE jwt_auth.account SET last_login = clock_timestamp() WHERE user_key = key AND issuer = '' AND user_id = uid;
  SELECT session_id INTO old FROM jwt_auth.refresh_session WHERE user_key = key AND user_id = uid ORDER BY created_at LIMIT 1;
  DELETE FROM jwt_auth.refresh_session WHERE session_id = old AND user_key = key;
  INSERT INTO jwt_auth.refresh_session (session_id, user_key, user_id, created_at, refreshed_at, ends_at, idle_ends_at, purge_after,
    generation, has_data, family_hash, current_hash, login_ip, ip, user_agent)
  VALUES (new, key, uid, now(), now(), now() + interval '90 days', now() + interval '14 days', current_date + 14, 0, false,
    sha256('family'), sha256(uuid_send(new)), '10.0.0.1', '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36');
  INSERT INTO jwt_auth.auth_event (at, event, user_id, session_id, ip, user_agent)
  VALUES (now(), 'evicted', uid, old, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'),
         (now(), 'login', uid, new, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36');
END $$;

CREATE FUNCTION floor.revoke(uid text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  key integer := public.user_key(uid);
  gone uuid[];
BEGIN
  UPDATE jwt_auth.account SET not_before = clock_timestamp() WHERE user_key = key AND issuer = '' AND user_id = uid;
  WITH d AS (DELETE FROM jwt_auth.refresh_session WHERE user_key = key AND user_id = uid RETURNING session_id)
  SELECT array_agg(session_id) INTO gone FROM d;
  INSERT INTO jwt_auth.auth_event (at, event, user_id, session_id) SELECT now(), 'user_revoked', uid, id FROM unnest(gone || NULL::uuid) id;
  RETURN cardinality(gone);
END $$;
