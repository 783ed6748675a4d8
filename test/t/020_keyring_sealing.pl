# Private keys at rest, and everything that can be wrong with the file that opens them.
use strict;
use warnings;
use lib '.';
use Ask qw(open_session);
use JwtAuth qw(encode_base64url);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('sealing');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nlog_min_messages = debug5\nlog_statement = all\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');

my $directory = PostgreSQL::Test::Utils::tempdir();
my $file = "$directory/kek";
my $kek = pack('H*', '00112233445566778899aabbccddeeff0fedcba9876543210123456789abcdef');
my $other_kek = pack('C*', map { 255 - $_ } 1 .. 32);

sub write_key
{
	my ($path, $text, $mode) = @_;
	unlink $path;
	open my $handle, '>', $path or die "$path: $!";
	print $handle $text;
	close $handle;
	chmod($mode // 0600, $path) or die "$path: $!";
}

# A reload reaches a session before its next command; each of these is a new one.
sub set_file
{
	my ($setting, $path) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET jwt_auth.$setting = '$path'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('jwt_auth.$setting') = '$path'") or die "$setting: no reload";
}

# What a statement answers: its first column, or its SQLSTATE.
sub answer
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql");
	return $err =~ /ERROR:  (\w+)/ ? $1 : $out;
}

sub message
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	return $err;
}

my $sign = "SELECT length(jwt_auth.jwt_sign('{\"sub\": \"ann\"}')) > 0";

# A client's proof of its key, which no secret of the server has a part in.
$node->safe_psql('postgres', "CREATE TABLE device AS SELECT jwt_auth.jwk_generate('ES256') AS key");
my $proof = <<'EOS';
SELECT jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', gen_random_uuid(), 'htm', 'GET', 'htu', 'https://api.example/',
  'iat', floor(extract(epoch FROM clock_timestamp())))::text, 'UTF8'), (key - 'kid')::text, NULL,
  jsonb_build_object('typ', 'dpop+jwt', 'jwk', jwt_auth.jwk_public(key) - '{kid,alg,use,key_ops}'::text[])) FROM device
EOS

# Stored in the clear, then sealed.
$node->safe_psql('postgres', "SELECT jwt_auth.create_signing_key('HS256')");
my $of_secret = $node->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('{\"sub\": \"secret\", \"exp\": 4102444800}')");
$node->safe_psql('postgres', "SELECT jwt_auth.rotate_signing_key('ES256')");
my $of_public = $node->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('{\"sub\": \"public\", \"exp\": 4102444800}')");
is(answer('SELECT string_agg(sealed::text, \' \') FROM jwt_auth.signing_keys'), 'false false', 'two keys in the clear');
my $verify_secret = "SELECT jwt_auth.jwt_verify('$of_secret') ->> 'sub'";
my $verify_public = "SELECT jwt_auth.jwt_verify('$of_public') ->> 'sub'";

# The secret of a trusted issuer, beside a public key.
my $issuer_secret = 'c2VjcmV0IG9mIGFuIGlzc3VlcjogMzIgYnl0ZXMgISEh';
$node->safe_psql('postgres', "CREATE TABLE idp AS SELECT jwt_auth.jwk_generate('ES256') AS key");
$node->safe_psql('postgres', "SELECT jwt_auth.trust_issuer('idp', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(key), '{\"kty\": \"oct\", \"k\": \"$issuer_secret\"}'::jsonb))) FROM idp");
my $claims = '{"iss": "idp", "sub": "foreign", "exp": 4102444800}';
my $of_issuer = $node->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('$claims', '{\"kty\": \"oct\", \"k\": \"$issuer_secret\"}')");
my $of_issuer_public = $node->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('$claims', key::text) FROM idp");
my $verify_issuer = "SELECT jwt_auth.jwt_verify('$of_issuer') ->> 'sub'";
my $verify_issuer_public = "SELECT jwt_auth.jwt_verify('$of_issuer_public') ->> 'sub'";
is(answer($verify_issuer), 'foreign', 'an issuer\'s secret in the clear verifies');

