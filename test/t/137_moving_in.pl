# Moving in from pgjwt and from a session table of 200,000 users, out again, and what the pages say of grants and settings on the way. What the old system leaves is made as it makes it, by
# code that knows nothing of ours. test/fronts/moving-in.test.mjs plays the ways from PostgREST and from Supabase.
use strict;
use warnings;
use lib '.';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Ask;

my $node = PostgreSQL::Test::Cluster->new('moving_in');
$node->init;
$node->append_conf('postgresql.conf', "log_statement = none\nshared_preload_libraries = 'jwt_auth'\n");
$node->start;

# An application with pgjwt: the secret in a setting, a log-in that signs a row. theirs() is what pgjwt computes (RFC 7515), with pgcrypto.
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pgcrypto;
CREATE EXTENSION jwt_auth;
ALTER DATABASE postgres SET app.jwt_secret = 'reallyreallyreallyreallyverysafe, and as long as HS512 needs it to be';
CREATE SCHEMA old;
CREATE FUNCTION old.base64url(data bytea) RETURNS text LANGUAGE sql AS $$ SELECT translate(encode(data, 'base64'), E'+/=\n', '-_') $$;
CREATE FUNCTION old.signature(input text, secret text, algorithm text) RETURNS text LANGUAGE sql AS $$
  SELECT old.base64url(hmac(input, secret, replace(algorithm, 'HS', 'sha')))
$$;
CREATE FUNCTION old.theirs(payload text, secret text, algorithm text DEFAULT 'HS256') RETURNS text LANGUAGE sql AS $$
  SELECT input || '.' || old.signature(input, secret, algorithm)
  FROM concat(old.base64url(convert_to(format('{"alg":"%s","typ":"JWT"}', algorithm), 'UTF8')), '.', old.base64url(convert_to(payload, 'UTF8'))) AS input
