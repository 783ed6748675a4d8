# A private key never comes out: not in the log however much is logged, not to the client, not in pg_stat_statements, and once
# sealed not in a dump nor in any file of the server.
use strict;
use warnings;
use lib '.';
use File::Find;
use JwtAuth qw(encode_base64url decode_base64url);
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @algorithms = qw(HS256 HS512 RS256 PS256 ES256 ES384 ES512 ES256K EdDSA Ed448);
my @private = qw(d p q dp dq qi k);

# Everything that PostgreSQL can be told to log.
my $talkative = <<'EOC';
shared_preload_libraries = 'jwt_auth, auto_explain, pg_stat_statements'
log_min_messages = debug5
client_min_messages = debug5
log_min_error_statement = debug5
log_error_verbosity = verbose
log_statement = all
log_min_duration_statement = 0
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
log_duration = on
log_lock_waits = on
debug_print_parse = on
debug_print_rewritten = on
debug_print_plan = on
debug_pretty_print = on
auto_explain.log_min_duration = 0
auto_explain.log_analyze = on
auto_explain.log_verbose = on
auto_explain.log_triggers = on
auto_explain.log_nested_statements = on
auto_explain.log_settings = on
pg_stat_statements.track = all
pg_stat_statements.track_utility = on
EOC
my $node = PostgreSQL::Test::Cluster->new('secrets');
$node->init;
$node->append_conf('postgresql.conf', $talkative);
$node->append_conf('postgresql.conf', "auto_explain.log_parameter_max_length = -1\n") if $node->pg_version >= 16;
$node->start;

my $directory = PostgreSQL::Test::Utils::tempdir();
my $output = '';

# What a client sees of a statement, messages included, is searched as well.
sub run
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	$output .= "$out\n$err\n";
	return $out;
}

# Reads without leaving a trace of what was read in the log: COPY to a client logs no rows, and nothing is a parameter.
sub stored_keys
{
	return map { decode_json($_) } split /\n/, $node->safe_psql('postgres',
		"SET client_min_messages = error; SELECT private_jwk FROM jwt_auth.signing_key WHERE private_jwk LIKE '{%' ORDER BY created_at");
}

# Every way in which a number or a secret might be written.
my %needle;
sub look_for
{
	my ($jwk) = @_;
	for my $member (grep { defined $jwk->{$_} } @private)
	{
		my $bytes = decode_base64url($jwk->{$member});
		(my $base64 = encode_base64($bytes, '')) =~ s/=+$//;
		my $what = "$member of $jwk->{alg}";
		$needle{ $jwk->{$member} } = "$what, base64url";
		$needle{$base64} //= "$what, base64";
		$needle{$bytes} = "$what, raw";
		$needle{ unpack('H*', $bytes) } = "$what, hex";
		$needle{ uc unpack('H*', $bytes) } = "$what, upper-case hex";
		# A beginning is a leak as well.
		$needle{ substr($jwk->{$member}, 0, 16) } = "the beginning of $what, base64url";
		$needle{ substr($bytes, 0, 12) } = "the beginning of $what, raw";
	}
}

sub found_in
{
	my ($haystack) = @_;
	return join ', ', sort map { $needle{$_} } grep { index($haystack, $_) >= 0 } keys %needle;
}

# Keys in the clear, through every statement that makes, uses, replaces and ends them, and through failures of each.
run('CREATE EXTENSION jwt_auth; CREATE EXTENSION pg_stat_statements');
run("SELECT jwt_auth.create_signing_key('$_', false)") for @algorithms;
look_for($_) for stored_keys();
is(scalar(keys %needle) > 100, 1, 'there is much to look for');

my $jwk = $node->safe_psql('postgres', "SET log_statement = none; SET client_min_messages = error; SELECT jwt_auth.jwk_generate('ES256')");
look_for(decode_json($jwk));
append_to_file("$directory/key.jwk", $jwk);
like(run("SELECT jwt_auth.import_signing_key_from_file('$directory/key.jwk')"), qr/^[\w-]{43}$/m, 'a key from a file');
run("SELECT jwt_auth.import_signing_key_from_file('$directory/key.jwk')");
append_to_file("$directory/broken.jwk", $jwk =~ s/"crv": *"P-256"/"crv":"P-384"/r);
run("SELECT jwt_auth.import_signing_key_from_file('$directory/broken.jwk')");
append_to_file("$directory/cut.jwk", substr($jwk, 0, -1));
run("SELECT jwt_auth.import_signing_key_from_file('$directory/cut.jwk')");
for my $round (0 .. $#algorithms + 2)
{
	my $token = run("SELECT jwt_auth.jwt_sign('{\"sub\": \"ann\"}')");
	run("SELECT jwt_auth.jwt_verify('$1')") if $token =~ /(eyJ[\w.-]+)/;
	run("SELECT jwt_auth.jwt_sign(jsonb_build_object('exp', 4102444800))");
	run('SELECT jwt_auth.rotate_signing_key()');
	look_for($_) for stored_keys();
}
run("BEGIN; SELECT jwt_auth.rotate_signing_key('HS384'); ROLLBACK");
run("SELECT jwt_auth.create_signing_key('HS256')");
run("ALTER TABLE jwt_auth.signing_key ADD CONSTRAINT refused CHECK (algorithm = 'none') NOT VALID;");
run("SELECT jwt_auth.create_signing_key('$_', false)") for @algorithms;
run("SELECT jwt_auth.rotate_signing_key('HS256')");
run('ALTER TABLE jwt_auth.signing_key DROP CONSTRAINT refused');
run("SELECT jwt_auth.private_jwk_in_transit()");
run("DO \$\$ BEGIN PERFORM jwt_auth.rotate_signing_key(); RAISE EXCEPTION 'undone'; END \$\$");
run('TABLE jwt_auth.signing_keys; SELECT jwt_auth.jwks(); TABLE jwt_auth.auth_event');
run('SELECT jwt_auth.retire_signing_key(kid) FROM jwt_auth.signing_keys');
run('SELECT query FROM pg_stat_statements; SELECT query FROM pg_stat_activity; SELECT * FROM pg_prepared_statements');

my $log = slurp_file($node->logfile);
like($log, qr/INSERT INTO jwt_auth\.signing_key/, 'the log holds the inner statements');
like($log, qr/Query Text: INSERT INTO jwt_auth\.signing_key.*arriving_secret/, 'auto_explain has explained them');
like($log, qr/PLANNEDSTMT/, 'and so have their plans been printed');
like($output, qr/INSERT INTO jwt_auth\.signing_key/, 'pg_stat_statements has them as well');
like($log, qr/Failing row contains/, 'and rows that a constraint refused');
is(found_in($log), '', 'no private key in the log');
is(found_in($output), '', 'no private key in anything that a client has seen');
is(found_in("x$jwk"), 'd of ES256, base64url, the beginning of d of ES256, base64url', 'the search finds what is there');
my ($dump) = run_command([ 'pg_dump', '-d', $node->connstr('postgres') ]);
is(found_in($dump), '', 'a dump holds no private part of retired keys');
$node->stop;

# Sealed from the start: then no dump and no file holds anything either.
my $kek = encode_base64url(pack('C*', map { $_ * 7 % 256 } 1 .. 32));
my $sealed = PostgreSQL::Test::Cluster->new('sealed');
$sealed->init;
append_to_file("$directory/kek", $kek);
chmod 0600, "$directory/kek";
$sealed->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\njwt_auth.key_encryption_key_file = '$directory/kek'\n"
	  . "log_min_messages = debug5\nlog_statement = all\nfull_page_writes = on\n");
