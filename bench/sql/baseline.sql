-- Sessions as a good backend developer writes them in plpgsql over pgcrypto and pgjwt: the user's row is the lock, at most
-- five sessions, single-use refresh tokens kept as hashes, theft noticed, a cutoff for access tokens.
-- Variables: users, per_user, secret.
CREATE SCHEMA app;

CREATE TABLE app.config (
  id              bool PRIMARY KEY DEFAULT true CHECK (id),
  secret          text NOT NULL,
  iss             text NOT NULL,
  aud             text NOT NULL,
  access_ttl      interval NOT NULL,
  refresh_ttl     interval NOT NULL,
  max_sessions    int NOT NULL
);
INSERT INTO app.config VALUES (true, :'secret', 'https://auth.example.com', 'api.example.com', '15 min', '30 days', 5);

CREATE TABLE app.app_user (
  id                 bigint PRIMARY KEY,
  email              text NOT NULL,
  role               text NOT NULL DEFAULT 'authenticated',
  tokens_valid_after timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 80);

CREATE TABLE app.app_session (
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id         bigint NOT NULL,
  token_hash      bytea NOT NULL,
  prev_token_hash bytea,
  ip              inet NOT NULL,
  user_agent      text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  last_used_at    timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL
);

INSERT INTO app.app_user(id, email) SELECT g, 'user' || g || '@example.com' FROM generate_series(1, :users) g;
INSERT INTO app.app_session(user_id, token_hash, ip, user_agent, created_at, last_used_at, expires_at)
SELECT u, sha256(int8send(u * 100 + s)), '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
       now() - s * interval '1 hour', now() - s * interval '1 hour', now() + interval '30 days'
FROM generate_series(1, :per_user) s, generate_series(1::bigint, :users) u;

SET maintenance_work_mem = '1GB';
ALTER TABLE app.app_session ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX app_session_token_hash      ON app.app_session (token_hash);
CREATE INDEX        app_session_prev_token_hash ON app.app_session (prev_token_hash) WHERE prev_token_hash IS NOT NULL;
CREATE INDEX        app_session_user            ON app.app_session (user_id, created_at);
ALTER TABLE app.app_session ADD FOREIGN KEY (user_id) REFERENCES app.app_user(id) ON DELETE CASCADE;

CREATE FUNCTION app.new_token() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT translate(encode(public.gen_random_bytes(32), 'base64'), E'+/=\n', '-_')
$$;