write_key($file, unpack('H*', $kek));
set_file('key_encryption_key_file', $file);
is(answer($sign), 't', 'what lies in the clear signs on');
is(answer("SELECT count(*) FROM jwt_auth.doctor() WHERE finding LIKE 'the HMAC keys of trusted issuers are stored in the clear%'"), '1', 'the doctor says which issuer\'s secrets are not sealed');
is(answer('SELECT jwt_auth.seal_signing_keys()'), '3', 'both are sealed, and the issuer\'s secret');
is(answer("SELECT secret_jwks LIKE 'eyJ%' FROM jwt_auth.trusted_issuer"), 't', 'it is a JWE');
is(answer($verify_issuer), 'foreign', 'sealed it verifies');
is(answer("BEGIN; INSERT INTO jwt_auth.trusted_issuer (issuer, jwks, created_at, secret_jwks) SELECT 'other', jwks, created_at, secret_jwks FROM jwt_auth.trusted_issuer WHERE issuer = 'idp'; SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{\"iss\": \"other\", \"exp\": 4102444800}', '{\"kty\": \"oct\", \"k\": \"$issuer_secret\"}'))"),
	'JW022', 'in the row of another issuer it does not open');
is(answer('SELECT jwt_auth.seal_signing_keys()'), '0', 'once is enough');
is(answer('SELECT string_agg(sealed::text, \' \') FROM jwt_auth.signing_keys'), 'true true', 'the view says so');
is( answer("SELECT count(*) FROM jwt_auth.signing_key, jwt_auth.jwt_decode_unverified(private_jwk)"),
	'JW001', 'what is stored is no JWS');
is( answer("SELECT bool_and(convert_from(jwt_auth.base64url_decode(split_part(private_jwk, '.', 1)), 'UTF8')::jsonb"
		  . " \@> jsonb_build_object('alg', 'dir', 'enc', 'A256GCM', 'kid', kid, 'cty', 'jwk+json')) FROM jwt_auth.signing_key"),
	't', 'but a JWE of RFC 7517 section 7, which names its kid');
is(answer($sign), 't', 'sealed keys sign');
unlink $file;
$node->reload;
$node->poll_query_until('postgres', "SELECT pg_conf_load_time() > now() - interval '1 minute'");
is(answer($verify_issuer), 'JW022', 'without the file an issuer\'s secret verifies nothing');
is(answer($verify_issuer_public), 'foreign', 'its public keys go on');
write_key($file, unpack('H*', $kek));
is(answer($verify_issuer), 'foreign', 'and it comes back with the file');
is(answer($verify_secret), 'secret', 'a sealed HMAC key verifies');
is(answer($verify_public), 'public', 'a public key verifies');
is(answer("SELECT jwt_auth.rotate_signing_key() IS NOT NULL"), 't', 'a rotation');
is(answer("SELECT bool_and(sealed) FROM jwt_auth.signing_keys"), 't', 'its key is sealed');
is(answer("SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('EdDSA')::text) IS NOT NULL"), 't', 'an import');
is(answer("SELECT bool_and(sealed) FROM jwt_auth.signing_keys"), 't', 'its key is sealed too');

# Every spelling of the same key.
(my $unpadded = encode_base64($kek, '')) =~ s/=//g;
for ([ 'hex', unpack('H*', $kek) ],
	[ 'upper-case hex with a line end', uc(unpack('H*', $kek)) . "\n" ],
	[ 'base64', encode_base64($kek) ],
	[ 'base64 without padding', " $unpadded\r\n" ],
	[ 'base64url', encode_base64url($kek) ],
	[ 'padded base64url', encode_base64url($kek) . "=\n" ],
	[ 'an oct JWK', '{"kty": "oct", "k": "' . encode_base64url($kek) . '", "alg": "A256GCM", "kid": "2026"}' ])
{
	my ($what, $text) = @$_;
	write_key($file, $text, 0640);
	is(answer($sign), 't', "$what opens the keys");
}

# Rows can't be swapped, nor can a JWE be cut.
is( answer("BEGIN; UPDATE jwt_auth.signing_key SET private_jwk = (SELECT private_jwk FROM jwt_auth.signing_key WHERE state = 'pending')"
		  . " WHERE state = 'active'; $sign"),
	'JW022', 'one row\'s sealed key does not open in another');