$sealed->start;
$sealed->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');
$sealed->safe_psql('postgres', "SELECT jwt_auth.create_signing_key('$_', false)") for @algorithms;
$sealed->safe_psql('postgres', "SELECT jwt_auth.import_signing_key_from_file('$directory/key.jwk')");
for (1 .. 4)
{
	$sealed->safe_psql('postgres', 'SELECT jwt_auth.rotate_signing_key()');
	$sealed->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('{\"sub\": \"ann\"}')");
}
is($sealed->safe_psql('postgres', 'SELECT bool_and(sealed) FROM jwt_auth.signing_keys'), 't', 'all keys are sealed');
($dump) = run_command([ 'pg_dump', '-d', $sealed->connstr('postgres') ]);
like($dump, qr/COPY jwt_auth\.signing_key .*\n.*eyJ/, 'a dump has the sealed keys');
my ($dump_all) = run_command([ 'pg_dumpall', '-d', $sealed->connstr('postgres') ]);
$sealed->safe_psql('postgres', 'CHECKPOINT');
$sealed->stop;
my %files;
find(sub { $files{$File::Find::name} = slurp_file($_) if -f $_ }, $sealed->data_dir);
$files{log} = slurp_file($sealed->logfile);

# Only now is anything opened, to know what to look for.
%needle = ();
$sealed->append_conf('postgresql.conf', "log_statement = none\nlog_min_messages = warning\n");
$sealed->start;
my @opened = split /\n/, $sealed->safe_psql('postgres', "SELECT convert_from(jwt_auth.jwe_decrypt(private_jwk,"
	  . " '{\"kty\":\"oct\",\"k\":\"$kek\"}'), 'UTF8') FROM jwt_auth.signing_key");
is(scalar(@opened), @algorithms + 1, 'each opens with the key-encryption key, as any JWE of RFC 7516 does');
look_for(decode_json($_)) for @opened;
is(scalar(keys %needle) > 100, 1, 'there is much to look for again');
is(found_in($dump), '', 'a dump holds no private key');
is(found_in($dump_all), '', 'nor does a dump of everything');
is(index($dump . $dump_all, $kek), -1, 'nor the key that opens them');
cmp_ok(scalar(keys %files), '>', 500, 'the data directory has its files');
is(join("\n", map { my $found = found_in($files{$_}); $found eq '' ? () : "$_: $found" } sort keys %files),
	'', 'no file of the server holds a private key: no table, no index, no write-ahead log, no statistics, no log');

# The dump is good for those who have the key, and for nobody else.
my $restored = PostgreSQL::Test::Cluster->new('restored');
$restored->init;
$restored->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\n");
$restored->start;
my $token = $sealed->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('{\"sub\": \"restored\"}')");
append_to_file("$directory/dump.sql", $dump);
$restored->psql('postgres', '', on_error_die => 1);
command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-d', $restored->connstr('postgres'), '-f', "$directory/dump.sql" ], 'the dump is restored');
is($restored->safe_psql('postgres', "SELECT jwt_auth.jwt_verify('$token') ->> 'sub'"), 'restored', 'what was signed before verifies there');
my ($status, $out, $err) = $restored->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT jwt_auth.jwt_sign('{}')");
like($err, qr/ERROR:  JW022/, 'nobody signs there without the key');
$restored->append_conf('postgresql.conf', "jwt_auth.key_encryption_key_file = '$directory/kek'\n");
$restored->restart;
$token = $restored->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('{\"sub\": \"there\"}')");
is($sealed->safe_psql('postgres', "SELECT jwt_auth.jwt_verify('$token') ->> 'sub'"), 'there', 'who has it signs as before');
done_testing();
