# Every kind of token against every function (RFC 8725 sections 2.8, 3.11 and 3.12), as the tables of docs/tokens.md promise it.
use strict;
use warnings;
use lib '.';
use Ask qw(source_file);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# How a column's function is called. What answers text is shown as that, what answers something else as ok, an error as its SQLSTATE.
my %call = (
	'jwt_verify' => 'jwt_auth.jwt_verify(token)',
	'authenticate' => 'jwt_auth.authenticate(token)',
	'pre_request' => 'jwt_auth.pre_request()',
	'verify_token' => q{jwt_auth.verify_token(token, 'mail')},
	'consume_token(token, purpose)' => q{jwt_auth.consume_token(token, 'mail')},
	'consume_token(token)' => 'jwt_auth.consume_token(token)',
	'deny_token' => 'jwt_auth.deny_token(token)',
	'introspect' => q{CASE WHEN (jwt_auth.introspect(token) ->> 'active')::boolean THEN 'active' ELSE 'not active' END},
	'revoke' => 'ended_by_revoke(token)',
	'refresh_session' => '(jwt_auth.refresh_session(token)).status',
	'exchange_api_key' => '(jwt_auth.exchange_api_key(token)).status',
	'token_user_key' => q{CASE jwt_auth.token_user_key(token) WHEN jwt_auth.user_key('ann') THEN 'the user''s' ELSE coalesce(jwt_auth.token_user_key(token)::text, 'none') END});

my $node = PostgreSQL::Test::Cluster->new('kinds');
$node->init;
$node->start;
$node->safe_psql('postgres', <<'EOS');
CREATE EXTENSION jwt_auth;
SELECT jwt_auth.create_signing_key('HS256');

-- A trusted issuer and a device with keys of their own.
CREATE TABLE keys AS SELECT jwt_auth.jwk_generate('ES256') AS issuer, jwt_auth.jwk_generate('ES256') AS device;
SELECT jwt_auth.trust_issuer('https://idp.example', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(issuer))), 'api') FROM keys;
CREATE FUNCTION signed(key text, typ text, claims jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'ann', 'jti', gen_random_uuid(), 'iat', extract(epoch FROM now())::bigint,
                                              'exp', extract(epoch FROM now())::bigint + 600) || claims,
                           key, header => jsonb_build_object('typ', typ))
$$;
CREATE FUNCTION ours(typ text) RETURNS text LANGUAGE sql AS $$
  SELECT signed(private_jwk, typ, '{}') FROM jwt_auth.signing_key WHERE state = 'active'
$$;
-- jwt_sign() always writes a type, jws_sign() only one that is given.
CREATE FUNCTION without_type() RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_build_object('sub', 'ann', 'exp', extract(epoch FROM now())::bigint + 600)::text, 'UTF8'), private_jwk)
  FROM jwt_auth.signing_key WHERE state = 'active'
$$;
CREATE FUNCTION device_proof() RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', gen_random_uuid(), 'htm', 'POST', 'htu', 'https://api.example/log-in',
                                                         'iat', extract(epoch FROM now())::bigint)::text, 'UTF8'), (device - 'kid')::text,
                           header => jsonb_build_object('typ', 'dpop+jwt', 'jwk', jwt_auth.jwk_public(device) - '{kid,alg,use,key_ops}'::text[]))
  FROM keys
$$;