is(answer("BEGIN; UPDATE jwt_auth.signing_key SET private_jwk = left(private_jwk, -1) WHERE state = 'active'; $sign"),
	'JW022', 'a cut one does not open');

# Everything that a file can be but a key.
my $expect_sealed = sub {
	my ($what, $complaint) = @_;
	my $before = answer('SELECT md5(string_agg(k::text, \' \' ORDER BY kid)) FROM jwt_auth.signing_key k');
	is(answer($sign), 'JW022', "$what: signing says JW022");
	like(message($sign), $complaint, "$what: the message says what is the matter");
	like(message($sign), qr/HINT:  Check that the file that jwt_auth\.key_encryption_key_file names is there, is readable by the server alone/, "$what: there is a hint");
	is(answer("SELECT jwt_auth.create_signing_key(activate => false)"), 'JW022', "$what: nothing is created");
	is(answer("SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('ES256')::text)"), 'JW022', "$what: nothing is imported");
	is(answer("SELECT jwt_auth.rotate_signing_key()"), 'JW022', "$what: nothing is rotated");
	is(answer("SELECT jwt_auth.seal_signing_keys()"), 'JW022', "$what: nothing is sealed");
	is(answer($verify_public), 'public', "$what: public keys verify as before");
	is(answer($verify_secret), 'JW022', "$what: an HMAC key can't, and the token is not to blame");
	is(answer("SELECT jwt_auth.introspect('$of_secret')"), 'JW022', "$what: nor is it called inactive");
	is(answer("SELECT jti IS NOT NULL FROM jwt_auth.verify_proof(($proof), 'GET', 'https://api.example/')"), 't', "$what: a client proves its key");
	is(answer("SELECT jti FROM jwt_auth.verify_proof(($proof), 'GET', 'https://api.example/', nonce => 'x')"), 'JW022', "$what: but not that it knows a nonce of the server");
	(my $old = $proof) =~ s/clock_timestamp\(\)/clock_timestamp() - interval '2 hours'/;
	is(answer("SELECT jti FROM jwt_auth.verify_proof(($old), 'GET', 'https://api.example/')"), 'JW015', "$what: an old proof is one");
	(my $with_nonce = $old) =~ s/'htm'/'nonce', 'x', 'htm'/;
	is(answer("SELECT jti FROM jwt_auth.verify_proof(($with_nonce), 'GET', 'https://api.example/')"), 'JW022', "$what: but not where a nonce may stand for the client's clock");
	is(answer("SELECT jwt_auth.introspect('$of_public') ->> 'active'"), 'true', "$what: one of a public key is active");
	is(answer("SELECT jsonb_array_length(jwt_auth.jwks() -> 'keys') > 0"), 't', "$what: the public keys are published as before");
	is(answer('SELECT md5(string_agg(k::text, \' \' ORDER BY kid)) FROM jwt_auth.signing_key k'), $before, "$what: nothing is lost");
};
write_key($file, '');
$expect_sealed->('an empty file', qr/file is empty/);
write_key($file, "\n \n");
$expect_sealed->('a blank file', qr/does not hold 32 bytes/);
write_key($file, substr(unpack('H*', $kek), 2));
$expect_sealed->('a short key', qr/does not hold 32 bytes/);
write_key($file, unpack('H*', $kek) . '00');
$expect_sealed->('a long key', qr/does not hold 32 bytes/);
write_key($file, $kek);
$expect_sealed->('raw bytes', qr/does not hold 32 bytes/);
write_key($file, ' ' x 5000 . unpack('H*', $kek));
$expect_sealed->('a long file', qr/file is too long/);
write_key($file, '{"kty": "oct", "k": "c2hvcnQ"}');
$expect_sealed->('a short JWK', qr/does not hold 32 bytes/);
for my $mode (0604, 0602, 0601, 0644)
{
	write_key($file, unpack('H*', $kek), $mode);
	like(message($sign), qr/file is open to others/, sprintf('mode %o is refused', $mode));
}
write_key($file, unpack('H*', $kek), 0644);
$expect_sealed->('a file that others can read', qr/file is open to others/);
unlink $file;
$expect_sealed->('a missing file', qr/file does not exist/);
mkdir $file;
chmod 0700, $file;
$expect_sealed->('a directory', qr/is not a regular file/);
rmdir $file;
system('mkfifo', '-m', '600', $file) == 0 or die "mkfifo: $?";
$expect_sealed->('a pipe', qr/is not a regular file/);
unlink $file;
symlink($file, $file) or die "$file: $!";
$expect_sealed->('a link to itself', qr/cannot be opened/);
unlink $file;
write_key("$file.there", unpack('H*', $kek));
symlink("$file.there", $file) or die "$file: $!";
is(answer($sign), 't', 'a link to a key is followed');
chmod 0644, "$file.there";
like(message($sign), qr/file is open to others/, 'and what it leads to is what must not be open to others');
unlink $file, "$file.there";
SKIP:
{
	skip 'root may read every file', 1 if $> == 0;
	write_key($file, unpack('H*', $kek), 0000);
	like(message($sign), qr/cannot be opened/, 'a file that the server may not read');
}

