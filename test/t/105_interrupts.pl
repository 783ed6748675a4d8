# Statement timeouts, cancels and terminations in the middle of anything; many connections at once.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('interrupts');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nmax_connections = 120\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');

# Somebody holds the rows that the others need.
sub held_by
{
	my ($sql) = @_;
	my $holder = open_session($node);
	$holder->ask('BEGIN');
	my $answer = $holder->ask($sql);
	die "$sql: $answer" if $answer =~ /^error/;
	return $holder;
}
my $locked_account = sub { held_by("SELECT count(*) FROM (SELECT FROM jwt_auth.account WHERE user_id = '$_[0]' FOR UPDATE) AS locked") };
my $locked_session = sub { held_by("SELECT count(*) FROM (SELECT FROM jwt_auth.refresh_session WHERE user_id = '$_[0]' FOR UPDATE) AS locked") };

# A loop that somebody else ends; by itself it ends after an hour.
my $go_on = "WHILE clock_timestamp() < now() + interval '1 hour' LOOP";

# A session that is there already sees and does things to others in a millisecond.
my $watcher = open_session($node);

sub wait_until_busy
{
	my ($session) = @_;
	for (1 .. 100 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $watcher->ask("SELECT state FROM pg_stat_activity WHERE pid = $session->{pid}") eq 'active';
		select(undef, undef, undef, 0.01);
	}
	die "backend $session->{pid} does not begin";
}

my $ann = log_in($node, 'ann');
my %blocked = (
	'a log-in' => [ $locked_account, "SELECT status FROM jwt_auth.issue_refresh_session('ann')" ],
	'a refresh' => [ $locked_session, "SELECT status FROM jwt_auth.refresh_session('$ann->{refresh_token}')" ],
	'a revocation' => [ $locked_account, "SELECT jwt_auth.revoke_user_tokens('ann')" ],
	'ending a session' => [ $locked_session, "SELECT jwt_auth.revoke_refresh_session('$ann->{session_id}')" ],
	'a log-out' => [ $locked_session, "SELECT jwt_auth.revoke_refresh_token('$ann->{refresh_token}')" ],
);
my $rows_of_ann = "SELECT s::text FROM jwt_auth.refresh_session AS s WHERE user_id = 'ann'";
my $before = ask($node, $rows_of_ann);
my $events = ask($node, 'SELECT count(*) FROM jwt_auth.auth_event');

for my $what (sort keys %blocked)
{
	my ($lock, $sql) = @{ $blocked{$what} };
	my $holder = $lock->('ann');
	my $waiter = open_session($node);
	# SET LOCAL: the error itself undoes it. A statement that takes the timeout back could run into it.
	is($waiter->ask('BEGIN'), '', "$what: a transaction");
	is($waiter->ask("SET LOCAL statement_timeout = '300ms'"), '', "$what: with a timeout");
	is($waiter->ask($sql), 'error 57014', "$what: 57014 when it has waited too long");
	is($waiter->ask('ROLLBACK'), '', "$what: rolled back");
	is($waiter->ask('SHOW statement_timeout'), '0', "$what: without a timeout");
	$waiter->send($sql);
	$node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $waiter->{pid}") or die;
	is(ask($node, "SELECT pg_cancel_backend($waiter->{pid})"), 't', "$what: canceled");
	is($waiter->answer, 'error 57014', "$what: 57014");
	is($waiter->ask('SELECT current_user = session_user'), 't', "$what: the role is the caller's");
	is($waiter->ask('SHOW search_path'), '"$user", public', "$what: and the path, too");

	is($waiter->ask("SET lock_timeout = '200ms'"), '', "$what: with a lock timeout");
	is($waiter->ask($sql), 'error 55P03', "$what: 55P03");
	is($waiter->ask("DO \$\$ BEGIN PERFORM 1 FROM ($sql) AS q; EXCEPTION WHEN lock_not_available THEN RAISE NOTICE 'caught'; END \$\$"), '',
		"$what: caught by an exception block");
	is($waiter->ask("SELECT jwt_auth.jwt_verify('$ann->{access_token}') ->> 'sub'"), 'ann', "$what: the backend goes on");
	$waiter->close;

	my $victim = open_session($node);
	$victim->send($sql);
	$node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $victim->{pid}") or die;
	is(ask($node, "SELECT pg_terminate_backend($victim->{pid}, 60000)"), 't', "$what: terminated while it waits");
	$victim->kill;
	$holder->ask('ROLLBACK');
	$holder->close;
	is(ask($node, $rows_of_ann), $before, "$what: the session is as it was");
	is(ask($node, 'SELECT count(*) FROM jwt_auth.auth_event'), $events, "$what: and the audit says nothing");
}
is(refresh($node, $ann->{refresh_token})->{status}, 'ok', 'after all of it the token is still the current one');

