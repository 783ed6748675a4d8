# pg_upgrade as the operations page says it, copying and with --link: keys, sessions, what was revoked, the audit by month, and a
# database that is a version behind. Where the environment names another installation (oldinstall=/usr/lib/postgresql/15, as in
# PostgreSQL's own tests), from that major; else from this one to itself, which pg_upgrade does as well.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use Test::More;

my $key_file = PostgreSQL::Test::Utils::tempdir() . '/key';
append_to_file($key_file, ('5a' x 32) . "\n");
chmod 0600, $key_file or die;
my $settings = "shared_preload_libraries = 'jwt_auth'\njwt_auth.key_encryption_key_file = '$key_file'\nlog_statement = none\n";

my $old = PostgreSQL::Test::Cluster->new('old', $ENV{oldinstall} ? (install_path => $ENV{oldinstall}) : ());
$old->init;
# The server that pg_upgrade starts is to purge nothing.
$old->append_conf('postgresql.conf', $settings . "jwt_auth.purge_interval = '1s'\n");
$old->start;
my $from = ask($old, "SELECT current_setting('server_version_num')::int / 10000");
$old->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
$old->safe_psql('postgres', "ALTER DATABASE postgres SET jwt_auth.issuer = 'https://app.example'");

my $before_last = ask($old, "SELECT jwt_auth.jwt_sign('{\"sub\": \"ann\"}')");
$old->safe_psql('postgres', "SELECT jwt_auth.rotate_signing_key('EdDSA')");
my $first = log_in($old, 'bob');
my $second = refresh($old, $first->{refresh_token});
my $third = refresh($old, $second->{refresh_token});
my $revoked = log_in($old, 'cy');
is(ask($old, "SELECT jwt_auth.revoke_user_tokens('cy', 'test')"), '1', 'a user is revoked before');
my $denied = ask($old, "SELECT jwt_auth.jwt_sign('{\"sub\": \"dan\"}')");
is(ask($old, "SELECT jwt_auth.deny_token('$denied', 'test')"), 't', 'a token is denied before');
my $cut_off = ask($old, "SELECT jwt_auth.jwt_sign('{\"sub\": \"eve\"}')");
is(ask($old, "SELECT jwt_auth.revoke_user_tokens('eve')"), '0', 'a user without a session is revoked before');
my $good = ask($old, "SELECT jwt_auth.jwt_sign('{\"sub\": \"eve\"}')");
$old->safe_psql('postgres', "SELECT jwt_auth.set_session_class('kiosk', max_sessions => 1); SELECT jwt_auth.set_user_policy('bob', max_sessions => 2)");
my $kiosk = ask($old, "SELECT refresh_token FROM jwt_auth.issue_refresh_session('gus', class => 'kiosk')");
my $api_key = ask($old, "SELECT api_key FROM jwt_auth.create_api_key('eve', 'machine', '{read}')");
my $leaked = ask($old, "SELECT api_key FROM jwt_auth.create_api_key('eve', 'leaked')");
is(ask($old, "SELECT jwt_auth.revoke('$leaked')"), '', 'an API key is revoked before');
my $link = ask($old, "SELECT jwt_auth.issue_token('download', 'eve', '1 day')");
my $used_link = ask($old, "SELECT jwt_auth.issue_token('download', 'eve', '1 day')");
is(ask($old, "SELECT jwt_auth.consume_token('$used_link', 'download') ->> 'sub'"), 'eve', 'a link is used before');
$old->safe_psql('postgres', "SELECT jwt_auth.trust_issuer('https://partner.example', '{\"keys\": ["
	  . '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"partner"}]}\', \'us\')');
