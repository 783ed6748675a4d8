# A database that is full and in use is distributed with the keyring on every node, the script is misused and interrupted, the doctor is
# shown faults of each kind, and a node is added later.
use strict;
use warnings;
use Ask;
use IPC::Run ();
use Nodes;
use POSIX ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep);
use Test::More;

my ($coordinator, @workers) = start_nodes("jwt_auth.refresh_reuse_interval = '10min'");
my @nodes = ($coordinator, @workers);
my $results = PostgreSQL::Test::Utils::tempdir();

# Full: sessions, some of them long used, keys that only verify, a lock, denials, API keys, imported sessions, issuers and events.
is(ask($coordinator, 'SELECT jwt_auth.create_signing_key() IS NOT NULL'), 't', 'a key');
my @early = map { log_in($coordinator, "early $_") } 1 .. 3;
is(ask($coordinator, 'SELECT jwt_auth.rotate_signing_key() IS NOT NULL'), 't', 'and the next one');
is(ask($coordinator, "SELECT count(*) FROM generate_series(1, 2000) AS n, jwt_auth.issue_refresh_session('many ' || n, metadata => '{}')"), '2000', 'many sessions');
my %user = map { $_ => log_in($coordinator, $_) } map { "user $_" } 1 .. 12;
refresh($coordinator, $user{"user $_"}{refresh_token}) for 1 .. 3;
my $api_key = ask($coordinator, "SELECT api_key FROM jwt_auth.create_api_key('user 1', 'job')");
my $denied = ask($coordinator, "SELECT jwt_auth.issue_token('mail', 'user 1', '1 hour')");
is(ask($coordinator, "SELECT jwt_auth.consume_token('$denied', 'mail') ->> 'sub'"), 'user 1', 'a token is consumed');
is(ask($coordinator, "SELECT jwt_auth.deny_token('$user{'user 4'}{access_token}') IS NOT NULL"), 't', 'one is denied');
is(ask($coordinator, "SELECT jwt_auth.lock_user('locked', 'test')"), '0', 'a user is locked');
my $revoked = log_in($coordinator, 'revoked');
is(ask($coordinator, "SELECT jwt_auth.revoke_user_tokens('revoked') IS NOT NULL"), 't', 'one is revoked');
is(ask($coordinator, "SELECT jwt_auth.import_session('imported', 'token of another system', clock_timestamp(), now() + interval '1 day') IS NOT NULL"), 't', 'a session is imported');
is(ask($coordinator, "SELECT jwt_auth.set_session_class('kiosk', max_sessions => 1)"), '', 'a class');
my $counts = "SELECT (SELECT count(*) FROM jwt_auth.account), (SELECT count(*) FROM jwt_auth.refresh_session), (SELECT count(*) FROM jwt_auth.session_data),"
  . " (SELECT count(*) FROM jwt_auth.denied_token), (SELECT count(*) FROM jwt_auth.api_key), (SELECT count(*) FROM jwt_auth.imported_token), (SELECT count(*) FROM jwt_auth.signing_key)";
my $full = ask($coordinator, $counts);
$coordinator->safe_psql('postgres', "CREATE ROLE app LOGIN; CREATE ROLE auditor; SELECT jwt_auth.grant_verifier('app'); GRANT SELECT ON jwt_auth.refresh_session, jwt_auth.live_sessions TO auditor");

# Misused. Whoever errs is told, and nothing has changed.
sub refused
{
	my ($expected, $what, @arguments) = @_;
	my ($out, $err, $good) = script_output(@arguments);
	like($err, $expected, "$what: refused");
	ok(!$good, "$what: psql says so");
	return;
}
refused(qr/ring is coordinator or every_node, not ""/, 'no set-up is named', $coordinator, undef);
$coordinator->safe_psql('postgres', 'CREATE ROLE somebody LOGIN; CREATE DATABASE other');
$coordinator->safe_psql('other', 'CREATE EXTENSION citus');
refused(qr/a superuser is to run this/, 'somebody else', $coordinator, 'every_node', 'postgres', '-U', 'somebody');
refused(qr/lacks the extension citus or jwt_auth/, 'the wrong database', $coordinator, 'every_node', 'other');
refused(qr/lacks the extension citus or jwt_auth/, 'one without anything', $coordinator, 'every_node', 'template1');
my $key_file = $workers[0]->safe_psql('postgres', 'SHOW jwt_auth.key_encryption_key_file');
my $key = slurp_file($key_file);
my $set_key = sub { unlink $key_file; append_to_file($key_file, $_[0]); chmod 0600, $key_file; return };
$set_key->(('f' x 64) . "\n");
refused(qr/the key in jwt_auth\.key_encryption_key_file is another than here/, 'another key', $coordinator, 'every_node');
unlink $key_file;
refused(qr/the file that jwt_auth\.key_encryption_key_file names is not there/, 'no key', $coordinator, 'every_node');
$set_key->($key);
is(ask($coordinator, 'SELECT count(*) FROM pg_dist_partition'), '0', 'nothing is distributed');