CREATE TABLE kind (name text PRIMARY KEY, token text);
INSERT INTO kind
  SELECT 'access token of a session', access_token FROM jwt_auth.issue_refresh_session('ann')
  UNION ALL SELECT 'access token of an impersonation', access_token FROM jwt_auth.impersonate('ann', 'support', '10 minutes')
  UNION ALL SELECT 'access token bound to a key, without its proof', access_token
            FROM jwt_auth.issue_refresh_session('ann', proof => device_proof(), proof_method => 'POST', proof_url => 'https://api.example/log-in')
  UNION ALL SELECT 'token for this purpose', jwt_auth.issue_token('mail', 'ann', '1 hour')
  UNION ALL SELECT 'token for another purpose', jwt_auth.issue_token('file', 'ann', '1 hour')
  UNION ALL SELECT '`jwt_sign(claims)`', jwt_auth.jwt_sign('{"sub": "ann"}')
  UNION ALL SELECT 'no type', without_type()
  UNION ALL SELECT 'access token of a trusted issuer', signed(issuer::text, 'JWT', '{"iss": "https://idp.example", "aud": "api"}') FROM keys
  UNION ALL SELECT 'ID token of a trusted issuer, meant for its client',
                   signed(issuer::text, 'JWT', '{"iss": "https://idp.example", "aud": "client", "azp": "client", "nonce": "n", "at_hash": "AAAA"}') FROM keys
  UNION ALL SELECT 'log-out token of a trusted issuer', signed(issuer::text, 'logout+jwt', '{"iss": "https://idp.example", "aud": "api"}') FROM keys
  UNION ALL SELECT 'security event, signed with our key', ours('secevent+jwt')
  UNION ALL SELECT 'DPoP proof, signed with our key', ours('dpop+jwt')
  UNION ALL SELECT 'refresh token', refresh_token FROM jwt_auth.issue_refresh_session('ann')
  UNION ALL SELECT 'nonce for proofs', jwt_auth.proof_nonce()
  UNION ALL SELECT 'challenge for a device', jwt_auth.device_challenge(session_id) FROM jwt_auth.issue_refresh_session('ann');
WITH made AS (SELECT api_key FROM jwt_auth.create_api_key('ann', 'job'))
INSERT INTO kind SELECT 'API key', api_key FROM made;
INSERT INTO kind SELECT 'access token of an API key', (jwt_auth.exchange_api_key(token)).access_token FROM kind WHERE name = 'API key';

CREATE FUNCTION ended_by_revoke(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  was boolean := (jwt_auth.introspect(token) ->> 'active')::boolean;
BEGIN
  PERFORM jwt_auth.revoke(token);
  RETURN CASE WHEN was AND NOT (jwt_auth.introspect(token) ->> 'active')::boolean THEN 'ended' ELSE 'nothing' END;
END $$;
-- Calls the function and takes back whatever it did.
CREATE FUNCTION outcome(call text, kind_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
  given text := (SELECT token FROM kind WHERE name = kind_name);
BEGIN
  IF given IS NULL THEN
    RETURN 'no such token';
  END IF;
  PERFORM set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || given)::text, true);
  BEGIN
    EXECUTE format('SELECT %s::text FROM (SELECT $1 AS token) AS given', call) INTO answer USING given;
    RAISE EXCEPTION USING ERRCODE = 'UNDO0';
  EXCEPTION
    WHEN SQLSTATE 'UNDO0' THEN RETURN CASE WHEN call ~ '^(CASE|ended|.*status$)' THEN answer ELSE 'ok' END;
    -- pre_request has the reason as detail.
    WHEN SQLSTATE 'PT401' THEN
      GET STACKED DIAGNOSTICS answer = PG_EXCEPTION_DETAIL;
      RETURN answer;
    WHEN OTHERS THEN RETURN SQLSTATE;
  END;
END $$;
EOS

# The tables whose first column is called token, row by row.
sub cells_of { my ($line) = @_; return map { s/^\s+|\s+$//gr } split /\|/, $line =~ s/^\|\s*//r, -1 }
my (@columns, %tried, $wrong);
for my $line (split /\n/, slurp_file(source_file('docs/tokens.md')))
{
	if ($line !~ /^\|/) { @columns = () }
	elsif ($line =~ /^\| token \| (?:`typ`|`introspect`)/) { @columns = map { tr/`//dr } cells_of($line) }
	elsif (@columns and $line !~ /^\|-/)
	{
		my ($kind, @promised) = cells_of($line);
		for my $n (0 .. $#promised)
		{
			my $function = $columns[ $n + 1 ];
			next if $function eq 'typ' or $function eq '';
			my $quoted = $kind =~ s/'/''/gr;
			my $answer = $node->safe_psql('postgres', "SELECT outcome(\$\$$call{$function}\$\$, '$quoted')");
			is($answer, $promised[$n], "$function: $kind");
			$tried{$function}++;
		}
	}
}
is(join(' ', sort keys %tried), join(' ', sort keys %call), 'the tables have a column for every function');
is($node->safe_psql('postgres', 'SELECT count(*) FROM kind'), $tried{jwt_verify}, 'and a row for every kind');

done_testing();