# The wrong key stores no key under it beside those that it can't open.
write_key($file, unpack('H*', $other_kek));
is(answer($sign), 'JW022', 'another key: signing says JW022');
like(message($sign), qr/no key-encryption key opens it/, 'another key: the message says so');
is(answer("SELECT jwt_auth.seal_signing_keys()"), 'JW022', 'another key: nothing is sealed');
is(answer($verify_public), 'public', 'another key: public keys verify as before');

# A file comes back: an open session notices without a reload.
unlink $file;
my ($in, $out) = ('', '');
my $timer = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
my $psql = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres') ],
	'<', \$in, '>&', \$out, $timer);
my $ask = sub {
	my ($sql) = @_;
	$out = '';
	$in .= "$sql;\n\\echo asked\n";
	$timer->start;
	$psql->pump until $out =~ /asked/;
	return $out =~ /ERROR:  (\w+)/ ? $1 : (split /\n/, $out)[0];
};
is($ask->($sign), 'JW022', 'an open session without the file');
write_key($file, unpack('H*', $kek));
select(undef, undef, undef, 1.2);
is($ask->($sign), 't', 'signs once the file is there');

# The file disappears while running: what is open stays open until the configuration is read again.
unlink $file;
is($ask->($sign), 't', 'an open session goes on when the file disappears');
$node->reload;
my $refused = '';
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	$refused = $ask->($sign);
	last if $refused ne 't';
	select(undef, undef, undef, 0.1);
}
is($refused, 'JW022', 'and notices at the next reload');
write_key($file, unpack('H*', $kek));
$node->reload;
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	$refused = $ask->($sign);
	last if $refused eq 't';
	select(undef, undef, undef, 0.1);
}
is($refused, 't', 'and again');

# A new key-encryption key: both files, reload, seal; nothing stops meanwhile.
my $new_file = "$directory/kek.new";
write_key($new_file, encode_base64url($other_kek));
set_file('previous_key_encryption_key_file', $file);
set_file('key_encryption_key_file', $new_file);
is(answer($sign), 't', 'with both files keys sealed before still sign');
is(answer($verify_secret), 'secret', 'and verify');
is(answer('SELECT jwt_auth.rotate_signing_key() IS NOT NULL'), 't', 'and are rotated');
is(answer("SELECT jwt_auth.rotate_signing_key('ES512') IS NOT NULL"), 't', 'to a new key as well');
# A file that comes back while a refresh waits.
my $dora = $node->safe_psql('postgres', "SELECT refresh_token FROM jwt_auth.issue_refresh_session('dora')");
is(answer("SELECT status FROM jwt_auth.refresh_session('$dora')"), 'ok', 'a refresh, whose answer is lost');
{
	my ($holder, $refresher) = map { open_session($node) } 1 .. 2;
	chmod 0644, $file or die $!;
	$holder->ask('BEGIN; LOCK TABLE jwt_auth.refresh_session');
	$refresher->send("SELECT status FROM jwt_auth.refresh_session('$dora')");
	$node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $refresher->{pid}") or die;
	chmod 0600, $file or die $!;
	$holder->ask('COMMIT');
	is($refresher->answer, 'replayed', 'the previous file comes back while its client asks again');
	$_->close for $holder, $refresher;
}
my $keys = answer('SELECT count(*) FROM jwt_auth.signing_keys WHERE sealed');
is(answer('SELECT jwt_auth.seal_signing_keys()'), $keys, 'all keys but the newest are sealed anew, and the issuer\'s secret');
set_file('previous_key_encryption_key_file', '');
unlink $file;
is(answer($sign), 't', 'then the previous file may go');
is(answer($verify_secret), 'secret', 'and all is well');
is(answer('SELECT jwt_auth.seal_signing_keys()'), '0', 'nothing is left to seal');
set_file('previous_key_encryption_key_file', $file);
is(answer($sign), 't', 'a previous file that is missing hurts nobody who does not need it');