# Interrupted: while it waits for a table its backend is ended. Then two at once.
my $blocker = open_session($coordinator);
is($blocker->ask('BEGIN; LOCK TABLE jwt_auth.session_data IN ROW EXCLUSIVE MODE'), '', 'a transaction that writes');
my $start = sub {
	my ($out, $err) = ('', '');
	return { run => IPC::Run::start([ 'psql', '-X', '-d', $coordinator->connstr('postgres'), '-v', 'ring=every_node', '-f', source_file('scripts/citus.sql') ], '<', \undef, '>', \$out, '2>', \$err),
		err => \$err };
};
my $waits = "SELECT count(*) = %d FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ '^(?:DO|SELECT pg_advisory_lock)'";
my $interrupted = $start->();
ok($coordinator->poll_query_until('postgres', sprintf($waits, 1)), 'the script waits for it');
is(ask($coordinator, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ '^DO'"), 't', 'and is ended');
$interrupted->{run}->finish;
is(ask($coordinator, 'SELECT count(*) FROM pg_dist_partition'), '0', 'nothing is distributed');
is(refresh($coordinator, $user{'user 12'}{refresh_token})->{status}, 'ok', 'and users go on');
my @both = ($start->(), $start->());
ok($coordinator->poll_query_until('postgres', sprintf($waits, 2)), 'two of them wait');

# Meanwhile somebody refreshes without a pause, over an open connection.
my $stop = "$results/stop";
defined(my $child = fork) or die "fork: $!";
if (!$child)
{
	my ($count, $answer) = (0, '');
	eval {
		my $session = open_session($coordinator);
		my $token = $user{'user 11'}{refresh_token};
		until (-e $stop)
		{
			$answer = $session->ask("SELECT status, refresh_token FROM jwt_auth.refresh_session('$token')");
			# Whoever is the victim of a deadlock presents the token again.
			next if $answer =~ /^error (?:40P01|40001)/;
			last unless $answer =~ /^(?:ok|replayed)\|(.*)/;
			$token = $1;
			$count++;
		}
	};
	append_to_file("$results/refresher", "$count $answer $@");
	POSIX::_exit(0);
}
sleep 1;
is($blocker->ask('COMMIT'), '', 'the transaction ends');
$_->{run}->finish for @both;
is(join(' ', sort map { $_->{run}->result(0) } @both), '0 0', 'both scripts end well') or diag(map { ${ $_->{err} } } @both);
is(join('; ', sort map { ${ $_->{err} } =~ /distributed: (.{6})/ ? $1 : ${ $_->{err} } } @both), 'accoun; nothin', 'one has distributed the tables');
append_to_file($stop, '');
waitpid $child, 0;
like(slurp_file("$results/refresher"), qr/^[1-9]\d* (?:ok|replayed)\|/, 'whoever refreshed meanwhile got on');

# Everything is there, once.
is(ask($_, $counts), $full, $_->name . ' has every row') for @nodes;
is(ask($coordinator, "SELECT count(*) FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid WHERE c.relnamespace = 'jwt_auth'::regnamespace AND pg_relation_size(c.oid) > 0"), '0', 'nothing of them is left outside of the shards');
for my $n (1 .. 12)
{
	my ($who, $node) = ("user $n", $nodes[ $n % 3 ]);
	my $where = $who . ' on ' . $node->name;
	is(ask($node, "SELECT jwt_auth.jwt_verify('$user{$who}{access_token}') ->> 'sub'"), $n == 4 ? 'error JW011' : $who, "$where: the token from before");
	next if $n >= 11;
	my $answer = refresh($node, $user{$who}{refresh_token});
	is($answer->{status}, $n <= 3 ? 'replayed' : 'ok', "$where: the refresh token");
	is($answer->{session_id}, $user{$who}{session_id}, "$where: of the same session");
	my $next = refresh($nodes[ ($n + 1) % 3 ], $answer->{refresh_token});
	is($next->{status}, 'ok', "$where: and its successor on another node");
	$user{$who} = $next;
}
for my $node (@nodes)
{
	my $name = $node->name;
	is(ask($node, "SELECT jwt_auth.jwt_verify('$early[0]{access_token}') ->> 'sub'"), 'early 1', "$name: a token of the key before");
	is(ask($node, "SELECT who ->> 'sub' FROM jwt_auth.authenticate('$api_key') AS who"), 'user 1', "$name: the API key");
	is(ask($node, "SELECT jwt_auth.consume_token('$denied', 'mail')"), 'error JW011', "$name: what was consumed");
	is(ask($node, "SELECT status FROM jwt_auth.issue_refresh_session('locked')"), 'locked', "$name: who is locked");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$revoked->{access_token}')"), 'error JW010', "$name: who was revoked");
	is(ask($node, "SELECT status FROM jwt_auth.issue_refresh_session('kiosk of $name', class => 'kiosk')"), 'ok', "$name: the class");
}
is(ask($workers[1], "SELECT status FROM jwt_auth.refresh_session('token of another system')"), 'ok', 'the imported session goes on');
is(ask($coordinator, "SELECT count(*) > 0 FROM jwt_auth.auth_event WHERE user_id = 'revoked'"), 't', 'the audit is where it was');

# Rotation goes on, and is heard of after a reload of the configuration as before.
my @open = map { open_session($_) } @nodes;
my $everywhere = sub { my ($sql) = @_; return join ' ', map { $_->ask($sql) } @open };
for my $from (0 .. 2)
{
	my $name = $nodes[$from]->name;
	my $old = $open[$from]->ask("SELECT kid FROM jwt_auth.signing_keys WHERE state = 'active'");
	my $token = $open[$from]->ask("SELECT jwt_auth.jwt_sign('{\"sub\": \"r\"}')");
	is($everywhere->("SELECT jwt_auth.jwt_verify('$token') ->> 'sub'"), 'r r r', "$name: a token");
	$_->reload for @nodes;
	my $new = $open[$from]->ask('SELECT jwt_auth.rotate_signing_key()');
	is($everywhere->("SELECT header ->> 'kid' FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{}'))"), "$new $new $new", "$name: a reload and a rotation");
	$open[$from]->ask("SELECT jwt_auth.retire_signing_key('$old')");
	is($everywhere->("SELECT jwt_auth.jwt_verify('$token')"), 'error JW008 error JW008 error JW008', "$name: and a retired key");
}
is(refresh($workers[0], $user{'user 1'}{refresh_token})->{status}, 'ok', 'refresh tokens have outlived the keys');

# What the doctor sees, and that it is gone once it is mended.
my $findings = sub { return ask($coordinator, "SELECT severity || ' ' || finding FROM jwt_auth.doctor() WHERE subject = 'citus'") };
is($findings->(), '', 'the doctor is content');
my $at = sub { my ($node) = @_; return quotemeta('node ' . join ':', address_of($node)) };
sub doctor_sees
{
	my ($what, $plant, $expected, $mend) = @_;
	$plant->();
	like($findings->(), qr/^$expected[^\n]*$/, "the doctor sees $what");
	$mend ? $mend->() : distribute($coordinator, 'every_node');
	is($findings->(), '', "$what: mended");
	return;
}
my $sql = sub { my ($node, $statement) = @_; return sub { $node->safe_psql('postgres', "SET citus.enable_ddl_propagation = off; SET citus.enable_manual_changes_to_shards = on; $statement") } };
my ($one, $two) = map { $at->($_) } @workers;
my $others = 'privileges are others than on the coordinator, such as';
doctor_sees('a privilege on a function that is missing', $sql->($workers[0], 'REVOKE EXECUTE ON FUNCTION jwt_auth.jwks FROM app'), "warning $one: $others EXECUTE ON ROUTINE jwt_auth.jwks\\(\\)");
doctor_sees('one on the schema', $sql->($workers[1], 'REVOKE USAGE ON SCHEMA jwt_auth FROM PUBLIC'), "warning $two: $others no USAGE ON SCHEMA jwt_auth for PUBLIC");
doctor_sees('one on a view', $sql->($workers[0], 'REVOKE SELECT ON jwt_auth.live_sessions FROM auditor'), "warning $one: $others SELECT ON TABLE jwt_auth.live_sessions for auditor");
doctor_sees('one that PUBLIC has beside', $sql->($workers[0], 'GRANT EXECUTE ON FUNCTION jwt_auth.retire_signing_key TO PUBLIC'), "warning $one: $others EXECUTE ON ROUTINE jwt_auth.retire_signing_key\\(text\\) for PUBLIC");
doctor_sees('one that is left where it was revoked on the coordinator', $sql->($coordinator, 'REVOKE EXECUTE ON FUNCTION jwt_auth.introspect FROM app'), "warning $one: $others EXECUTE ON ROUTINE jwt_auth.introspect[^\n]*\nwarning $two: $others");
is(ask($workers[1], "SELECT has_function_privilege('app', oid, 'EXECUTE') FROM pg_proc WHERE proname = 'introspect' AND pronamespace = 'jwt_auth'::regnamespace"), 'f', 'it is revoked there, too');
my $trigger = "DO \$\$ DECLARE t record; BEGIN SELECT tgrelid::regclass AS shard, tgname INTO STRICT t FROM pg_trigger WHERE tgname ~ '^%s_\\d+\$' ORDER BY 1 LIMIT 1; EXECUTE format('%s', t.shard, t.tgname); END \$\$";
my $lacks_triggers = q{triggers of the keyring's tables are missing};
doctor_sees('a trigger that is not there', $sql->($workers[0], sprintf($trigger, 'keyring_changed', 'DROP TRIGGER %2$I ON %1$s')), "error $one: $lacks_triggers");
doctor_sees('a trigger that is disabled', $sql->($workers[1], sprintf($trigger, 'keyring_truncated', 'ALTER TABLE %1$s DISABLE TRIGGER %2$I')), "error $two: $lacks_triggers");
my $system = sub { my ($node, $statement) = @_; return sub { $node->safe_psql('postgres', "ALTER SYSTEM $statement"); $node->reload; sleep 0.2 } };
doctor_sees('another key', sub { $set_key->(('f' x 64) . "\n") }, "error $one cannot open what is sealed: ", sub { $set_key->($key) });
doctor_sees('a key file that is not there', sub { unlink $key_file }, "error $one cannot open what is sealed: [^\n]*does not exist", sub { $set_key->($key) });
doctor_sees('a key file that is not set', $system->($workers[1], "SET jwt_auth.key_encryption_key_file = ''"),
	"error $two: jwt_auth.key_encryption_key_file is not set[^\n]*\nerror $two cannot open what is sealed: ", $system->($workers[1], 'RESET jwt_auth.key_encryption_key_file'));
doctor_sees('how values are written', $system->($workers[0], "SET datestyle = 'SQL'"), "error $one: values that other nodes send are read in another way", $system->($workers[0], 'RESET datestyle'));
doctor_sees('commits that may be lost', $system->($workers[0], 'SET synchronous_commit = off'), "warning $one: synchronous_commit is off", $system->($workers[0], 'RESET synchronous_commit'));
doctor_sees('a node that is down', sub { $workers[1]->stop }, "error $two does not answer: ", sub { $workers[1]->start });
my ($clock) = glob '/usr/lib/*/faketime/libfaketime.so.1';
SKIP:
{
	skip 'no libfaketime', 2 unless defined $clock;
	doctor_sees('a clock that is ahead', sub {
			local @ENV{qw(LD_PRELOAD FAKETIME DONT_FAKE_MONOTONIC FAKETIME_DONT_FAKE_MONOTONIC)} = ($clock, '+60', 1, 1);
			$workers[1]->restart;
		}, "warning $two: its clock is (?:59|6\\d) seconds from this one", sub { $workers[1]->restart });
}

# It was stopped meanwhile.
$open[2]->kill;
$open[2] = open_session($workers[1]);

# A node that is added later has nothing yet. Once the script has run again it is as the others.
my $third = start_node('worker_3', "jwt_auth.refresh_reuse_interval = '10min'");
add_node($coordinator, $third);
my $three = $at->($third);
like($findings->(), qr/^error $three has no copy of jwt_auth\.cutoff, .*signing_key.*\nerror $three: $lacks_triggers.*\nwarning $three: \Q$others\E.*$/, 'the doctor sees a new node');
my $young = open_session($third);
$young->ask("SELECT jwt_auth.jwt_sign('{}')");
my $newest = $open[0]->ask('SELECT jwt_auth.rotate_signing_key()');
my $kid = "SELECT header ->> 'kid' FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{}'))";
my $heard = 0;
for (1 .. 60)
{
	last if $heard = $young->ask($kid) eq $newest;
	sleep 0.1;
}
ok($heard, 'which hears of a change of the keyring within some seconds');
my $its_key = $third->safe_psql('postgres', 'SHOW jwt_auth.key_encryption_key_file');
rename $its_key, "$its_key.away";
refused(qr/names is not there/, 'a new node without the key file', $coordinator, 'every_node');
rename "$its_key.away", $its_key;
like(distribute($coordinator, 'every_node'), qr/distributed: nothing, all are/, 'the script again');
is($findings->(), '', 'and the doctor is content');
push @nodes, $third;
push @open, $young;
$newest = $open[1]->ask('SELECT jwt_auth.rotate_signing_key()');
is($everywhere->($kid), "$newest $newest $newest $newest", 'each node hears of a rotation with its next call');
my $session = log_in($third, 'user of the new node');
is($everywhere->("SELECT jwt_auth.jwt_verify('$session->{access_token}') ->> 'sub'"), join(' ', ('user of the new node') x 4), 'a log-in there is good everywhere');
$open[2]->ask("SELECT jwt_auth.revoke_refresh_session('$session->{session_id}')");
is($everywhere->("SELECT jwt_auth.jwt_verify('$session->{access_token}')"), join(' ', ('error JW010') x 4), 'and ends everywhere');
is(ask($coordinator, "SELECT rebalance_table_shards('jwt_auth.account')"), '', 'shards of users move there');
cmp_ok(ask($third, "SELECT count(*) FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid) JOIN pg_dist_local_group USING (groupid) WHERE logicalrelid = 'jwt_auth.account'::regclass"), '>', 0, 'some of them');
is(refresh($third, refresh($coordinator, $user{"user $_"}{refresh_token})->{refresh_token})->{status}, 'ok', "user $_ goes on") for 5 .. 10;
is($findings->(), '', 'the doctor is still content');
$_->close for @open, $blocker;

# A part of the audit for each month, on each node by itself.
is(ask($_, 'SELECT jwt_auth.partition_events()'), '3', $_->name . ': the audit by month') for $coordinator, $workers[0];
is(log_in($workers[0], 'user of this month')->{status}, 'ok', 'and a log-in');

# Within a snapshot what looks at a session is refused, and what changes a user fails if the user was changed since.
$session = log_in($coordinator, 'user of a snapshot');
my $link = ask($coordinator, "SELECT jwt_auth.issue_token('mail', 'user 1', '1 hour')");
for my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
	for my $call ("jwt_verify('$session->{access_token}')", "jwt_try_verify('$session->{access_token}')", "introspect('$session->{access_token}')", "refresh_session('$session->{refresh_token}')",
		"authenticate('$api_key')", "exchange_api_key('$api_key')", "revoke_refresh_session('$session->{session_id}')", "reauthenticate_session('$session->{session_id}')",
		"verify_token('$link', 'mail')", "consume_token('$link', 'mail')", "impersonate('user 1', 'agent', '1 minute')", "import_session('user 1', 'x', now(), now() + interval '1 day')", "user_sessions('user 1')")
	{
		is(ask($coordinator, "BEGIN ISOLATION LEVEL $level; SELECT * FROM jwt_auth.$call"), 'error 0A000', "$level: " . ($call =~ s/\(.*//r));
	}
	for my $call ("issue_refresh_session('changed')", "revoke_user_tokens('changed')")
	{
		my $snapshot = open_session($coordinator);
		is($snapshot->ask("BEGIN ISOLATION LEVEL $level; SELECT count(*) > 0 FROM jwt_auth.account"), 't', "$level: a snapshot");
		$coordinator->safe_psql('postgres', "SELECT jwt_auth.lock_user('changed', 'test'); SELECT jwt_auth.unlock_user('changed'); SELECT jwt_auth.lock_user('changed', 'test')");
		is($snapshot->ask("SELECT * FROM jwt_auth.$call"), 'error 40001', "$level: $call of a user who was changed since");
		$snapshot->close;
	}
}

# A trigger of a distributed table is refused on each node, also where the row is.
$coordinator->safe_psql('postgres', "CREATE TABLE person (id text PRIMARY KEY, password text); INSERT INTO person SELECT 'user ' || n, 'old' FROM generate_series(1, 12) AS n;"
	  . " CREATE TRIGGER gone AFTER UPDATE OF password ON person FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_change('id')");
is(ask($coordinator, "SELECT create_distributed_table('person', 'id')"), 'error XX000', 'a table with such a trigger is not distributed');
$coordinator->safe_psql('postgres', "SET citus.enable_unsafe_triggers = on; SELECT create_distributed_table('person', 'id')");
my %answers;
for my $node (@nodes)
{
	my $client = open_session($node);
	$answers{ $client->ask("UPDATE person SET password = 'new' WHERE id = 'user $_'") }++ for 1 .. 6;
	$client->close;
}
is_deeply(\%answers, { 'error 0A000' => 24 }, 'its trigger is refused on every node');

# A database of version 1.1 is updated node by node, and then distributed. If its tables are distributed, the update is refused.
for my $distributed (0, 1)
{
	my $database = $distributed ? 'late' : 'early';
	$_->safe_psql('postgres', "SET citus.enable_create_database_propagation = off; CREATE DATABASE $database") for @nodes;
	$_->safe_psql($database, 'CREATE EXTENSION citus') for @nodes;
	my ($host, $port) = address_of($coordinator);
	$coordinator->safe_psql($database, "SELECT citus_set_coordinator_host('$host', $port)");
	add_node($coordinator, $_, $database) for @nodes[1 .. 3];
	$coordinator->safe_psql($database, "CREATE EXTENSION jwt_auth VERSION '1.1'; SELECT jwt_auth.create_signing_key()");
	my $before = ask($coordinator, "SELECT refresh_token FROM jwt_auth.issue_refresh_session('of 1.1')", $database);
	my $versions = sub { return join ' ', map { ask($_, "SELECT extversion FROM pg_extension WHERE extname = 'jwt_auth'", $database) } @nodes };
	is($versions->(), '1.1 1.1 1.1 1.1', 'version 1.1 on every node');
	refused(qr/older than version 2\.0/, 'version 1.1', $coordinator, 'every_node', $database);
	if ($distributed)
	{
		$coordinator->safe_psql($database, "SELECT create_distributed_table('jwt_auth.account', 'user_key', colocate_with => 'none')");
		like(ask($coordinator, "ALTER EXTENSION jwt_auth UPDATE TO '2.0'", $database), qr/^error /, 'distributed, it is not updated');
		is($versions->(), '1.1 1.1 1.1 1.1', 'on any node');
	}
	else
	{
		is(ask($coordinator, "ALTER EXTENSION jwt_auth UPDATE TO '2.0'", $database), 'error 0A000', 'all nodes at once are not updated');
		is($versions->(), '1.1 1.1 1.1 1.1', 'and nothing has changed');
		is(ask($_, "SET citus.enable_ddl_propagation = off; ALTER EXTENSION jwt_auth UPDATE TO '2.0'", $database), '', $_->name . ' is updated') for @nodes;
		is($versions->(), '2.0 2.0 2.0 2.0', 'on every node');
		my ($out, $err, $good) = script_output($coordinator, 'every_node', $database);
		ok($good, 'and distributed') or diag($err);
		unlike($out, qr/error|warning/, 'with nothing to be done');
		is(ask($third, "SELECT status FROM jwt_auth.refresh_session('$before')", $database), 'ok', 'a session of version 1.1 goes on');
	}
}

done_testing();