ask($old, "SELECT jwt_auth.import_session('fay', 'token of another system', now() - interval '1 day', now() + interval '1 day')");
is(ask($old, 'SELECT jwt_auth.partition_events()'), '3', 'the audit has months');
log_in($old, 'hal');
$old->safe_psql('postgres', "CREATE ROLE backend; SELECT jwt_auth.grant_issuer('backend')");
# Due since yesterday.
log_in($old, 'ida');
$old->safe_psql('postgres', "UPDATE jwt_auth.refresh_session SET idle_ends_at = now() - interval '1 hour', purge_after = current_date - 1 WHERE user_id = 'ida'");
$old->safe_psql('postgres', "SELECT jwt_auth.lock_user('joe', 'spam')");

$old->safe_psql('postgres', 'CREATE DATABASE behind');
$old->safe_psql('behind', "CREATE EXTENSION jwt_auth VERSION '1.1'; SELECT jwt_auth.create_signing_key()");
my $behind = log_in($old, 'bob', 'behind');

my $position = ask($old, 'SELECT max(position) FROM jwt_auth.revocations()');
my $before = table_contents($old);
my $identifier = ask($old, 'SELECT system_identifier FROM pg_control_system()');
my $jwks = ask($old, 'SELECT jwt_auth.jwks()');
unlike($before, qr/"d":/, 'no private key is stored in the clear');
# Only now: the old server itself is not to purge either.
$old->stop;
$old->append_conf('postgresql.conf', "jwt_auth.purge_databases = 'postgres'\n");

my ($copied) = PostgreSQL::Test::Utils::tempdir() . '/old';
PostgreSQL::Test::RecursiveCopy::copypath($old->data_dir, $copied);
chmod 0700, $copied or die;

