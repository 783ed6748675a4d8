# A dump takes everything along: keys, cutoffs, sessions, the deny list, policies, the audit and its sequence.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $key_file = PostgreSQL::Test::Utils::tempdir() . '/key';
append_to_file($key_file, ('0f' x 32) . "\n");
chmod 0600, $key_file or die;

sub fresh_server
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', "$_\n") for "shared_preload_libraries = 'jwt_auth'", @settings;
	$node->start;
	return $node;
}

my $sealed = "jwt_auth.key_encryption_key_file = '$key_file'";
my $source = fresh_server('source', $sealed);
$source->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');
$source->safe_psql('postgres', "SELECT jwt_auth.create_signing_key('ES256')");

my $old_key = log_in($source, 'ann');
$source->safe_psql('postgres', "SELECT jwt_auth.rotate_signing_key('EdDSA')");
$source->safe_psql('postgres', "SELECT jwt_auth.create_signing_key('RS256', activate => false)");
my $rotated = refresh($source, log_in($source, 'bob')->{refresh_token});
my $revoked = log_in($source, 'cy');
is(ask($source, "SELECT jwt_auth.revoke_user_tokens('cy', 'test')"), '1', 'a user is revoked before the dump');
my $logged_out = log_in($source, 'dan');
is(ask($source, "SELECT jwt_auth.revoke_refresh_token('$logged_out->{refresh_token}')"), 't', 'a session is ended before the dump');
my $denied = ask($source, "SELECT jwt_auth.jwt_sign('{\"sub\": \"eve\"}')");
is(ask($source, "SELECT jwt_auth.deny_token('$denied', 'test')"), 't', 'a token is denied before the dump');
my $good_jwt = ask($source, "SELECT jwt_auth.jwt_sign('{\"sub\": \"eve\"}')");
$source->safe_psql('postgres', "SELECT jwt_auth.set_user_policy('bob', max_sessions => 2)");
$source->safe_psql('postgres', "SELECT jwt_auth.set_session_class('kiosk', max_sessions => 1)");
$source->safe_psql('postgres', "SELECT jwt_auth.trust_issuer('https://partner.example', '{\"keys\": ["
	  . '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"partner"}]}\', \'us\')');
my $api_key = ask($source, "SELECT api_key FROM jwt_auth.create_api_key('eve', 'machine', '{read}')");
# One that outlives jwt_auth.access_token_ttl is recorded in token_lifetime.
ask($source, "SELECT jwt_auth.issue_token('download', 'eve', '1 day') <> ''");
ask($source, "SELECT jwt_auth.import_session('fay', 'token of another system', now() - interval '1 day', now() + interval '1 day')");
# As a log-in with a proof leaves it.
$source->safe_psql('postgres', "INSERT INTO jwt_auth.used_proof VALUES (1, now() + interval '1 hour', '\\x01')");
is(ask($source, "SELECT jwt_auth.revoke_api_key(key_id) FROM jwt_auth.create_api_key('eve', 'leaked')"), 't', 'an API key is revoked before the dump');
my $of_forgotten = ask($source, "SELECT jwt_auth.issue_token('download', 'flora', '1 hour')");
is(ask($source, "SELECT jwt_auth.forget_user('flora')"), 'f', 'a user with nothing but a token is forgotten before the dump');
my $before = table_contents($source);
for my $table (jwt_auth_tables($source))
{
	my ($rows) = $before =~ /^== \Q$table\E\n(.*?)\n(?:==|\z)/ms;
	isnt($rows, '', "$table has rows to be dumped") unless $table eq 'jwt_auth.cutoff';
}
$source->safe_psql('postgres', "CREATE ROLE backend; SELECT jwt_auth.grant_issuer('backend')");
unlike($before, qr/"d":/, 'no private key is stored in the clear');

my $backup = PostgreSQL::Test::Utils::tempdir();
$source->command_ok([ 'pg_dump', '-Fp', '-f', "$backup/plain", $source->connstr('postgres') ], 'pg_dump, plain');
$source->command_ok([ 'pg_dump', '-Fc', '-f', "$backup/custom", $source->connstr('postgres') ], 'pg_dump, custom');
$source->command_ok([ 'pg_dump', '-Fd', '-j2', '-f', "$backup/directory", $source->connstr('postgres') ], 'pg_dump, directory');
unlike(slurp_file("$backup/plain"), qr/CREATE TABLE jwt_auth\./, 'the dump creates the extension, not its tables');

