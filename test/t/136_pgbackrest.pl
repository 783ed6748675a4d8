# A backup with pgBackRest, and what its restore means: to the end of the WAL nothing is lost; to a point in time, refresh tokens that
# were rotated since are no theft, what was revoked since is good again, and revoke_all_tokens() ends it. Needs Debian's pgbackrest.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($program) = grep { -x } map { "$_/pgbackrest" } split(/:/, $ENV{PATH}), '/usr/bin';

SKIP:
{
	skip 'not installed: pgbackrest', 40 unless defined $program;

	my $directory = PostgreSQL::Test::Utils::tempdir();
	my $key_file = "$directory/key";
	append_to_file($key_file, ('3c' x 32) . "\n");
	chmod 0600, $key_file or die;

	my $node = PostgreSQL::Test::Cluster->new('primary');
	my $configuration = "$directory/pgbackrest.conf";
	append_to_file($configuration, <<"EOS");
[global]
repo1-path=$directory/repository
repo1-retention-full=2
log-path=$directory
lock-path=$directory/lock
spool-path=$directory/spool
log-level-file=off
log-level-console=warn
start-fast=y
process-max=1

[main]
pg1-path=${\$node->data_dir}
pg1-port=${\$node->port}
pg1-socket-path=${\$node->host}
pg1-user=${\ scalar getpwuid($<)}
EOS
	my @pgbackrest = ($program, "--config=$configuration", '--stanza=main');

	$node->init;
	$node->append_conf('postgresql.conf', <<"EOS");
shared_preload_libraries = 'jwt_auth'
jwt_auth.key_encryption_key_file = '$key_file'
log_statement = none
wal_level = replica
archive_mode = on
archive_command = '$program --config=$configuration --stanza=main archive-push %p'
EOS
	$node->start;
	my ($made, $why) = run_command([ @pgbackrest, 'stanza-create' ]);
	if ("$made$why" =~ /unexpected control version|not supported|unable to load info file/)
	{
		$node->stop;
		skip "this pgbackrest does not know this major: " . ($why =~ /(\[\d+\].*)/ ? $1 : ''), 40;
	}
	is($why, '', 'the stanza is created');
	$node->command_ok([ @pgbackrest, 'check' ], 'WAL is archived');

	$node->safe_psql('postgres', "CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key(); SELECT jwt_auth.rotate_signing_key('EdDSA')");
	my %of = map { $_ => log_in($node, $_) } qw(ann bob cem dot);
	my $jwt = ask($node, "SELECT jwt_auth.jwt_sign('{\"sub\": \"eve\"}')");
	$node->command_ok([ @pgbackrest, '--type=full', 'backup' ], 'a full backup');

	# In the WAL behind the backup, before the point.
	my %first = map { $_ => $of{$_}{refresh_token} } keys %of;
	$of{$_} = refresh($node, $of{$_}{refresh_token}) for qw(ann bob cem dot);
	is(ask($node, "SELECT jwt_auth.revoke_user_tokens('dot', 'before')"), '1', 'a user is revoked before the point');
	my $kid = ask($node, "SELECT kid FROM jwt_auth.signing_keys WHERE state = 'verify_only'");
	# pgBackRest counts in whole seconds, and wants a backup that ended before that of the point.
	sleep 1;
	my $point = ask($node, 'SELECT clock_timestamp()');
	sleep 1;

	# Behind the point: a rotation, a log-in, a revocation, a denial, a lock, a key that leaked.
	my $rotated = refresh($node, $of{ann}{refresh_token});
	is($rotated->{status}, 'ok', 'a session is refreshed behind the point');
	my $late = log_in($node, 'flo');
	is(ask($node, "SELECT jwt_auth.revoke_user_tokens('bob', 'stolen')"), '1', 'a user is revoked behind the point');
	is(ask($node, "SELECT jwt_auth.deny_token('$jwt')"), 't', 'a token is denied');
	is(ask($node, "SELECT jwt_auth.lock_user('cem', 'spam')"), '1', 'a user is locked');
	is(ask($node, "SELECT jwt_auth.retire_signing_key('$kid')"), '', 'a key is retired');
	my $last = table_contents($node);
	$node->command_ok([ @pgbackrest, '--type=incr', 'backup' ], 'an incremental backup');
	my $verify = sub { return "SELECT jwt_auth.jwt_verify('$_[0]') ->> 'sub'" };
	is(ask($node, $verify->($of{bob}{access_token})), 'error JW010', 'the revoked user is refused');
	is(ask($node, 'SELECT pg_switch_wal() IS NOT NULL'), 't', 'the last WAL is archived');
	$node->stop;

	my $restore = sub {
		my ($name, @how) = @_;
		my $restored = PostgreSQL::Test::Cluster->new($name);
		mkdir $restored->data_dir, 0700 or die $!;
		$restored->command_ok([ @pgbackrest, '--pg1-path=' . $restored->data_dir, '--archive-mode=off', @how, 'restore' ], "$name: restored");
		$restored->append_conf('postgresql.conf', 'port = ' . $restored->port . "\n");
		$restored->start;
		$restored->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die;
		return $restored;
	};

	# To the end of the WAL: the last state, nothing to do.
	{
		my $end = $restore->('end');
		is(table_contents($end), $last, 'end: every row is there');
		is(refresh($end, $rotated->{refresh_token})->{status}, 'ok', 'end: a session goes on');
		is(ask($end, $verify->($of{bob}{access_token})), 'error JW010', 'end: who was revoked is refused');
		is(ask($end, $verify->($jwt)), 'error JW011', 'end: what was denied is refused');
		like(ask($end, 'SELECT jwt_auth.rotate_signing_key()'), qr/^[\w-]+$/, 'end: the sealed keys open');
		$end->stop;
	}

	# To a point in time: an old truth.
	my $past = $restore->('past', '--type=time', "--target=$point", '--target-action=promote');
	is(ask($past, $verify->($of{ann}{access_token})), 'ann', 'past: a token from before the point is good');
	is(refresh($past, $rotated->{refresh_token})->{status}, 'invalid', 'past: a refresh token that was rotated since is refused');
	is(ask($past, "SELECT string_agg(event, ' ' ORDER BY id) FROM jwt_auth.auth_event WHERE user_id = 'ann'"), 'login unknown_rotation', 'past: as a lost rotation, not as theft');
	is(ask($past, "SELECT count(*) FROM jwt_auth.user_sessions('ann')"), '0', 'past: and its session has ended');
	is(log_in($past, 'ann')->{status}, 'ok', 'past: the user logs in again');
	is(refresh($past, $late->{refresh_token})->{status}, 'invalid', 'past: a session from behind the point is not known');
	is(ask($past, $verify->($of{dot}{access_token})), 'error JW010', 'past: what was revoked before the point stays so');
	is(ask($past, $verify->($of{bob}{access_token})), 'bob', 'past: what was revoked behind it is good again');
	is(ask($past, "SELECT count(*) FROM jwt_auth.user_sessions('bob')"), '1', 'past: with its session');
	is(ask($past, $verify->($jwt)), 'eve', 'past: so is what was denied');
	is(ask($past, "SELECT status FROM jwt_auth.issue_refresh_session('cem')"), 'ok', 'past: and who was locked');
	is(ask($past, "SELECT state FROM jwt_auth.signing_keys WHERE kid = '$kid'"), 'verify_only', 'past: and the key that was retired verifies');

	# What the operations page says to do then.
	my ($advice) = slurp_file(source_file('docs/operations.md')) =~ /^(SELECT jwt_auth\.revoke_all_tokens\('restored from a backup'\));$/m;
	is(ask($past, $advice // 'the page has no such statement'), '', 'past: everybody is cut off');
	is(ask($past, $verify->($of{bob}{access_token})), 'error JW010', 'past: then the revoked session has ended');
	is(refresh($past, $of{bob}{refresh_token})->{status}, 'invalid', 'past: with its refresh token');
	is(refresh($past, $first{bob})->{status}, 'invalid', 'past: and the one before that');
	is(ask($past, $verify->($jwt)), 'error JW009', 'past: and every token from before');
	is(ask($past, "SELECT jwt_auth.lock_user('cem', 'spam')"), '0', 'past: the lock is set again');
	is(ask($past, "SELECT jwt_auth.retire_signing_key('$kid')"), '', 'past: the key is retired again');
	is(log_in($past, 'bob')->{status}, 'ok', 'past: and a new log-in is good');
	is(ask($past, "SELECT count(*) FROM jwt_auth.doctor() WHERE severity IN ('error', 'warning')"), '0', 'past: the doctor is content');
	$past->stop;
}
done_testing();