# Without the setting a sealed key stays sealed.
set_file('key_encryption_key_file', '');
is(answer($sign), 'JW022', 'no file set: signing says JW022');
like(message($sign), qr/jwt_auth.key_encryption_key_file is not set/, 'no file set: the message says so');
is(answer($verify_public), 'public', 'no file set: public keys verify as before');

# A key that is retired while sealing waits for another's row.
set_file('key_encryption_key_file', $new_file);
set_file('previous_key_encryption_key_file', '');
is(answer("SELECT count(*) FROM jwt_auth.doctor() WHERE finding LIKE 'the secret of the server%'"), '0', 'the doctor is content with the secret of the server');
$node->safe_psql('postgres', "SELECT jwt_auth.retire_signing_key(kid) FROM jwt_auth.signing_keys WHERE state = 'pending'");
my $pending = $node->safe_psql('postgres', 'SELECT jwt_auth.create_signing_key(activate => false)');
my ($holder, $sealer) = map { open_session($node) } 1 .. 2;
$holder->ask("BEGIN; SELECT FROM jwt_auth.signing_key WHERE state = 'active' FOR UPDATE");
$sealer->send('SELECT jwt_auth.seal_signing_keys()');
$node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $sealer->{pid}") or die;
$node->safe_psql('postgres', "SELECT jwt_auth.retire_signing_key('$pending')");
$holder->ask('COMMIT');
is($sealer->answer, '0', 'a key that is retired meanwhile is none to be sealed');
$_->close for $holder, $sealer;

# The secret of the server, made without a key file.
my ($ann, $bob) = map { $node->safe_psql('postgres', "SELECT refresh_token FROM jwt_auth.issue_refresh_session('$_')") } qw(ann bob);
my $next = $node->safe_psql('postgres', "SELECT refresh_token FROM jwt_auth.refresh_session('$ann')");
set_file('key_encryption_key_file', '');
$node->safe_psql('postgres', "BEGIN; DELETE FROM jwt_auth.server_secret; SELECT jwt_auth.proof_nonce(); COMMIT");
set_file('key_encryption_key_file', $new_file);
is(answer("SELECT count(*) FROM jwt_auth.doctor() WHERE severity = 'warning' AND finding = 'the secret of the server is stored in the clear though a key file is set'"),
	'1', 'the doctor says that it lies in the clear');
is(answer('SELECT jwt_auth.seal_signing_keys()'), '0', 'sealing seals it, and counts keys only');
is(answer("SELECT starts_with(secret, '{') FROM jwt_auth.server_secret"), 'f', 'it is sealed');
$next = $node->safe_psql('postgres', "SELECT refresh_token FROM jwt_auth.refresh_session('$next')");
my $after = $node->safe_psql('postgres', "SELECT refresh_token FROM jwt_auth.refresh_session('$next')");
set_file('key_encryption_key_file', '');