$$;
SQL
my $file = slurp_file(source_file('examples/moving-in/pgjwt.sql'));
$node->safe_psql('postgres', $file);
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION log_in(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  SELECT sign(row_to_json(r), current_setting('app.jwt_secret')) INTO result
  FROM (SELECT 'member' AS role, log_in.name AS sub, extract(epoch FROM now())::integer + 3600 AS exp) AS r;
  RETURN result;
END $$;
SQL
is(ask($node, <<'SQL'), "HS256|t|t|t\nHS384|t|t|t\nHS512|t|t|t", 'what pgjwt signed is valid, and what is signed now is valid to pgjwt');
SELECT algorithm, (verify(old.theirs('{"role":"member"}', secret, algorithm), secret, algorithm)).valid,
       (verify(signed, secret, algorithm)).valid, parts[3] = old.signature(parts[1] || '.' || parts[2], secret, algorithm)
FROM current_setting('app.jwt_secret') AS secret, unnest(ARRAY['HS256', 'HS384', 'HS512']) AS algorithm,
     LATERAL (SELECT sign('{"role":"member"}', secret, algorithm) AS signed) AS s, LATERAL string_to_array(signed, '.') AS parts ORDER BY algorithm
SQL
is(ask($node, q{SELECT (v).header ->> 'typ', (v).payload ->> 'sub', (v).payload ->> 'role', (v).valid FROM verify(log_in('ann'), current_setting('app.jwt_secret')) AS v}),
	'JWT|ann|member|t', 'code that calls sign and verify runs on');
is(ask($node, q{SELECT jwt_auth.jwt_verify(old.theirs('{"role":"admin","exp":4102444800}', current_setting('app.jwt_secret')), current_setting('app.jwt_secret')) ->> 'role'}),
	'admin', 'a token without iat and sub is verified by jwt_auth itself');
is(ask($node, q{SELECT url_encode('\xfbff00'), url_decode('-_8A'), url_encode(''), url_decode('')}), '-_8A|\xfbff00||\x', 'url_encode and url_decode');
# What makes them safe.
for (
	[ 'another secret', q{verify(old.theirs('{}', 'x'), secret)} ], [ 'cut', q{verify(left(good, -1), secret)} ],
	[ 'another payload', q{verify(regexp_replace(good, '\..*\.', '.eyJyb2xlIjoiYWRtaW4ifQ.'), secret)} ],
	[ 'no signature', q{verify(regexp_replace(good, '[^.]*$', ''), secret)} ], [ 'another algorithm than asked for', q{verify(good, secret, 'HS384')} ],
	[ 'none', q{verify(old.base64url('{"alg":"none"}') || '.e30.', secret)} ], [ 'run out', q{verify(old.theirs('{"exp":1}', secret), secret)} ],
	[ 'not yet', q{verify(old.theirs('{"nbf":4102444800}', secret), secret)} ], [ 'times that are texts', q{verify(old.theirs('{"exp":"x"}', secret), secret)} ])
{
	my ($what, $call) = @$_;
	is(ask($node, "SELECT v.valid FROM current_setting('app.jwt_secret') AS secret, LATERAL (SELECT old.theirs('{}', secret) AS good) AS g, LATERAL $call AS v"),
		'f', "not valid: $what");
}
is(ask($node, q{SELECT sign('{}', 'secret')}), 'error JW020', 'a secret that can be guessed signs nothing');
is(ask($node, q{SELECT valid FROM verify(old.theirs('{}', 'secret'), 'secret')}), 'error JW020', 'nor verifies it');
is(ask($node, q{SELECT sign('{}', jwt_auth.jwk_to_pem(jwt_auth.jwk_public(jwt_auth.jwk_generate('ES256'))))}), 'error JW020', 'a public key is no secret');
is(ask($node, q{SELECT sign('{}', current_setting('app.jwt_secret'), 'none')}), 'error 22023', 'none is no algorithm');

# Where pgjwt is an extension, and a view of the application uses it. pgjwt itself is not at hand: an extension of PostgreSQL gets its name.
$node->safe_psql('postgres', 'CREATE DATABASE packaged');
$node->safe_psql('packaged', <<'SQL');
CREATE EXTENSION pgcrypto;
CREATE EXTENSION jwt_auth;
CREATE EXTENSION tcn;
SET allow_system_table_mods = on;
UPDATE pg_extension SET extname = 'pgjwt' WHERE extname = 'tcn';
CREATE SCHEMA jwt;
CREATE FUNCTION jwt.url_encode(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT translate(encode(data, 'base64'), E'+/=\n', '-_') $$;
CREATE FUNCTION jwt.url_decode(data text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT ''::bytea $$;
CREATE FUNCTION jwt.algorithm_sign(signables text, secret text, algorithm text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT jwt.url_encode(public.hmac(signables, secret, replace(algorithm, 'HS', 'sha')))
$$;
CREATE FUNCTION jwt.sign(payload json, secret text, algorithm text DEFAULT 'HS256') RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'of pgjwt' $$;
CREATE FUNCTION jwt.try_cast_double(inp text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT inp::double precision $$;
CREATE FUNCTION jwt.verify(token text, secret text, algorithm text DEFAULT 'HS256') RETURNS TABLE (header json, payload json, valid boolean)
  LANGUAGE sql IMMUTABLE AS $$ SELECT NULL::json, NULL::json, false $$;
ALTER EXTENSION pgjwt ADD FUNCTION jwt.url_encode;
ALTER EXTENSION pgjwt ADD FUNCTION jwt.url_decode;
ALTER EXTENSION pgjwt ADD FUNCTION jwt.algorithm_sign;
ALTER EXTENSION pgjwt ADD FUNCTION jwt.sign;
ALTER EXTENSION pgjwt ADD FUNCTION jwt.try_cast_double;
ALTER EXTENSION pgjwt ADD FUNCTION jwt.verify;
CREATE VIEW link AS SELECT jwt.sign('{"file": 7}', 'reallyreallyreallyreallyverysafe') AS token;
CREATE VIEW good_link AS SELECT valid FROM link, LATERAL jwt.verify(token, 'reallyreallyreallyreallyverysafe');
CREATE ROLE web;
GRANT USAGE ON SCHEMA jwt TO web;
GRANT SELECT ON link, good_link TO web;
SQL
is(ask($node, 'DROP EXTENSION pgjwt', 'packaged'), 'error 2BP01', 'pgjwt cannot be dropped while a view uses it');
$node->safe_psql('packaged', "SET search_path = jwt;\n$file");
is(ask($node, 'SELECT valid, count(*) FILTER (WHERE extname = \'pgjwt\') FROM good_link, pg_extension GROUP BY valid', 'packaged'), 't|0',
	'the file replaces its functions below the views, and drops it');
is(ask($node, q{SELECT jwt.algorithm_sign('hook', 'secret', 'HS256') = jwt.url_encode(hmac('hook', 'secret', 'sha256'))}, 'packaged'), 't',
	'algorithm_sign is there as before');
$node->safe_psql('packaged', "SET search_path = jwt;\n$file");
is(ask($node, 'SELECT valid FROM good_link', 'packaged'), 't', 'the file can be run again');
# As the role of the application, with the grant of docs/moving-in.md.
is(ask($node, 'SET ROLE web; SELECT valid FROM good_link', 'packaged'), 'error 42501', 'a role needs a grant to sign');
my ($grant) = slurp_file(source_file('docs/moving-in.md')) =~ /^ *(GRANT EXECUTE ON FUNCTION [^;]*TO web;)/m or die 'the page has no grant';
$node->safe_psql('packaged', $grant);
is(ask($node, 'SET ROLE web; SELECT valid FROM good_link', 'packaged'), 't', 'the grant of the page suffices');
for (q{jwt_sign('{"role": "admin"}')}, q{jwt_try_verify('e30.e30.e30')}, q{issue_refresh_session('ann')}, q{revoke_user_tokens('ann')})
{
	is(ask($node, "SET ROLE web; SELECT * FROM jwt_auth.$_", 'packaged'), 'error 42501', "and does not give $_");
}
for ('null', '"4102444800"')
{
	is(ask($node, qq{SELECT sign('{"exp": $_}', current_setting('app.jwt_secret'))}), 'error 22023', "an exp that is $_ is not signed");
}

# A role gets rid of what it was granted, by the query of docs/operations.md.
my ($query) = slurp_file(source_file('docs/operations.md')) =~ /^(SELECT remedy FROM jwt_auth\.privilege_differences\(\)[^;]*);/m or die 'the page has no query';
$query =~ s/'api'/'web'/;
$node->safe_psql('packaged', "SELECT jwt_auth.grant_issuer('web'), jwt_auth.grant_monitor('web')");
is(ask($node, "SET ROLE web; SELECT count(*) >= 0 FROM jwt_auth.stats", 'packaged'), 't', 'a role has what it was granted');
$node->safe_psql('packaged', "$query \\gexec");
is(ask($node, $query, 'packaged'), '', 'nothing is left of it');
is(ask($node, "SET ROLE web; SELECT * FROM jwt_auth.$_", 'packaged'), 'error 42501', "nor can it read or call $_")
  for "stats", "jwt_verify('e30.e30.e30')", "issue_refresh_session('ann')";

# The settings that are left at the end are found by the query of the same page, and its answers remove them.
my ($settings) = slurp_file(source_file('docs/operations.md')) =~ /^(SELECT concat_ws\(' ', 'ALTER'.*?);/ms or die 'the page has no query';
$node->safe_psql('postgres', <<'SQL');
ALTER DATABASE packaged SET jwt_auth.issuer = 'https://api.example';
ALTER ROLE web SET jwt_auth.leeway = 5;
ALTER ROLE web IN DATABASE packaged SET jwt_auth.pre_config_hmac_keys = on;
ALTER ROLE ALL SET jwt_auth.access_token_ttl = 600;
SQL
is(ask($node, "SELECT string_agg(remedy, ', ' ORDER BY remedy) FROM ($settings) AS s"),
	'ALTER DATABASE packaged RESET jwt_auth.issuer, ALTER ROLE ALL RESET jwt_auth.access_token_ttl,'
	  . ' ALTER ROLE web IN DATABASE packaged RESET jwt_auth.pre_config_hmac_keys, ALTER ROLE web RESET jwt_auth.leeway',
	'each setting of a database or a role is found');
$node->safe_psql('postgres', "$settings \\gexec");
is(ask($node, "$settings"), '', 'and removed');

# A session table of 200,000 users, with the tokens as they are.
$node->safe_psql('postgres', <<'SQL');
SELECT jwt_auth.create_signing_key();
CREATE TABLE old.session AS
  SELECT n::bigint AS user_id, encode(sha256(('token ' || n)::bytea), 'hex') AS refresh_token, now() - interval '3 days' AS created_at,
         now() + CASE WHEN n % 1000 = 0 THEN interval '-1 day' ELSE interval '11 days' END AS expires_at, inet '192.0.2.1' + n AS ip,
         'browser ' || n % 7 AS user_agent FROM generate_series(1, 200000) AS n;
SQL
my $start = time;
is(ask($node, <<'SQL'), '199800', 'each that is alive is imported');
SELECT count(jwt_auth.import_session(user_id, refresh_token, created_at, expires_at, ip => ip, user_agent => user_agent))
FROM old.session WHERE expires_at > now()
SQL
note sprintf('200,000 sessions in %.1f s', time - $start);
is(ask($node, 'SELECT count(*) FROM jwt_auth.live_sessions'), '199800', 'and lives on');
my @users = map { 1 + int(rand 199_999) } 1 .. 20;
$_ += $_ % 1000 == 0 for @users;
for my $user (@users)
{
	my $token = ask($node, "SELECT refresh_token FROM old.session WHERE user_id = $user");
	my ($status, $whose, $next) = split /\|/, ask($node, "SELECT status, user_id, refresh_token FROM jwt_auth.refresh_session('$token')");
	is("$status $whose", "ok $user", "user $user goes on with the old token");
	is(ask($node, "SELECT status FROM jwt_auth.refresh_session('$next')"), 'ok', 'and with ours');
}
is(ask($node, q{SELECT status FROM jwt_auth.refresh_session(encode(sha256('token 200001'), 'hex'))}), 'invalid', 'a token that nobody was given is none');
is(ask($node, q{SELECT status FROM jwt_auth.refresh_session(encode(sha256('token 1000'), 'hex'))}), 'invalid', 'nor one whose session had run out');
is(ask($node, 'SELECT count(*) FROM jwt_auth.user_sessions(4242)'), '1', 'a user sees the session in the list of devices');
is(ask($node, q{SELECT jwt_auth.revoke_user_tokens(4242, 'stolen')}), '1', 'and it can be ended');
is(ask($node, q{SELECT status FROM jwt_auth.refresh_session(encode(sha256('token 4242'), 'hex'))}), 'invalid', 'before it was ever refreshed here');

# Out again.
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE reader;
CREATE TABLE diary (owner text DEFAULT jwt_auth.current_user_id(), body text);
INSERT INTO diary VALUES ('ann', 'mine');
ALTER TABLE diary ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON diary USING (owner = coalesce(jwt_auth.current_user_id(), 'ann'));
GRANT SELECT ON diary TO reader;
CREATE TRIGGER password_changed AFTER UPDATE ON diary FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_change('owner');
CREATE TABLE kept AS SELECT private_jwk::jsonb AS key FROM jwt_auth.signing_key;
CREATE TABLE issued AS SELECT access_token FROM jwt_auth.issue_refresh_session('ann');
SQL
is(ask($node, 'SET ROLE reader; SELECT body FROM diary'), 'mine', 'a policy of ours lets a row be seen');
is(ask($node, 'DROP EXTENSION jwt_auth'), 'error 2BP01', 'the extension does not go while something needs it');
is(ask($node, 'DROP EXTENSION jwt_auth CASCADE'), '', 'CASCADE takes that along:');
is(ask($node, "SELECT count(*) FROM pg_policy WHERE polrelid = 'diary'::regclass"), '0', 'the policy,');
is(ask($node, 'SET ROLE reader; SELECT count(*) FROM diary'), '0', 'so nobody sees a row any more,');
is(ask($node, "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'diary'::regclass"), '0', 'the trigger,');
is(ask($node, "SELECT count(*) FROM pg_attrdef WHERE adrelid = 'diary'::regclass"), '0', 'and the default');
is(ask($node, 'SELECT body FROM diary'), 'mine', 'the rows are there');
is(ask($node, "SELECT count(*) FROM pg_namespace WHERE nspname = 'jwt_auth'"), '0', 'nothing of ours is left');
is(ask($node, q{SELECT sign('{}', current_setting('app.jwt_secret'))}), 'error 3F000', 'pgjwt\'s functions have to be replaced as well');
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');
is(ask($node, q{SELECT jwt_auth.jwt_verify(access_token, jwt_auth.jwk_public(key), '{ES256}') ->> 'sub' FROM issued, kept}), 'ann', 'what was signed verifies with the exported key');

$node->stop;
done_testing();