my %after_dump = (session => log_in($source, 'after'));
is(ask($source, "SELECT jwt_auth.revoke_user_tokens('bob')"), '1', 'a user is revoked after the dump');

sub check_restored
{
	my ($node, $how) = @_;
	is(table_contents($node), $before, "$how: every row is there");
	like(ask($node, "SELECT jwt_auth.jwt_verify('$old_key->{access_token}') ->> 'sub'"), qr/^ann$/, "$how: a token of the key before last verifies");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$rotated->{access_token}') ->> 'role'"), 'member', "$how: a session's access token verifies");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$good_jwt') ->> 'sub'"), 'eve', "$how: a token without a session verifies");
	is(ask($node, "SELECT status FROM jwt_auth.exchange_api_key('$api_key')"), 'ok', "$how: an API key is exchanged");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$revoked->{access_token}')"), 'error JW010', "$how: a revoked user's token is refused");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$logged_out->{access_token}')"), 'error JW010', "$how: an ended session's token is refused");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$denied')"), 'error JW011', "$how: a denied token is refused");
	is(ask($node, "SELECT jwt_auth.verify_token('$of_forgotten', 'download')"), 'error JW009', "$how: a token of a user who was forgotten is refused");
	is(refresh($node, $revoked->{refresh_token})->{status}, 'invalid', "$how: a revoked user's refresh token is refused");
	my $next = refresh($node, $rotated->{refresh_token});
	is($next->{status}, 'ok', "$how: a session goes on");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$next->{access_token}') ->> 'role'"), 'member', "$how: with the claims it had");
	is(log_in($node, 'new')->{status}, 'ok', "$how: a log-in");
	is(ask($node, 'SELECT count(*) - count(DISTINCT id) FROM jwt_auth.auth_event'), '0', "$how: the audit goes on with new numbers");
	is(ask($node, 'SELECT jwt_auth.jwks()'), ask($source, 'SELECT jwt_auth.jwks()'), "$how: the same keys are published");
	is(ask($node, "SELECT count(*) FROM jwt_auth.user_sessions('after')"), '0', "$how: a session from after the dump is not there");
}

{
	my $node = fresh_server('plain', $sealed);
	$node->safe_psql('postgres', 'CREATE ROLE backend');
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$backup/plain" ], 'psql restores');
	check_restored($node, 'plain');
	is(refresh($node, $after_dump{session}->{refresh_token})->{status}, 'invalid',
		'plain: nor can it be refreshed');

	# What was revoked after the dump is good again: hence the advice to revoke everything after restoring an old dump.
	is(ask($node, "SELECT count(*) FROM jwt_auth.user_sessions('bob')"), '1', 'an old dump brings a revoked session back');
	$node->safe_psql('postgres', "SELECT jwt_auth.revoke_all_tokens('restored from a backup')");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$rotated->{access_token}')"), 'error JW010', 'revoke_all_tokens ends it');
	is(ask($node, "SELECT jwt_auth.jwt_verify('$good_jwt')"), 'error JW009', 'and every token without a session');
	is(log_in($node, 'bob')->{status}, 'ok', 'and a new log-in is good');

	# Over an installation that is in use already.
	$node->command_ok([ 'pg_restore', '--clean', '--if-exists', '-d', $node->connstr('postgres'), "$backup/custom" ], 'pg_restore --clean');
	check_restored($node, 'clean');
	$node->stop;
}
{
	my $node = fresh_server('custom', $sealed);
	$node->safe_psql('postgres', 'CREATE ROLE backend');
	$node->command_ok([ 'pg_restore', '--exit-on-error', '--single-transaction', '-d', $node->connstr('postgres'), "$backup/custom" ],
		'pg_restore in one transaction');
	check_restored($node, 'custom');
	$node->stop;
}
{
	my $node = fresh_server('directory', $sealed);
	$node->safe_psql('postgres', 'CREATE ROLE backend');
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-j2', '-d', $node->connstr('postgres'), "$backup/directory" ],
		'pg_restore with two jobs');
	check_restored($node, 'directory');
	is(ask($node, "SET ROLE backend; SELECT status FROM jwt_auth.issue_refresh_session('fay')"), 'ok', 'directory: a role that is there has what it was granted');
	is(ask($node, 'SET ROLE backend; SELECT jwt_auth.rotate_signing_key()'), 'error 42501', 'directory: and no more');
	$node->stop;
}