for my $way ('--copy', '--link')
{
	my $new = PostgreSQL::Test::Cluster->new('new' . ($way =~ s/\W//gr));
	# initdb of 18 and newer makes checksums, and both sides must agree.
	$new->init(extra => $new->pg_version->major >= 18 ? ['--no-data-checksums'] : []);
	my $directory = PostgreSQL::Test::Utils::tempdir();
	my @upgrade = ('pg_upgrade', '--no-sync', '-d', $way eq '--link' ? $old->data_dir : $copied, '-D', $new->data_dir, '-b', $old->config_data('--bindir'),
		'-B', $new->config_data('--bindir'), '-s', $new->host, '-p', $old->port, '-P', $new->port, $way eq '--link' ? '--link' : ());
	chdir $directory or die;
	$new->command_ok([ @upgrade, '--check' ], "$way: pg_upgrade --check is content");
	$new->command_ok(\@upgrade, "$way: pg_upgrade, from $from");
	like(slurp_file("$directory/update_extensions.sql"), qr/ALTER EXTENSION "jwt_auth" UPDATE/, "$way: it writes a script that updates the extension");

	# The new cluster has a configuration of its own.
	$new->append_conf('postgresql.conf', $settings);
	$new->start;
	is(ask($new, 'SHOW jwt_auth.issuer'), 'https://app.example', "$way: what ALTER DATABASE has set came along");
	is(table_contents($new), $before, "$way: every row is there, nothing was purged meanwhile");
	$new->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-d', $new->connstr('behind'), '-c', 'ALTER EXTENSION jwt_auth UPDATE' ], "$way: ALTER EXTENSION jwt_auth UPDATE where it was behind");
	$new->command_ok([ 'vacuumdb', '--all', '--analyze-in-stages', '-h', $new->host, '-p', $new->port ], "$way: the statistics are made anew");
	is(ask($new, "SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'jwt_auth' AND tablename = 'refresh_session'"), 't', "$way: and are there");

	is(ask($new, "SELECT jwt_auth.jwt_verify('$before_last') ->> 'sub'"), 'ann', "$way: a token of the key before last is good");
	is(ask($new, "SELECT jwt_auth.jwt_verify('$third->{access_token}') ->> 'sub'"), 'bob', "$way: a session's access token is good");
	is(ask($new, "SELECT jwt_auth.jwt_verify('$good') ->> 'sub'"), 'eve', "$way: a token without a session is good");
	is(ask($new, "SELECT jwt_auth.consume_token('$link', 'download') ->> 'sub'"), 'eve', "$way: so is a link");
	is(ask($new, "SELECT status FROM jwt_auth.exchange_api_key('$api_key')"), 'ok', "$way: and an API key");
	is(ask($new, "SELECT jwt_auth.jwt_verify('$revoked->{access_token}')"), 'error JW010', "$way: a revoked user's access token is refused");
	is(refresh($new, $revoked->{refresh_token})->{status}, 'invalid', "$way: and the refresh token");
	is(ask($new, "SELECT jwt_auth.jwt_verify('$cut_off')"), 'error JW009', "$way: a token from before the cutoff is refused");
	is(ask($new, "SELECT jwt_auth.jwt_verify('$denied')"), 'error JW011', "$way: a denied token is refused");
	is(ask($new, "SELECT jwt_auth.consume_token('$used_link', 'download')"), 'error JW011', "$way: a used link is refused");
	is(ask($new, "SELECT jwt_auth.introspect('$leaked')"), '{"active": false}', "$way: a revoked API key is refused");
	is(ask($new, "SELECT status FROM jwt_auth.issue_refresh_session('joe')"), 'locked', "$way: a locked user is locked");
	is(ask($new, 'SELECT jwt_auth.jwks()'), $jwks, "$way: the same keys are published");

	my $next = refresh($new, $third->{refresh_token});
	is($next->{status}, 'ok', "$way: a session goes on");
	is(ask($new, "SELECT jwt_auth.jwt_verify('$next->{access_token}') ->> 'role'"), 'member', "$way: with the claims it had");
	is(refresh($new, $first->{refresh_token})->{status}, 'reuse_detected', "$way: a token that was used before is known as such");
	is(refresh($new, 'token of another system')->{status}, 'ok', "$way: an imported session is taken over");
	is(ask($new, "SELECT status FROM jwt_auth.refresh_session('$kiosk')"), 'ok', "$way: a session of a class goes on");
	is(ask($new, "SELECT cardinality(evicted_sessions) FROM jwt_auth.issue_refresh_session('gus', class => 'kiosk')"), '1', "$way: under the limit of its class");
	is(ask($new, "SET ROLE backend; SELECT status FROM jwt_auth.issue_refresh_session('new')"), 'ok', "$way: a role has what it was granted");
	like(ask($new, "SELECT jwt_auth.rotate_signing_key()"), qr/^[\w-]+$/, "$way: the sealed keys are rotated");
	is(ask($new, 'SELECT count(*) - count(DISTINCT id) FROM jwt_auth.auth_event'), '0', "$way: the audit goes on with new numbers");
	is(ask($new, 'SELECT jwt_auth.partition_events()'), '0', "$way: and has its months");
	is(ask($new, 'CALL jwt_auth.purge_expired()'), '', "$way: purge_expired");
	is(ask($new, "SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'ida'"), '0', "$way: now what was due is gone");
	is(ask($new, "SELECT jwt_auth.jwt_verify('$behind->{access_token}') ->> 'sub'", 'behind'), 'bob', "$way: a token of the database that was behind is good");
	is(refresh($new, $behind->{refresh_token}, 'behind')->{status}, 'ok', "$way: and its session goes on");
	is(ask($new, "SELECT jwt_auth.revoke_user_tokens('new')"), '1', "$way: a user is revoked");
	is(ask($new, "SELECT count(*) FROM jwt_auth.revocations($position) WHERE kind = 'user' AND user_id = 'new'"), '1', "$way: the positions of revocations() go on");
	isnt(ask($new, 'SELECT system_identifier FROM pg_control_system()'), $identifier, "$way: but it is another server");
	is(ask($new, "SELECT string_agg(finding, '; ') FROM jwt_auth.doctor() WHERE severity IN ('error', 'warning')"), '', "$way: the doctor is content");
	is(ask($new, "SELECT string_agg(finding, '; ') FROM jwt_auth.doctor() WHERE severity = 'error'", 'behind'), '', "$way: and has no error where it was behind");
	$new->stop;
	chdir '/' or die;
}
done_testing();