# Cancels at any moment of a busy backend.
{
	my $token = log_in($node, 'bob')->{refresh_token};
	my $busy = open_session($node);
	my %seen;
	for my $round (1 .. 40)
	{
		$busy->send("DO \$\$ DECLARE a jwt_auth.token_response; BEGIN $go_on"
			  . " a := jwt_auth.issue_refresh_session('busy'); PERFORM jwt_auth.jwt_verify(a.access_token); END LOOP; END \$\$");
		wait_until_busy($busy);
		select(undef, undef, undef, 0.02 + rand(0.05));
		ask($node, "SELECT pg_cancel_backend($busy->{pid})");
		$seen{ $busy->answer }++;
	}
	is_deeply(\%seen, { 'error 57014' => 40 }, 'canceled 40 times in the middle, each time with 57014');
	is($busy->ask("SELECT count(*) FROM jwt_auth.user_sessions('busy')"), '0', 'nothing of it is left');
	is($busy->ask("SELECT status FROM jwt_auth.refresh_session('$token')"), 'ok', 'the backend is well');
	is($busy->ask("SELECT status FROM jwt_auth.issue_refresh_session('busy')"), 'ok', 'in every respect');
	$busy->close;
}

# What interrupts a backend and is no cancel doesn't end the search for primes.
{
	$node->safe_psql('postgres', 'CREATE TABLE enough (function text)');
	my $maker = open_session($node);
	my %makes = (
		jwk_generate => "jwt_auth.jwk_generate('RS256', rsa_bits => 3072) ->> 'kty' = 'RSA'",
		create_signing_key => "jwt_auth.create_signing_key('RS256', false) <> ''",
	);
	for my $function (sort keys %makes)
	{
		# One key after the other until it is told that it is enough.
		$maker->send("DO \$\$ BEGIN $go_on ASSERT $makes{$function};"
			  . " EXIT WHEN EXISTS (SELECT FROM enough WHERE function = '$function'); END LOOP; END \$\$");
		wait_until_busy($maker);
		my $asked = 0;
		for (1 .. 10)
		{
			$asked += $watcher->ask("SELECT count(*) FROM pg_stat_activity WHERE pid = $maker->{pid} AND state = 'active' AND pg_log_backend_memory_contexts(pid)");
			select(undef, undef, undef, 0.1);
		}
		is($asked, 10, "$function: interrupted ten times while it makes keys");
		is($watcher->ask("INSERT INTO enough VALUES ('$function')"), '', "$function: that was enough");
		is($maker->answer, '', "$function: they are made");
	}
	$maker->send("DO \$\$ BEGIN $go_on PERFORM jwt_auth.jwk_generate('RS256', rsa_bits => 16384); END LOOP; END \$\$");
	wait_until_busy($maker);
	# It is to be in the middle of its search, each time.
	for my $interrupt (qw(pg_log_backend_memory_contexts pg_cancel_backend))
	{
		select(undef, undef, undef, 0.3);
		is($watcher->ask("SELECT $interrupt($maker->{pid})"), 't', "$interrupt() while it searches");
	}
	is($maker->answer, 'error 57014', 'a cancel is one all the same');
	$maker->close;
}

# A storm: connections that do one thing and go.
{
	append_to_file(my $script = PostgreSQL::Test::Utils::tempdir() . '/storm.sql', <<'EOS');
SELECT access_token, refresh_token FROM jwt_auth.issue_refresh_session('storm ' || :client_id) \gset
SELECT jwt_auth.jwt_verify(':access_token') \gset claims_
SELECT status FROM jwt_auth.refresh_session(':refresh_token') \gset
EOS
	my ($stdout, $stderr) = run_command([ 'pgbench', '-n', '-C', '-c', '80', '-j', '4', '-t', '7', '-f', $script, $node->connstr('postgres') ]);
	like($stdout, qr{number of transactions actually processed: 560/560}, '560 connections in a storm, each is answered');
	unlike($stderr, qr/ERROR|FATAL/, 'with no error');
	is(ask($node, "SELECT count(*) FROM (SELECT FROM jwt_auth.refresh_session WHERE user_id LIKE 'storm %' GROUP BY user_id HAVING count(*) > 5) AS more"),
		'0', 'and the limit holds');
}

# Nor does a timer that only looks whether the client is there.
my $maker = open_session($node);
is($maker->ask("SET client_connection_check_interval = '1ms'"), '', 'a timer that goes off all the time');
is($maker->ask("SELECT jwt_auth.jwk_generate('RS256', rsa_bits => 3072) ->> 'kty'"), 'RSA', 'a key is made all the same');
# With none pending.
ask($node, "DELETE FROM jwt_auth.signing_key WHERE state = 'pending'");
is($maker->ask("SELECT jwt_auth.rotate_signing_key('RS256') <> ''"), 't', 'and the keyring rotated to one');
is($maker->ask('BEGIN'), '', 'a transaction');
is($maker->ask("SET LOCAL statement_timeout = '200ms'"), '', 'with a timeout');
is($maker->ask("SELECT jwt_auth.jwk_generate('RS256', rsa_bits => 16384) ->> 'kty'"), 'error 57014', 'ends it');
is($maker->ask('ROLLBACK'), '', 'and is itself undone');
is($maker->ask('SHOW statement_timeout'), '0', 'no timeout');
$_->close for $maker, $watcher;

$node->stop;
done_testing();
