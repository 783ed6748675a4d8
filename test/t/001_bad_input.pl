# Bad input: every function with NULL, nothing, noise, bombs and the wrong keys. Asked for in each case: the right SQLSTATE,
# the same backend alive, no row changed in any table of the schema.
use strict;
use warnings;
use lib '.';
use JwtAuth qw(start_node token_with encode_base64url);
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('bad');
my $secret = 'a secret of thirty-two characters';

$node->safe_psql('postgres', <<'EOS');
-- What the tables and sequences hold, as one line.
CREATE FUNCTION state() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  name regclass;
  one text;
  every text := '';
BEGIN
  FOR name IN SELECT oid FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' ORDER BY relname LOOP
    EXECUTE format('SELECT md5(coalesce(string_agg(t::text, E''\n'' ORDER BY t::text), '''')) FROM %s AS t', name) INTO one;
    every := every || one;
  END LOOP;
  RETURN md5(every);
END $$;

-- 2 MB that no two machines make differently.
CREATE FUNCTION noise(size integer DEFAULT 2097152) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT left(string_agg(translate(encode(sha256(n::text::bytea), 'base64'), '+/=', '-_'), '' ORDER BY n), size)
   FROM generate_series(1, size / 43 + 1) AS n $$;
CREATE TABLE prepared (name text PRIMARY KEY, body text);
INSERT INTO prepared VALUES ('noise', noise()), ('more', noise(2097153)), ('spaces', repeat(' ', 2097152)),
  ('dots', repeat('.', 2097152)), ('braces', repeat('{', 2097152)), ('unicode', repeat(U&'\+01F511', 524288));
CREATE FUNCTION body(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT body FROM prepared WHERE name = $1 $$;

-- Sessions that must survive all of it.
CREATE TABLE handed_out AS SELECT * FROM jwt_auth.issue_refresh_session('ann', ip => '192.0.2.1', claims => '{"role": "reader"}');
CREATE TABLE other_key AS SELECT jwt_auth.jwk_generate(algorithm) AS jwk, algorithm
  FROM unnest('{HS256,HS384,HS512,RS256,ES256,ES384,EdDSA}'::text[]) AS algorithm;
CREATE FUNCTION key(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT jwk::text FROM other_key WHERE algorithm = $1 $$;
CREATE FUNCTION public_key(text) RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT jwt_auth.jwk_public(jwk)::text FROM other_key WHERE algorithm = $1 $$;
EOS

sub text { return "E'" . join('', map { sprintf '\\x%02x', $_ } unpack('C*', shift)) . "'" }
my $key = text($secret);

# Each case: what it is, a statement, and the SQLSTATE it is refused with, or "= answer".
my @cases;
sub case { push @cases, { what => $_[0], sql => $_[1], expected => $_[2] } }

# --- Tokens with an explicit key: NULL, nothing, noise
for my $function ('jwt_verify', 'jwt_try_verify')
{
	case("$function, NULL token", "SELECT jwt_auth.$function(NULL, $key)", '22004');
	case("$function, NULL key", "SELECT jwt_auth.$function('a.b.c', NULL::text)", '22004');
	case("$function, NULL secret", "SELECT jwt_auth.$function('a.b.c', NULL::bytea)", '22004');
	case("$function, unknown algorithm", "SELECT jwt_auth.$function('a.b.c', $key, '{none}')", '22023');
	case("$function, NULL in the algorithms", "SELECT jwt_auth.$function('a.b.c', $key, '{NULL}')", '22004');
	case("$function, noise for an algorithm", "SELECT jwt_auth.$function('a.b.c', $key, ARRAY[body('noise')])", '22023');
	case("$function, negative leeway", "SELECT jwt_auth.$function('a.b.c', $key, leeway => '-1 s')", '22023');
	case("$function, empty key", "SELECT jwt_auth.$function('a.b.c', '')", 'JW020');
	case("$function, empty secret", "SELECT jwt_auth.$function('a.b.c', ''::bytea)", 'JW020');
	case("$function, bytes that are no UTF-8", "SELECT jwt_auth.$function(E'\\xff', $key)", '22021');
}
for my $token ([ 'an empty token', "''", 'JW001' ],
	[ '2 MB of noise', "body('noise')", 'JW001' ],
	[ 'more than 2 MB', "body('more')", 'JW040' ],
	[ '2 MB of spaces', "body('spaces')", 'JW001' ],
	[ '2 MB of dots', "body('dots')", 'JW001' ],
	[ '2 MB of keys', "body('unicode')", 'JW001' ],
	[ '2 MB of noise in the middle', "'eyJhbGciOiJIUzI1NiJ9.' || left(body('noise'), 2097124) || '.eA'", 'JW002' ],
	[ '2 MB of noise as signature', "'eyJhbGciOiJIUzI1NiJ9.e30.' || left(body('noise'), 2097124)", 'JW002' ],
	[ '2 MB of noise as header', "left(body('noise'), 2097144) || '.e30.eA'", 'JW001' ])
{
	my ($what, $sql, $code) = @$token;
	case("jwt_verify, $what", "SELECT jwt_auth.jwt_verify($sql, $key)", $code);
	case("jwt_try_verify, $what", "SELECT valid, claims IS NULL, error_code FROM jwt_auth.jwt_try_verify($sql, $key)", "= f|t|$code");
	case("jwt_verify with the ring, $what", "SELECT jwt_auth.jwt_verify($sql)", $code eq 'JW002' ? 'JW007' : $code);
	case("jwt_decode_unverified, $what", "SELECT jwt_auth.jwt_decode_unverified($sql)", $code eq 'JW002' ? 'JW001' : $code)
	  unless $what =~ /signature/;
}
case('jwt_verify with the ring, NULL', 'SELECT jwt_auth.jwt_verify(NULL)', '22004');
case('jwt_decode_unverified, NULL', 'SELECT jwt_auth.jwt_decode_unverified(NULL)', '22004');

# --- Payloads and headers that a library would not write, rightly signed
my $deep = sub { ('{"a":' x $_[0]) . '1' . ('}' x $_[0]) };
my @payloads = (
	[ 'an empty payload', '', 'JW001' ],
	[ 'no object', '[]', 'JW001' ],
	[ 'a number', '1', 'JW001' ],
	[ 'a string', '"x"', 'JW001' ],
	[ 'half an object', '{"a":', 'JW001' ],
	[ 'something behind it', '{} {}', 'JW001' ],
	[ 'a byte order mark', "\xEF\xBB\xBF{}", 'JW001' ],
	[ 'a lone byte FF', "{\"a\":\"\xFF\"}", 'JW001' ],
	[ 'an overlong encoding', "{\"a\":\"\xC0\xAF\"}", 'JW001' ],
	[ 'a surrogate in UTF-8', "{\"a\":\"\xED\xA0\x80\"}", 'JW001' ],
	[ 'a character cut in half', "{\"a\":\"\xF0\x9F\x94\"}", 'JW001' ],
	[ 'invalid UTF-8 in a name', "{\"\xFE\":1}", 'JW001' ],
	[ 'a NUL', '{"a":"\u0000"}', 'JW001' ],
	[ 'a lone surrogate', '{"a":"\ud800"}', 'JW001' ],
	[ 'a name twice', '{"a":1,"a":1}', 'JW001' ],
	[ 'a name twice, deep down', '{"a":[{"b":1,"\u0062":2}]}', 'JW001' ],
	[ 'a number that numeric can not hold', '{"a":1e999999}', 'JW001' ],
	[ 'a number with a million digits', '{"a":' . ('9' x 1000000) . '}', 'JW001' ],
	[ 'NaN', '{"a":NaN}', 'JW001' ],
	[ 'a depth of 100', $deep->(100), '= t' ],
	[ 'a depth of 101', $deep->(101), 'JW040' ],
	[ 'a million brackets', '{"a":' . ('[' x 1000000), 'JW040' ],
	[ 'exp as text', '{"exp":"4102444800"}', 'JW001' ],
	[ 'exp as null', '{"exp":null}', 'JW001' ],
	[ 'exp beyond time', '{"exp":1e300}', 'JW001' ],
	[ 'exp in the past', '{"exp":1}', 'JW003' ],
	[ 'nbf in the future', '{"nbf":4102444800}', 'JW004' ],
	[ 'iat in the future', '{"iat":4102444800}', 'JW004' ],
	[ 'sub as a number', '{"sub":1}', 'JW001' ],
	[ 'aud as an object', '{"aud":{}}', 'JW001' ],
	[ 'aud with a number', '{"aud":["a",1]}', 'JW001' ],
	[ 'an aud nobody asked for', '{"aud":"a"}', 'JW006' ]);
my @headers = (
	[ 'an empty header', '', 'JW001' ],
	[ 'no object', '[]', 'JW001' ],
	[ 'no alg', '{}', 'JW001' ],
	[ 'alg as a number', '{"alg":1}', 'JW001' ],
	[ 'alg twice', '{"alg":"HS256","alg":"HS256"}', 'JW001' ],
	[ 'alg none', '{"alg":"none"}', 'JW007' ],
	[ 'alg NoNe', '{"alg":"NoNe"}', 'JW007' ],
	[ 'alg empty', '{"alg":""}', 'JW007' ],
	[ 'alg in small letters', '{"alg":"hs256"}', 'JW007' ],
	[ 'alg of another family', '{"alg":"RS256"}', 'JW007' ],
	[ 'crit', '{"alg":"HS256","crit":["exp"],"exp":1}', 'JW001' ],
	[ 'an empty crit', '{"alg":"HS256","crit":[]}', 'JW001' ],
	[ 'b64 false', '{"alg":"HS256","b64":false}', 'JW001' ],
	[ 'invalid UTF-8', "{\"alg\":\"HS256\",\"x\":\"\xFF\"}", 'JW001' ],
	[ 'a NUL', '{"alg":"HS256","x":"\u0000"}', 'JW001' ],
	[ 'kid as a number', '{"alg":"HS256","kid":1}', 'JW001' ],
	[ 'a depth of 101', '{"alg":"HS256","x":' . $deep->(100) . '}', 'JW040' ],
	[ 'a million brackets', '{"alg":"HS256","x":' . ('[' x 1000000), 'JW040' ],
	[ 'keys of its own', '{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"},"jku":"https://x","x5u":"https://x","x5c":["AA"]}', '= t' ]);

my $accepted = sub { my ($token, $code) = @_;
	return $code =~ /^= / ? "SELECT jwt_auth.jwt_verify($token, $key) IS NOT NULL" : "SELECT jwt_auth.jwt_verify($token, $key)" };
for (@payloads)
{
	my ($what, $payload, $code) = @$_;
	my $token = "'" . token_with($secret, $payload) . "'";
	case("payload: $what", $accepted->($token, $code), $code);
	case("jwt_try_verify, payload: $what", "SELECT valid, error_code FROM jwt_auth.jwt_try_verify($token, $key)",
		$code =~ /^= / ? '= t|' : "= f|$code");
	# Decoding looks at the form alone.
	case("jwt_decode_unverified, payload: $what", "SELECT jwt_auth.jwt_decode_unverified($token)", $code)
	  if $code =~ /^JW0(01|40)/ && $what !~ /^(no object|a number|a string|exp|sub|aud)/;
}
for (@headers)
{
	my ($what, $header, $code) = @$_;
	my $token = "'" . token_with($secret, '{}', $header) . "'";
	case("header: $what", $accepted->($token, $code), $code);
	case("with the ring, header: $what", "SELECT jwt_auth.jwt_verify($token)", $code =~ /^JW0(01|40)/ ? $code : 'JW007');
}

# --- Keys that are none, or the wrong ones
my $good = "'" . token_with($secret, '{}') . "'";
my @keys = (
	[ 'a secret too short', "'short'", 'JW020' ],
	[ 'an empty object', "'{}'", 'JW020' ],
	[ 'half an object', "'{\"kty\":'", 'JW020' ],
	[ 'half an object behind white space', "E' \\n{\"kty\":'", 'JW020' ],
	[ '2 MB of braces', "body('braces')", 'JW020' ],
	[ 'an unknown kty', "'{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AAAA\"}'", 'JW020' ],
	[ 'kty twice', "'{\"kty\":\"oct\",\"kty\":\"oct\",\"k\":\"AAAA\"}'", 'JW020' ],
	[ 'an oct key too short', "'{\"kty\":\"oct\",\"k\":\"AAAA\"}'", 'JW020' ],
	[ 'an oct key in padded base64', "'{\"kty\":\"oct\",\"k\":\"" . ('A' x 43) . "=\"}'", 'JW020' ],
	[ 'a point off the curve', "'{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" . ('A' x 43) . "\",\"y\":\"" . ('A' x 43) . "\"}'", 'JW020' ],
	[ 'an Ed25519 point of small order', "'{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" . ('A' x 43) . "\"}'", 'JW020' ],
	[ 'an even RSA exponent', "'{\"kty\":\"RSA\",\"n\":\"" . ('_' x 342) . "\",\"e\":\"BA\"}'", 'JW020' ],
	[ 'a small RSA key', "'{\"kty\":\"RSA\",\"n\":\"" . ('_' x 171) . "\",\"e\":\"AQAB\"}'", 'JW020' ],
	[ 'PEM around nothing', "E'-----BEGIN PUBLIC KEY-----\\n-----END PUBLIC KEY-----'", 'JW020' ],
	[ 'PEM around noise', "E'-----BEGIN PUBLIC KEY-----\\n' || body('noise') || E'\\n-----END PUBLIC KEY-----'", 'JW040' ],
	[ 'PEM cut off', "'-----BEGIN PRIVATE KEY-----'", 'JW020' ],
	[ 'PEM behind white space and a byte order mark', "U&'\\FEFF  -----BEGIN PUBLIC KEY----- and then nothing of use'", 'JW020' ],
	[ 'a million blocks of PEM', "repeat(E'-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n', 1000000)", 'JW040' ],
	[ '65 blocks of PEM', "repeat(E'-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n', 65)", 'JW040' ],
	[ 'PEM with a body of 16 MB', "E'-----BEGIN PUBLIC KEY-----\\n' || repeat('A', 16777216) || E'\\n-----END PUBLIC KEY-----'", 'JW040' ],
	[ 'PEM within PEM', "repeat(E'-----BEGIN PUBLIC KEY-----\\n', 20) || 'AAAA' || repeat(E'\\n-----END PUBLIC KEY-----', 20)", 'JW020' ],
	[ 'base64 of base64 of PEM',
		"encode(convert_to(encode(convert_to(jwt_auth.jwk_to_pem(key('ES256')::jsonb), 'UTF8'), 'base64'), 'UTF8'), 'base64')", 'JW020' ],
	[ 'a set of 10,000 keys', "(SELECT jsonb_build_object('keys', jsonb_agg(public_key('ES256')::jsonb)) FROM generate_series(1, 10000))::text", 'JW040' ],
	[ 'an SSH key', "'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii'", 'JW020' ],
	[ 'depth', "'{\"kty\":\"oct\",\"k\":\"" . ('A' x 43) . "\",\"x\":" . $deep->(101) . "}'", 'JW040' ],
	[ 'a set with a kid for two keys', "jsonb_build_object('keys', jsonb_build_array(key('ES256')::jsonb || '{\"kid\":\"k\"}', jwt_auth.jwk_generate('ES256', kid => 'k')))::text", 'JW020' ]);
for (@keys)
{
	my ($what, $sql, $code) = @$_;
	case("jwt_sign with $what", "SELECT jwt_auth.jwt_sign('{}', $sql)", $code);
	case("jwt_verify with $what", "SELECT jwt_auth.jwt_verify($good, $sql)", $code);
	case("jwt_try_verify with $what", "SELECT jwt_auth.jwt_try_verify($good, $sql)", $code);
}
for my $algorithm ('RS256', 'ES256', 'EdDSA')
{
	case("a MAC against a public key, $algorithm", "SELECT jwt_auth.jwt_verify($good, public_key('$algorithm'))", 'JW007');
	case("a MAC against a set of it, $algorithm", "SELECT jwt_auth.jwt_verify($good, '{\"keys\":[' || public_key('$algorithm') || ']}')",
		'JW007');
	case("signing with a public key, $algorithm", "SELECT jwt_auth.jwt_sign('{}', public_key('$algorithm'))", 'JW020');
	case("signing with another's algorithm, $algorithm", "SELECT jwt_auth.jwt_sign('{}', key('$algorithm'), 'HS256')", 'JW007');
	case("its signature against a secret, $algorithm", "SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{}', (key('$algorithm')::jsonb - 'kid')::text), $key)",
		'JW007');
	case("importable but the ring knows it not, $algorithm", "SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{}', key('$algorithm')))", 'JW008');
}
case('an empty set of keys', "SELECT jwt_auth.jwt_verify($good, '{\"keys\":[]}')", 'JW020');
case('another secret', "SELECT jwt_auth.jwt_verify($good, $key || 'x')", 'JW002');

# --- Signing
case('jwt_sign, NULL claims', "SELECT jwt_auth.jwt_sign(NULL, $key)", '22004');
case('jwt_sign, NULL key', "SELECT jwt_auth.jwt_sign('{}', NULL::text)", '22004');
case('jwt_sign, NULL secret', "SELECT jwt_auth.jwt_sign('{}', NULL::bytea)", '22004');
case('jwt_sign with the ring, NULL', 'SELECT jwt_auth.jwt_sign(NULL)', '22004');
for my $claims ('[]', '1', '"x"', 'null')
{
	case("jwt_sign, claims $claims", "SELECT jwt_auth.jwt_sign('$claims', $key)", '22023');
	case("jwt_sign with the ring, claims $claims", "SELECT jwt_auth.jwt_sign('$claims')", '22023');
}
for my $claims ('{"exp":"x"}', '{"nbf":null}', '{"iat":[]}', '{"sub":1}', '{"iss":{}}', '{"aud":1}', '{"aud":[1]}', '{"jti":false}')
{
	case("jwt_sign, claims $claims", "SELECT jwt_auth.jwt_sign('$claims', $key)", '22023');
	case("jwt_sign with the ring, claims $claims", "SELECT jwt_auth.jwt_sign('$claims')", '22023');
}
case('jwt_sign, 2 MB of claims', "SELECT jwt_auth.jwt_sign(jsonb_build_object('a', body('noise')), $key)", 'JW040');
case('jwt_sign, deep claims', "SELECT jwt_auth.jwt_sign('" . $deep->(101) . "', $key)", 'JW040');
case('jwt_sign, an unknown algorithm', "SELECT jwt_auth.jwt_sign('{}', $key, 'none')", '22023');
case('jwt_sign, an empty algorithm', "SELECT jwt_auth.jwt_sign('{}', $key, '')", '22023');
case('jwt_sign, noise for an algorithm', "SELECT jwt_auth.jwt_sign('{}', $key, body('noise'))", '22023');
case('jwt_sign, a header that is none', "SELECT jwt_auth.jwt_sign('{}', $key, header => '[]')", '22023');
case('jwt_sign, a header with another alg', "SELECT jwt_auth.jwt_sign('{}', $key, header => '{\"alg\":\"none\"}')", '22023');
case('jwt_sign, a header with crit', "SELECT jwt_auth.jwt_sign('{}', $key, header => '{\"crit\":[\"x\"]}')", '22023');

# --- Keys as such
for my $function ('jwk_public', 'jwk_thumbprint', 'jwk_to_pem')
{
	case("$function, NULL", "SELECT jwt_auth.$function(NULL)", '22004');
	case("$function, $_", "SELECT jwt_auth.$function('$_')", 'JW020')
	  for '{}', '{"kty":"oct"}', '{"kty":1}', '[]', '1', 'null';
	# A thumbprint is a hash of the members, whatever they say.
	next if $function eq 'jwk_thumbprint';
	case("$function, no point", "SELECT jwt_auth.$function('{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}')", 'JW020');
	case("$function, noise", "SELECT jwt_auth.$function(jsonb_build_object('kty', 'RSA', 'n', body('noise'), 'e', 'AQAB'))", 'JW020');
}
case('jwk_from_pem, NULL', 'SELECT jwt_auth.jwk_from_pem(NULL)', '22004');
case('jwk_from_pem, 2 MB of noise', "SELECT jwt_auth.jwk_from_pem(body('noise'))", 'JW040');
case("jwk_from_pem, $_->[0]", "SELECT jwt_auth.jwk_from_pem($_->[1])", 'JW020')
  for [ 'nothing', "''" ], [ 'noise', "left(body('noise'), 10000)" ], [ 'half of it', "'-----BEGIN PUBLIC KEY-----'" ];
case('jwk_generate, NULL', 'SELECT jwt_auth.jwk_generate(NULL)', '22004');
case("jwk_generate, $_", "SELECT jwt_auth.jwk_generate($_)", '22023')
  for "''", "'none'", "body('noise')", "'RS256', rsa_bits => 1024", "'RS256', rsa_bits => 0", "'RS256', rsa_bits => -1",
  "'RS256', rsa_bits => 2147483647", "'ES256', curve => 'P-384'", "'EdDSA', curve => 'none'";
case('base64url_decode, noise', "SELECT length(jwt_auth.base64url_decode(left(body('noise'), 2097152)))", '= 1572864');
case("base64url_decode, $_", "SELECT jwt_auth.base64url_decode('$_')", '22023') for 'A', 'AB', 'AA==', 'A A', 'AA+A', 'é';
case('base64url_decode, NULL', 'SELECT jwt_auth.base64url_decode(NULL) IS NULL', '= t');
case('base64url_encode, NULL', 'SELECT jwt_auth.base64url_encode(NULL) IS NULL', '= t');

# --- The keyring
case("create_signing_key, $_->[0]", "SELECT jwt_auth.create_signing_key($_->[1])", $_->[2])
  for [ 'NULL', 'NULL', '22004' ], [ 'NULL for activate', "'ES256', NULL", '22004' ], [ 'nothing', "''", '22023' ],
  [ 'none', "'none'", '22023' ], [ 'noise', "body('noise')", '22023' ], [ 'a second active one', "'ES256'", '55000' ];

# --- Sessions
case('issue_refresh_session, NULL', 'SELECT jwt_auth.issue_refresh_session(NULL)', '22004');
case('issue_refresh_session, nothing', "SELECT jwt_auth.issue_refresh_session('')", '22023');
case('issue_refresh_session, 2 MB of user', "SELECT jwt_auth.issue_refresh_session(body('noise'))", '22023');
for my $claims ('[]', '1', 'null') { case("issue_refresh_session, claims $claims", "SELECT jwt_auth.issue_refresh_session('eve', claims => '$claims')", '22023'); }
for my $claim (qw(iss sub aud sid iat nbf exp jti auth_time client_ip client_fp))
{
	case("issue_refresh_session, a claim that is ours: $claim",
		"SELECT jwt_auth.issue_refresh_session('eve', claims => '{\"$claim\": \"x\"}')", '22023');
}
case('issue_refresh_session, deep claims', "SELECT jwt_auth.issue_refresh_session('eve', claims => '" . $deep->(101) . "')", 'JW040');
case('issue_refresh_session, 2 MB of claims',
	"SELECT jwt_auth.issue_refresh_session('eve', claims => jsonb_build_object('a', body('noise')))", 'JW040');
case('issue_refresh_session, a metadata that is no object', "SELECT jwt_auth.issue_refresh_session('eve', metadata => '[]')", '22023');
case('refresh_session, NULL', 'SELECT jwt_auth.refresh_session(NULL)', '= (invalid,,,,,,,)');
my $handed_out = '(SELECT refresh_token FROM handed_out)';
my @refresh_tokens = (
	[ 'nothing', "''" ], [ 'noise', "body('noise')" ], [ 'more noise', "body('more')" ], [ 'keys', "body('unicode')" ],
	[ 'a space behind it', "$handed_out || ' '" ], [ 'a line feed behind it', "$handed_out || chr(10)" ],
	[ 'a character more', "$handed_out || 'A'" ],
	[ 'padding', "$handed_out || '='" ],
	[ 'another secret', "left($handed_out, -43) || repeat('A', 43)" ],
	[ 'another family secret', "left($handed_out, -60) || repeat('A', 10) || right($handed_out, 50)" ],
	[ 'an access token', '(SELECT access_token FROM handed_out)' ]);
for (@refresh_tokens)
{
	my ($what, $sql) = @$_;
	next if $what eq 'another secret';
	case("refresh_session, $what", "SELECT status, access_token IS NULL, refresh_token IS NULL, session_id IS NULL FROM jwt_auth.refresh_session($sql)",
		'= invalid|t|t|t');
	case("revoke_refresh_token, $what", "SELECT jwt_auth.revoke_refresh_token($sql)", '= f');
}
case('refresh_session, bytes that are no UTF-8', "SELECT jwt_auth.refresh_session(E'\\xff')", '22021');
case('revoke_refresh_token, NULL', 'SELECT jwt_auth.revoke_refresh_token(NULL)', '22004');
case('revoke_refresh_session, NULL', 'SELECT jwt_auth.revoke_refresh_session(NULL)', '22004');
case('revoke_refresh_session, unknown', "SELECT jwt_auth.revoke_refresh_session('00000000-0000-0000-0000-000000000000')", '= f');
case('revoke_user_tokens, NULL', 'SELECT jwt_auth.revoke_user_tokens(NULL)', '22004');
case('revoke_user_tokens, nothing', "SELECT jwt_auth.revoke_user_tokens('')", '22023');
case('revoke_user_tokens, 2 MB of user', "SELECT jwt_auth.revoke_user_tokens(body('noise'))", '22023');
case('user_sessions, NULL', 'SELECT jwt_auth.user_sessions(NULL)', '22004');
case('user_sessions, 2 MB of user', "SELECT count(*) FROM jwt_auth.user_sessions(body('noise'))", '22023');
case('revoke_on_password_change, called as a function', 'SELECT jwt_auth.revoke_on_password_change()', '39P01');
case('grant_issuer, NULL', 'SELECT jwt_auth.grant_issuer(NULL)', '22004');
case('grant_monitor, NULL', 'SELECT jwt_auth.grant_monitor(NULL)', '22004');
case('grant_monitor, nobody', "SELECT jwt_auth.grant_monitor('no_such_role')", '42704');
case('grant_verifier, NULL', 'SELECT jwt_auth.grant_verifier(NULL)', '22004');
case('grant_issuer, nobody', "SELECT jwt_auth.grant_issuer('no_such_role')", '42704');

# One session for all of them, so that one crash or one corrupted cache shows in all that follows.
my $script = "SELECT 'START ' || pg_backend_pid() || ' ' || state();\n";
for my $n (0 .. $#cases)
{
	$script .= "\\echo CASE $n\n$cases[$n]{sql};\n\\echo SQLSTATE :SQLSTATE\nSELECT 'STATE ' || pg_backend_pid() || ' ' || state();\n";
}
my ($stdout, $stderr);
my $file = PostgreSQL::Test::Utils::tempdir() . '/cases.sql';
append_to_file($file, $script);
IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-f', $file ],
	'<', \undef, '>', \$stdout, '2>', \$stderr);

my ($start) = $stdout =~ /^START (.*)$/m;
my %result;
while ($stdout =~ /^CASE (\d+)\n(.*?)^SQLSTATE (\S+)\nSTATE ([^\n]*)$/msg)
{
	$result{$1} = { answer => $2, code => $3, state => $4 };
}
my $state = $start;
for my $n (0 .. $#cases)
{
	my ($case, $result) = ($cases[$n], $result{$n});
	my $got = !$result ? 'no answer: the connection is gone' : $result->{code} eq '00000' ? "= $result->{answer}" : $result->{code};
	chomp $got;
	$got = substr($got, 0, 200);
	is($got, $case->{expected}, $case->{what});
	next unless $result;
	next if $result->{state} eq $state;
	fail("$case->{what}: another backend, or a row changed");
	$state = $result->{state};
}
is($state, $start, 'the same backend did it all, and no row changed in any table');
unlike($stderr, qr/\Q$secret\E|eyJ[\w-]{20}|"d":/, 'no message holds a secret, a token or a key');
# Nothing of what was given is repeated at length. The list of all algorithms is ours.
my $repeated = $stderr =~ s/^psql:[^\n]*ERROR:  22021[^\n]*//mgr =~ s/^HINT:  Signature algorithms are [^\n]*//mgr;
cmp_ok(length((sort { length $b <=> length $a } split /\n/, $repeated)[0] // ''), '<', 400, 'no message is long');

# --- Every token of these at introspect and revoke: inactive, ended without a word, and no error
{
	$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION introspected(token text, key text DEFAULT NULL, algorithms text[] DEFAULT NULL, leeway interval DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.revoke(token);
  RETURN jwt_auth.introspect(token);
END $$;
CREATE FUNCTION introspected(token text, key bytea) RETURNS text LANGUAGE sql AS $$ SELECT introspected(token) $$;
EOS
	my @asked = grep { $_->{expected} =~ /^(JW|= )/ && $_->{sql} =~ /^SELECT jwt_auth\.jwt_verify\(/ } @cases;
	my $questions = PostgreSQL::Test::Utils::tempdir() . '/introspect.sql';
	append_to_file($questions, join '', map { ($_->{sql} =~ s/jwt_auth\.jwt_verify\(/introspected(/r =~ s/ IS NOT NULL$//r) . ";\n" } @asked);
	my ($status, $answers, $errors) = $node->psql('postgres', "\\i $questions", extra_params => [ '-v', 'VERBOSITY=terse', '-v', 'ON_ERROR_STOP=0' ]);
	is($errors, '', 'introspect and revoke: no error');
	is($answers, join("\n", ('{"active": false}') x @asked), 'introspect: each of ' . @asked . ' tokens is inactive, and nothing more is said');
	cmp_ok(scalar(@asked), '>', 100, 'introspect: there were many');
	is($node->safe_psql('postgres', 'SELECT state()'), (split / /, $start)[-1], 'revoke: no row changed in any table');
}

# --- Tokens cut at each length
$node->safe_psql('postgres', <<'EOS');
-- A part of a signature that is strict base64url, also none, is a wrong signature; any other cut is malformed.
CREATE FUNCTION code_of_cut(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF token !~ '^[^.]+\.[^.]+\.[^.]*$' THEN
    RETURN 'JW001';
  END IF;
  PERFORM jwt_auth.base64url_decode(split_part(token, '.', 3));
  RETURN 'JW002';
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN 'JW001';
END $$;

CREATE FUNCTION verify_code(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.jwt_verify(token);
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
EOS
for my $algorithm ('HS256', 'RS256', 'ES256', 'EdDSA')
{
	is( $node->safe_psql('postgres', <<"EOS"), '', "$algorithm: a token cut at any length is refused with the right code");
WITH whole AS MATERIALIZED (SELECT jwt_auth.jwt_sign('{"sub": "ann", "n": 12345}', key('$algorithm')) AS token)
SELECT n, code_of_cut(left(token, n)), cut.*
FROM whole, generate_series(0, length(token) - 1) AS n,
  LATERAL jwt_auth.jwt_try_verify(left(token, n), key('$algorithm')) AS cut
WHERE valid OR claims IS NOT NULL OR error_code IS DISTINCT FROM code_of_cut(left(token, n))
EOS
}
is( $node->safe_psql('postgres', <<'EOS'), '', 'an access token of a session cut at any length is refused with the right code');
SELECT n, verify_code(left(access_token, n)) FROM handed_out, generate_series(0, length(access_token) - 1) AS n
WHERE verify_code(left(access_token, n)) <> code_of_cut(left(access_token, n))
EOS
is( $node->safe_psql('postgres', <<'EOS'), '', 'a refresh token cut at any length is invalid');
SELECT n, cut.* FROM handed_out, generate_series(0, length(refresh_token) - 1) AS n,
  LATERAL jwt_auth.refresh_session(left(refresh_token, n)) AS cut
WHERE cut.status <> 'invalid' OR cut.refresh_token IS NOT NULL OR cut.access_token IS NOT NULL
EOS
is($node->safe_psql('postgres', 'SELECT state()'), (split / /, $start)[1], 'and no row has changed');

# --- Intervals without an end
SKIP:
{
	my @calls = (
		"SELECT jwt_auth.issue_token('link', 'ann', %s)", "SELECT jwt_auth.impersonate('ann', 'bob', %s)",
		"SELECT jwt_auth.set_session_class('app', access_token_ttl => %s)", "SELECT jwt_auth.set_session_class('app', refresh_token_ttl => %s)",
		"SELECT jwt_auth.set_session_class('app', max_age => %s)", "SELECT jwt_auth.jwt_verify('a.b.c', $key, leeway => %s)",
		"SELECT jwt_auth.authenticate('a.b.c', max_age => %s)", "SELECT jwt_auth.refresh_cookie('t', max_age => %s)",
		'CALL jwt_auth.purge_events(%s)'
	);
	skip 'an interval has an end before PostgreSQL 17', 2 * @calls if $node->pg_version < 17;
	for my $value ("'infinity'::interval", "'-infinity'::interval")
	{
		for my $call (@calls)
		{
			my (undef, undef, $stderr) = $node->psql('postgres', sprintf($call, $value), extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
			is($stderr, 'psql:<stdin>:1: ERROR:  22023', sprintf($call, $value));
		}
	}
}

# --- Every function there is, with NULLs, nothing and noise in every place
my $sweep = $node->safe_psql('postgres', <<'EOS');
CREATE TABLE bad_value (type regtype, kind text, value text, PRIMARY KEY (type, kind));
INSERT INTO bad_value VALUES
  ('text', 'nothing', $v$''$v$), ('text', 'noise', $v$body('noise')$v$), ('text', 'sane', $v$'ann'$v$),
  ('jsonb', 'nothing', $v$'{}'$v$), ('jsonb', 'noise', $v$to_jsonb(body('noise'))$v$), ('jsonb', 'sane', $v$'{"a": 1}'$v$),
  ('bytea', 'nothing', $v$''$v$), ('bytea', 'noise', $v$body('noise')::bytea$v$), ('bytea', 'sane', $v$'ann'$v$),
  ('text[]', 'nothing', $v$'{}'$v$), ('text[]', 'noise', $v$ARRAY[[body('noise')], [NULL]]$v$), ('text[]', 'sane', $v$'{HS256}'$v$),
  ('interval', 'nothing', $v$'0'$v$), ('interval', 'noise', $v$'-178000000 years'$v$), ('interval', 'sane', $v$'1 day'$v$),
  ('inet', 'nothing', $v$'::/0'$v$), ('inet', 'noise', $v$'255.255.255.255/3'$v$), ('inet', 'sane', $v$'192.0.2.1'$v$),
  ('uuid', 'nothing', $v$'00000000-0000-0000-0000-000000000000'$v$), ('uuid', 'noise', $v$'ffffffff-ffff-ffff-ffff-ffffffffffff'$v$),
  ('uuid', 'sane', $v$gen_random_uuid()$v$),
  ('integer', 'nothing', '0'), ('integer', 'noise', '(-2147483648)'), ('integer', 'sane', '1'),
  ('bigint', 'nothing', '0'), ('bigint', 'noise', '(-9223372036854775808)'), ('bigint', 'sane', '1'),
  ('timestamptz', 'nothing', $v$'-infinity'$v$), ('timestamptz', 'noise', $v$'294276-12-31 23:59:59+00'$v$),
  ('timestamptz', 'sane', $v$(now() + interval '1 day')$v$),
  ('cidr[]', 'nothing', $v$'{}'$v$), ('cidr[]', 'noise', $v$ARRAY[['::/0'], [NULL]]$v$), ('cidr[]', 'sane', $v$'{192.0.2.0/24}'$v$),
  ('boolean', 'nothing', 'false'), ('boolean', 'noise', 'true'), ('boolean', 'sane', 'true'),
  ('regrole', 'nothing', $v$'-'$v$), ('regrole', 'noise', $v$'4294967295'$v$), ('regrole', 'sane', $v$'pg_monitor'$v$);
INSERT INTO bad_value SELECT DISTINCT type, 'null', format('NULL::%s', type) FROM bad_value;

CREATE FUNCTION sweep() RETURNS TABLE (call text, code text) LANGUAGE plpgsql AS $$
DECLARE
  f record;
  kinds text[];
  broken integer;
  bad text;
BEGIN
  FOR f IN
    SELECT p.oid::regprocedure AS signature, p.proname, p.prokind, p.proargtypes::oid[] AS types, p.pronargs
    FROM pg_proc AS p
    WHERE p.pronamespace = 'jwt_auth'::regnamespace AND p.prorettype <> 'trigger'::regtype AND p.prokind = 'f'
    ORDER BY 1
  LOOP
    FOREACH bad IN ARRAY ARRAY['null', 'nothing', 'noise'] LOOP
      -- 0: all of them at once; else one, and the others sane.
      FOR broken IN 0 .. f.pronargs LOOP
        SELECT format('SELECT jwt_auth.%I(%s)', f.proname, string_agg(v.value || '::' || v.type, ', ' ORDER BY a.n)) INTO call
        FROM unnest(f.types) WITH ORDINALITY AS a(type, n)
        JOIN bad_value AS v ON v.type = a.type AND v.kind = CASE WHEN broken IN (0, a.n) THEN bad ELSE 'sane' END;
        call := coalesce(call, format('SELECT jwt_auth.%I()', f.proname));
        BEGIN
          EXECUTE call;
          RAISE EXCEPTION USING ERRCODE = 'OK000', MESSAGE = 'roll back';
        EXCEPTION WHEN OTHERS THEN
          code := SQLSTATE;
        END;
        RETURN NEXT;
      END LOOP;
    END LOOP;
  END LOOP;
END $$;

CREATE TABLE swept AS SELECT * FROM sweep();
SELECT string_agg(DISTINCT format('%s: %s', code, left(call, 200)), E'\n') FROM swept
WHERE code !~ '^(OK000|JW...|22004|22023|22021|55000|2D000|25001|42501|42704|42710|58P01)$';
EOS
is($sweep, '', 'every function answers bad arguments with a code of its contract');
is( $node->safe_psql('postgres', <<'EOS'), '', 'the sweep has called every function');
SELECT p.oid::regprocedure FROM pg_proc AS p
WHERE p.pronamespace = 'jwt_auth'::regnamespace AND p.prorettype <> 'trigger'::regtype AND p.prokind = 'f'
  AND (NOT EXISTS (SELECT FROM swept WHERE call LIKE format('SELECT jwt_auth.%I(%%', p.proname))
       OR EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) AS t WHERE t NOT IN (SELECT type FROM bad_value)))
EOS
is($node->safe_psql('postgres', 'SELECT state()'), (split / /, $start)[1], 'and left no row changed');
is( $node->safe_psql('postgres', "SELECT jwt_auth.jwt_verify(access_token) ->> 'sub' FROM handed_out"),
	'ann', 'the session that was there before is alive');
is($node->safe_psql('postgres', "SELECT status FROM jwt_auth.refresh_session($handed_out)"), 'ok', 'and can be refreshed');

$node->stop;
done_testing();