# A purge that comes before the restore is done, as a scheduled one may, takes nothing away.
{
	my $node = fresh_server('purged', $sealed);
	$node->safe_psql('postgres', 'CREATE ROLE backend');
	my ($contents) = run_command([ 'pg_restore', '-l', "$backup/custom" ]);
	my ($first, $rest) = $contents =~ /\A(.*?^)([^\n]* TABLE DATA jwt_auth signing_key .*)\z/ms or die $contents;
	like($first, qr/ TABLE DATA jwt_auth imported_token /, 'purged: users and imported tokens come before the keys');
	append_to_file("$backup/$_->[0]", $_->[1]) for [ 'first', $first ], [ 'rest', $rest ];
	for my $part ('first', 'rest')
	{
		$node->command_ok([ 'pg_restore', '--exit-on-error', '-L', "$backup/$part", '-d', $node->connstr('postgres'), "$backup/custom" ], "purged: pg_restore, $part");
		is(ask($node, 'CALL jwt_auth.purge_expired()'), '', "purged: a purge behind $part") if $part eq 'first';
	}
	check_restored($node, 'purged');
	$node->stop;
}

# Without the key file the dump signs nothing, but verifies.
{
	my $node = fresh_server('thief');
	$node->safe_psql('postgres', 'CREATE ROLE backend');
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('postgres'), "$backup/custom" ], 'pg_restore without the key file');
	is(ask($node, "SELECT jwt_auth.jwt_sign('{\"sub\": \"admin\"}')"), 'error JW022', 'without the key file nothing can be signed');
	is(ask($node, "SELECT jwt_auth.rotate_signing_key()"), 'error JW022', 'nor the key be rotated to one in the clear');
	is(ask($node, "SELECT jwt_auth.jwt_verify('$rotated->{access_token}') ->> 'sub'"), 'bob', 'but public keys verify');
	$node->stop;
}

# Where a role that was granted functions does not exist, its grants are what fails, and nothing else.
{
	my $node = fresh_server('roleless', $sealed);
	my ($output, $error) = run_command([ 'pg_restore', '-d', $node->connstr('postgres'), "$backup/custom" ]);
	my @errors = $error =~ /ERROR: +(.*)/g;
	cmp_ok(scalar(@errors), '>', 0, 'roleless: pg_restore complains');
	is_deeply([ grep { $_ ne 'role "backend" does not exist' } @errors ], [], 'roleless: only of the role');
	check_restored($node, 'roleless');
	$node->safe_psql('postgres', "CREATE ROLE backend; SELECT jwt_auth.grant_issuer('backend')");
	is(ask($node, "SET ROLE backend; SELECT status FROM jwt_auth.issue_refresh_session('fay')"), 'ok', 'roleless: it can be made and granted them later');
	$node->stop;
}
# A dump of the schema alone is empty, since all that is in it belongs to the extension; with the extension it is whole.
{
	$source->command_ok([ 'pg_dump', '-Fp', '--schema=jwt_auth', '-f', "$backup/schema", $source->connstr('postgres') ], 'pg_dump --schema');
	unlike(slurp_file("$backup/schema"), qr/^COPY|CREATE EXTENSION/m, 'schema: nothing is in it');
	$source->command_ok([ 'pg_dump', '-Fc', '--schema=jwt_auth', '--extension=jwt_auth', '-f', "$backup/both", $source->connstr('postgres') ], 'pg_dump --schema --extension');
	my $node = fresh_server('both', $sealed);
	$node->safe_psql('postgres', 'CREATE ROLE backend');
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('postgres'), "$backup/both" ], 'both: restored into an empty database');
	is(table_contents($node), table_contents($source), 'both: every row is there');
	is(log_in($node, 'gus')->{status}, 'ok', 'both: users log in');
	is(ask($node, 'SELECT count(*) - count(DISTINCT id) FROM jwt_auth.auth_event'), '0', 'both: the audit goes on with new numbers');
	$node->stop;
}

$source->stop;
done_testing();