# The key-encryption key is lost for good: past what it sealed, with a new one.
write_key("$directory/kek.lost", unpack('H*', pack('C*', map { $_ * 3 } 1 .. 32)));
set_file('previous_key_encryption_key_file', '');
set_file('key_encryption_key_file', "$directory/kek.lost");
is(answer($sign), 'JW022', 'a lost key-encryption key: nothing signs');
is(answer("SELECT jwt_auth.rotate_signing_key() IS NOT NULL"), 't', 'a lost key-encryption key: a rotation makes a key under the new one');
is(answer($sign), 't', 'a lost key-encryption key: which signs');
is(answer($verify_public), 'public', 'a lost key-encryption key: what was signed before is good');
is(answer("SELECT status FROM jwt_auth.issue_refresh_session('cy')"), 'ok', 'a lost key-encryption key: users log in');
is(answer("SELECT status FROM jwt_auth.refresh_session('$bob')"), 'ok', 'a lost key-encryption key: sessions from before are refreshed');
is(answer("SELECT status FROM jwt_auth.refresh_session('$next')"), 'JW022', 'a lost key-encryption key: an answer that was lost can not be given again, and nobody is logged out');
is(answer("SELECT status FROM jwt_auth.refresh_session('$after')"), 'ok', 'a lost key-encryption key: nor is the one who has it');
is(answer("SELECT count(*) FROM jwt_auth.doctor() WHERE severity = 'error' AND finding LIKE 'the secret of the server can''t be read: %'"), '1',
	'a lost key-encryption key: the doctor says that the secret of the server went with it');
is(answer('SELECT jwt_auth.seal_signing_keys()'), 'JW022', 'a lost key-encryption key: what it sealed can not be sealed anew');
$node->safe_psql('postgres', "SELECT jwt_auth.retire_signing_key(kid) FROM jwt_auth.signing_keys WHERE state = 'pending'");
is(answer("SELECT jwt_auth.distrust_issuer('idp')"), 't', 'a lost key-encryption key: nor the secret of an issuer');
# A file that is there and can't be read may be the right one.
my $secret = 'SELECT md5(secret) FROM jwt_auth.server_secret';
my $secret_before = answer($secret);
chmod 0644, $new_file or die $!;
set_file('previous_key_encryption_key_file', $new_file);
is(answer('SELECT jwt_auth.seal_signing_keys()'), 'JW022', 'the previous file is open to others: nothing counts as lost');
is(answer($secret), $secret_before, 'the previous file is open to others: the secret of the server is kept');
set_file('previous_key_encryption_key_file', '');
my $said = message('SELECT jwt_auth.seal_signing_keys()');
like($said, qr/WARNING: +the private part of the signing key "[\w-]+" cannot be opened and stays as it is\nDETAIL: +The key only verifies, by its public part\./,
	'a lost key-encryption key: keys that only verify stay as they are');
like($said, qr/DETAIL: +It is an HMAC key: nothing that it signed can be verified\./, 'a lost key-encryption key: an HMAC key as well');
isnt(answer($secret), $secret_before, 'a lost key-encryption key: the secret of the server is a new one');
is(answer($verify_public), 'public', 'a lost key-encryption key: they verify on');
is(answer('SELECT jwt_auth.proof_nonce() IS NOT NULL'), 't', 'a lost key-encryption key: nonces are made again');
is(answer("SELECT count(*) FROM jwt_auth.doctor() WHERE finding LIKE 'the secret of the server%'"), '0', 'a lost key-encryption key: the doctor is content');
$node->safe_psql('postgres', "SELECT jwt_auth.retire_signing_key(kid) FROM jwt_auth.signing_keys WHERE state <> 'active'");
is(answer('SELECT jwt_auth.seal_signing_keys()'), '0', 'a lost key-encryption key: once they are retired all is well');
is(answer($sign), 't', 'a lost key-encryption key: and the new key signs on');
set_file('key_encryption_key_file', '');

# Who may see the paths.
$node->safe_psql('postgres', 'CREATE ROLE nobody LOGIN');
is(answer('SET ROLE nobody; SHOW jwt_auth.key_encryption_key_file'), '42501', 'the path is for superusers');
is(answer("SET jwt_auth.key_encryption_key_file = '/tmp/x'"), '55P02', 'and set only in the server\'s configuration');

# Nothing of the key-encryption keys has come out.
$timer->start;
$psql->finish;
my $log = slurp_file($node->logfile);
for my $key ($kek, $other_kek)
{
	is(index($log, $_), -1, 'the log holds no key-encryption key')
	  for unpack('H*', $key), uc unpack('H*', $key), encode_base64url($key), substr(encode_base64($key, ''), 0, 42), $key;
}
done_testing();
