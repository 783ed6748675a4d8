-- The trigger on the application's table of users, in the form that the documentation shows: a hash that a BEFORE trigger
-- computes, a row that moves to another partition, an id that is renamed, and ids of every type.
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE login (name text PRIMARY KEY, refresh_token text, access_token text, session_id uuid);
CREATE FUNCTION login(name text, user_id text) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(login.user_id))
  INSERT INTO login SELECT login.name, refresh_token, access_token, session_id FROM i RETURNING (SELECT status FROM i)
$$;
CREATE FUNCTION good(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.jwt_verify(token) ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE FUNCTION state(pattern text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(name || ':' || good(access_token), ' ' ORDER BY name COLLATE "C") FROM login WHERE name LIKE pattern
$$;
-- The documented form.
CREATE PROCEDURE watch(users regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER revoke AFTER UPDATE ON %s FOR EACH ROW'
                 ' WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.id IS DISTINCT FROM NEW.id)'
                 ' EXECUTE FUNCTION jwt_auth.revoke_on_password_change(''id'')', users);
  EXECUTE format('CREATE TRIGGER remove AFTER DELETE ON %s FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change(''id'')', users);
END $$;

\echo == a hash that a BEFORE trigger computes: the UPDATE names another column
CREATE TABLE hashed (id bigint PRIMARY KEY, new_password text, password_hash text);
CREATE FUNCTION hash_password() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.password_hash := md5(NEW.new_password);
  NEW.new_password := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER hash BEFORE UPDATE OF new_password ON hashed FOR EACH ROW WHEN (NEW.new_password IS NOT NULL) EXECUTE FUNCTION hash_password();
CALL watch('hashed');
INSERT INTO hashed VALUES (1, NULL, 'x'), (2, NULL, 'x');
SELECT login('a1', '1'), login('a2', '2');
UPDATE hashed SET new_password = 'correct horse' WHERE id = 1;
SELECT state('a_');

\echo == a row that moves to another partition, with a new password and without
CREATE TABLE parted (id text, region text, password_hash text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parted_north PARTITION OF parted FOR VALUES IN ('north');
CREATE TABLE parted_south PARTITION OF parted FOR VALUES IN ('south');
CALL watch('parted');
INSERT INTO parted VALUES ('p1', 'north', 'x'), ('p2', 'north', 'x'), ('p3', 'north', 'x'), ('p4', 'north', 'x');
SELECT login('p1', 'p1'), login('p2', 'p2'), login('p3', 'p3'), login('p4', 'p4');
UPDATE parted SET region = 'south', password_hash = 'y' WHERE id = 'p1';
UPDATE parted SET password_hash = 'y' WHERE id = 'p2';
UPDATE parted SET region = region WHERE id = 'p3';
SELECT state('p_');
\echo -- PostgreSQL moves a row by deleting it in one partition and inserting it in another
UPDATE parted SET region = 'south' WHERE id = 'p4';
SELECT state('p4');
DELETE FROM parted WHERE id = 'p3';
SELECT state('p3');

\echo == an id that is renamed: the sessions of the old one end
CREATE TABLE renamed (id text PRIMARY KEY, password_hash text);
CALL watch('renamed');
INSERT INTO renamed VALUES ('old', 'x'), ('both', 'x'), ('stays', 'x');
SELECT login('r1', 'old'), login('r2', 'both'), login('r3', 'stays');
UPDATE renamed SET id = 'new' WHERE id = 'old';
UPDATE renamed SET id = 'both too', password_hash = 'y' WHERE id = 'both';
UPDATE renamed SET id = id, password_hash = password_hash;
SELECT state('r_');
SELECT login('r4', 'new');
SELECT state('r4');
SELECT user_id, detail FROM jwt_auth.auth_event WHERE event = 'user_revoked' AND session_id IS NULL AND user_id IN ('old', 'both', 'p1', 'p3') ORDER BY id;

\echo == ids of every type: as their cast to text has them
CREATE DOMAIN user_code AS char(8);
CREATE DOMAIN short_user_code AS user_code;
CREATE TYPE user_kind AS ENUM ('admin', 'member');
CREATE FUNCTION try_type(type text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  id text;
BEGIN
  EXECUTE format('CREATE TABLE typed (id %s, password_hash text)', type);
  CALL watch('typed');
  EXECUTE format('INSERT INTO typed VALUES (%L, ''x''), (NULL, ''x'')', value);
  SELECT typed.id::text INTO id FROM typed WHERE typed.id IS NOT NULL;
  DELETE FROM login WHERE name IN ('changed', 'deleted');
  PERFORM login('changed', id);
  UPDATE typed SET password_hash = 'y';
  PERFORM login('deleted', id);
  DELETE FROM typed;
  DROP TABLE typed;
  RETURN state('changed') || ' ' || state('deleted');
END $$;
SELECT type, try_type(type, value) FROM (VALUES
  ('text', 'ann'), ('varchar(8)', 'ann'), ('text', ' ann'), ('char(8)', 'ann'), ('char(8)', ' an n'), ('char(3)', 'ann'), ('user_code', 'ann'), ('short_user_code', 'ann'),
  ('"char"', 'a'), ('name', 'ann'), ('bigint', '42'), ('smallint', '-1'), ('numeric', '4.20'), ('uuid', '3F2504E0-4F89-11D3-9A0C-0305E82C3301'),
  ('boolean', 'yes'), ('inet', '192.0.2.7'), ('cidr', '192.0.2.0/24'), ('user_kind', 'admin'), ('timestamptz', '2026-01-01'), ('bytea', '\x00ff')) t (type, value);
\echo -- an id that nobody can log in with: an update of such a row goes through
CREATE TABLE odd (id text, password_hash text);
CREATE TABLE odd_padded (id char(4), password_hash text);
CALL watch('odd');
CALL watch('odd_padded');
INSERT INTO odd VALUES (repeat('x', 1025), 'x'), ('', 'x'), (NULL, 'x');
INSERT INTO odd_padded VALUES ('', 'x'), (NULL, 'x');
DELETE FROM jwt_auth.auth_event;
UPDATE odd SET password_hash = 'y';
UPDATE odd_padded SET password_hash = 'y';
DELETE FROM odd;
DELETE FROM odd_padded;
SELECT count(*) AS events FROM jwt_auth.auth_event;

DROP TABLE login, hashed, parted, renamed, odd, odd_padded;
DROP PROCEDURE watch;
DROP FUNCTION login, good, state, hash_password, try_type;
DROP DOMAIN short_user_code, user_code;
DROP TYPE user_kind;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
