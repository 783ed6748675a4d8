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