-- floor: a cast alone would round nbf into the future.
CREATE FUNCTION app.mint(p_user bigint, p_sid uuid, p_role text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c app.config;
  t bigint := floor(extract(epoch FROM now()));
BEGIN
  SELECT * INTO STRICT c FROM app.config;
  RETURN peer.sign(json_build_object(
    'iss', c.iss, 'sub', p_user::text, 'aud', c.aud,
    'exp', t + extract(epoch FROM c.access_ttl)::bigint, 'nbf', t, 'iat', t,
    'jti', gen_random_uuid(), 'sid', p_sid, 'role', p_role), c.secret);
END $$;

CREATE FUNCTION app.issue(p_user bigint, p_ip inet, p_ua text, p_mint bool DEFAULT false,
                          OUT session_id uuid, OUT refresh_token text, OUT access_token text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c app.config;
  r text;
BEGIN
  SELECT * INTO STRICT c FROM app.config;
  SELECT role INTO r FROM app.app_user WHERE id = p_user FOR NO KEY UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'no such user' USING ERRCODE = '28000'; END IF;
  DELETE FROM app.app_session WHERE id IN (
    SELECT s.id FROM app.app_session s WHERE s.user_id = p_user
    ORDER BY s.created_at DESC, s.id OFFSET c.max_sessions - 1);
  refresh_token := app.new_token();
  INSERT INTO app.app_session(user_id, token_hash, ip, user_agent, created_at, last_used_at, expires_at)
  VALUES (p_user, public.digest(refresh_token, 'sha256'), p_ip, p_ua, clock_timestamp(), clock_timestamp(),
          clock_timestamp() + c.refresh_ttl)
  RETURNING id INTO session_id;
  IF p_mint THEN access_token := app.mint(p_user, session_id, r); END IF;
END $$;

-- Refusals are statuses: an exception would undo the revocation.
CREATE FUNCTION app.refresh(p_token text, p_ip inet, p_ua text, p_mint bool DEFAULT false,
                            OUT status text, OUT session_id uuid, OUT refresh_token text, OUT access_token text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c app.config;
  s app.app_session;
  h bytea := public.digest(p_token, 'sha256');
  r text;
  cut timestamptz;
BEGIN
  SELECT * INTO STRICT c FROM app.config;
  SELECT * INTO s FROM app.app_session WHERE token_hash = h FOR UPDATE;
  IF NOT FOUND THEN
    DELETE FROM app.app_session WHERE prev_token_hash = h;
    status := CASE WHEN FOUND THEN 'reuse' ELSE 'invalid' END;
    RETURN;
  END IF;
  IF s.expires_at <= clock_timestamp() THEN
    status := 'expired';
    RETURN;
  END IF;
  IF s.ip <> p_ip THEN
    DELETE FROM app.app_session WHERE id = s.id;
    status := 'ip_mismatch';
    RETURN;
  END IF;
  SELECT role, tokens_valid_after INTO r, cut FROM app.app_user WHERE id = s.user_id;
  IF s.created_at < cut THEN
    status := 'invalid';
    RETURN;
  END IF;
  refresh_token := app.new_token();
  UPDATE app.app_session SET prev_token_hash = h, token_hash = public.digest(refresh_token, 'sha256'),
         user_agent = p_ua, last_used_at = clock_timestamp(), expires_at = clock_timestamp() + c.refresh_ttl
  WHERE id = s.id;
  status := 'ok';
  session_id := s.id;
  IF p_mint THEN access_token := app.mint(s.user_id, s.id, r); END IF;
END $$;

CREATE FUNCTION app.revoke_all(p_user bigint) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  n int;
BEGIN
  UPDATE app.app_user SET tokens_valid_after = clock_timestamp() WHERE id = p_user;
  DELETE FROM app.app_session WHERE user_id = p_user;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

CREATE FUNCTION app.verify(p_token text) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
  c app.config;
  p json;
  ok bool;
BEGIN
  SELECT * INTO STRICT c FROM app.config;
  SELECT v.payload, v.valid INTO p, ok FROM peer.verify(p_token, c.secret) v;
  IF ok IS NOT TRUE OR p->>'iss' IS DISTINCT FROM c.iss OR p->>'aud' IS DISTINCT FROM c.aud THEN RETURN NULL; END IF;
  PERFORM 1 FROM app.app_user u JOIN app.app_session s ON s.user_id = u.id
   WHERE u.id = (p->>'sub')::bigint AND s.id = (p->>'sid')::uuid
     AND to_timestamp((p->>'iat')::float8) >= date_trunc('second', u.tokens_valid_after)
     AND s.expires_at > now();
  IF NOT FOUND THEN RETURN NULL; END IF;
  RETURN p;
END $$;

VACUUM (ANALYZE) app.app_user;
VACUUM (ANALYZE) app.app_session;
VACUUM (ANALYZE) app.config;

-- It works: then it is undone.
BEGIN;
DO $$
DECLARE
  i record;
  f record;
  g record;
  n int;
BEGIN
  FOR k IN 1..7 LOOP SELECT * INTO i FROM app.issue(1, '10.0.0.1', 'ua', true); END LOOP;
  SELECT count(*) INTO n FROM app.app_session WHERE user_id = 1;
  ASSERT n = 5, 'limit: ' || n;
  ASSERT app.verify(i.access_token)->>'sub' = '1', 'verify';
  ASSERT app.verify(i.access_token || 'A') IS NULL, 'bad signature';
  SELECT * INTO f FROM app.refresh(i.refresh_token, '10.0.0.1', 'ua');
  ASSERT f.status = 'ok', f.status;
  SELECT * INTO g FROM app.refresh(i.refresh_token, '10.0.0.1', 'ua');
  ASSERT g.status = 'reuse', g.status;
  SELECT * INTO i FROM app.issue(1, '10.0.0.1', 'ua', true);
  SELECT * INTO g FROM app.refresh(i.refresh_token, '10.0.0.2', 'ua');
  ASSERT g.status = 'ip_mismatch', g.status;
  SELECT * INTO i FROM app.issue(1, '10.0.0.1', 'ua', true);
  ASSERT app.revoke_all(1) = 5, 'revoke';
  ASSERT app.verify(i.access_token) IS NULL, 'revoked';
END $$;
ROLLBACK;
