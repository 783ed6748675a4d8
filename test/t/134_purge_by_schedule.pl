# Purging by schedule: which databases, as whom, what is left alone, what the log says, and that nobody is kept waiting.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('scheduled');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nlog_statement = none\nlog_line_prefix = '%b|'\n");
$node->start;

my $due = "UPDATE jwt_auth.refresh_session SET purge_after = '2020-01-01', idle_ends_at = '2020-01-01' WHERE user_id = 'gone'";
my $old_event = "UPDATE jwt_auth.auth_event SET at = now() - interval '400 days' WHERE user_id = 'gone'";

# An ended session of user "gone" in the database, one that lives of user "here".
sub fill
{
	my ($database) = @_;
	log_in($node, $_, $database) for qw(gone here);
	$node->safe_psql($database, $due);
}
sub sessions { return ask($node, "SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM jwt_auth.refresh_session", $_[0]) }
sub is_purged { return $node->poll_query_until($_[0], "SELECT count(*) = 0 FROM jwt_auth.refresh_session WHERE user_id = 'gone'") }

sub set
{
	my (%settings) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET jwt_auth.$_ = $settings{$_}") for sort keys %settings;
	return $node->reload;
}
my $position = -s $node->logfile;
# What the log says since the last call, but for what others of the server say.
sub new_log
{
	my $text = substr(slurp_file($node->logfile), $position);
	$position = -s $node->logfile;
	# A worker that was about to connect to a database when that was dropped: the server says so, and that it ended.
	my $missed = $text =~ s/^jwt_auth purge worker\|FATAL:  database \d+ does not exist\n//mg || 0;
	$text =~ s/^postmaster\|LOG:  background worker "jwt_auth purge worker" \(PID \d+\) exited with exit code 1\n//m for 1 .. $missed;
	return grep { /jwt_auth|background worker|database "/ } split /\n/, $text;
}
# What of it the page does not promise.
sub unexpected
{
	my %expected = map { $_ => 1 } ('nothing to purge in database "bare": the extension jwt_auth is not installed there',
		'database "bare" of jwt_auth.purge_databases does not exist', 'database "nowhere" of jwt_auth.purge_databases does not exist');
	return grep { /\|LOG:  (.*)/ ? !$expected{$1} : 1 } grep { !/parameter "jwt_auth/ } new_log();
}
sub wait_for_log
{
	my ($pattern) = @_;
	my $until = time + $PostgreSQL::Test::Utils::timeout_default;
	select(undef, undef, undef, 0.05) while substr(slurp_file($node->logfile), $position) !~ $pattern && time < $until;
	return like(substr(slurp_file($node->logfile), $position), $pattern, $_[1]);
}
# No run is under way, and none begins.
sub rest
{
	set(purge_interval => "'1d'", purge_databases => "''");
	return $node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'jwt_auth purge worker'");
}

for my $database ('app', 'My-App', 'bare')
{
	$node->safe_psql('postgres', qq{CREATE DATABASE "$database"});
	next if $database eq 'bare';
	$node->safe_psql($database, 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
	fill($database);
}

# Off by default.
is(ask($node, 'SHOW jwt_auth.purge_databases'), '', 'nothing is named by default');
is(ask($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'jwt_auth purge launcher' AND datname IS NULL"), '1', 'the launcher waits, connected to no database');
is(ask($node, "SELECT count(*) FROM jwt_auth.doctor() WHERE subject = 'clean-up' AND advice LIKE '%jwt_auth.purge_databases%'", 'app'), '1', 'the doctor says how to have it done');

# Values that are refused.
for my $wrong ([ purge_databases => "'a,,b'" ], [ purge_databases => "'\"a'" ], [ purge_interval => '0' ], [ purge_events_older_than => "'1h'" ])
{
	is(ask($node, "ALTER SYSTEM SET jwt_auth.$wrong->[0] = $wrong->[1]"), 'error 22023', "$wrong->[0] = $wrong->[1] is refused");
}
my (undef, undef, $detail) = $node->psql('postgres', "ALTER SYSTEM SET jwt_auth.purge_databases = 'a b'");
like($detail, qr/DETAIL:  Names of databases are written with commas between them, and in double quotes unless they are in lower case\./, 'and the answer says how they are written');
is(ask($node, "SET jwt_auth.purge_databases = 'app'"), 'error 55P02', 'a session cannot name databases');

# Several databases, one of them without the extension, one that is not there.
new_log();
set(purge_databases => q{'app, "My-App", bare, nowhere, app'}, purge_interval => "'1s'");
ok(is_purged($_), "$_: what has ended is purged") for ('app', 'My-App');
is(sessions($_), 'here', "$_: what lives is not") for ('app', 'My-App');
is(ask($node, "SELECT event || ' by ' || db_role FROM jwt_auth.auth_event WHERE user_id = 'gone' ORDER BY id DESC LIMIT 1", 'app'),
	'expired by ' . ask($node, "SELECT extowner::regrole FROM pg_extension WHERE extname = 'jwt_auth'", 'app'), 'as the owner of the extension');
cmp_ok(ask($node, "SELECT count FROM jwt_auth.counters() WHERE what = 'purge' AND outcome = 'sessions'", 'app'), '==', 1, 'and the counters know');
wait_for_log(qr/nothing to purge in database "bare": the extension jwt_auth is not installed there/, 'a database without the extension is told of');
wait_for_log(qr/database "nowhere" of jwt_auth\.purge_databases does not exist/, 'and one that does not exist');
is(ask($node, "SELECT count(*) FROM jwt_auth.auth_event WHERE user_id = 'gone' AND event = 'login'", 'app'), '1', 'the audit is left alone');
is(ask($node, "SELECT finding FROM jwt_auth.doctor() WHERE finding LIKE '%purge_databases%'", 'app'), 'jwt_auth.purge_databases names nowhere, and there is no such database',
	'the doctor names the one that does not exist');
is(ask($node, "SELECT count(*) FROM jwt_auth.doctor() WHERE subject = 'clean-up'", 'app'), '0', 'and has nothing else to say of the clean-up');

is_deeply([ unexpected() ], [], 'and the log says nothing else');

# Created meanwhile, dropped meanwhile.
$node->safe_psql('bare', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
fill('bare');
ok(is_purged('bare'), 'an extension that is created meanwhile is found');
is_deeply([ unexpected() ], [], 'and purged without a word');
$node->safe_psql('bare', 'DROP EXTENSION jwt_auth');
wait_for_log(qr/nothing to purge in database "bare"/, 'and one that is dropped meanwhile is missed quietly');
is(ask($node, 'DROP DATABASE bare'), '', 'DROP DATABASE finds the database free');
rest();
is_deeply([ unexpected() ], [], 'the log says nothing else');

# The audit, by its own age; one database may have another age than the rest.
$node->safe_psql($_, $old_event) for ('app', 'My-App');
$node->safe_psql('postgres', q{ALTER DATABASE "My-App" SET jwt_auth.purge_events_older_than = '1000d'});
set(purge_databases => q{'"My-App", app'}, purge_interval => "'1s'", purge_events_older_than => "'365d'");
ok($node->poll_query_until('app', "SELECT count(*) = 0 FROM jwt_auth.auth_event WHERE user_id = 'gone'"), 'events of that age are purged where an age is set');
fill('My-App');
ok(is_purged('My-App'), 'a run later');
cmp_ok(ask($node, "SELECT count(*) FROM jwt_auth.auth_event WHERE user_id = 'gone' AND at < now() - interval '1 year'", 'My-App'), '>', 0, 'those of a database with a longer age are there');

# The months to come of an audit that has months.
is(ask($node, 'SELECT jwt_auth.partition_events() > 0', 'app'), 't', 'the audit gets its months');
$node->safe_psql('app', "DROP TABLE jwt_auth.auth_event_" . ask($node, "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '3 months', 'YYYY_MM')"));
ok($node->poll_query_until('app', "SELECT to_regclass('jwt_auth.auth_event_' || to_char(now() AT TIME ZONE 'UTC' + interval '3 months', 'YYYY_MM')) IS NOT NULL"),
	'the month that is missing is made');
rest();

# An error in one run: it is in the log, other databases and later runs go on.
$node->safe_psql('app', q{
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
	CREATE TRIGGER fail BEFORE DELETE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION fail();
});
fill($_) for ('app', 'My-App');
new_log();
set(purge_databases => q{'app, "My-App"'}, purge_interval => "'1s'");
ok(is_purged('My-App'), 'an error in one database does not keep another from being purged');
wait_for_log(qr/jwt_auth purge worker\|ERROR:  not today\n(?:.*\n)*?\tjwt_auth purge of database "app"\njwt_auth purge worker\|STATEMENT:  CALL jwt_auth\.purge_expired\(\)/, 'it is in the log, with the database and the statement');
like(ask($node, "SELECT string_agg(advice, ', ') FROM jwt_auth.doctor() WHERE subject = 'clean-up' AND finding LIKE 'sessions have been due%'", 'app'),
	qr/see the server's log/, 'the doctor sends whoever asks to the log');
$node->safe_psql('app', 'DROP TRIGGER fail ON jwt_auth.refresh_session');
ok(is_purged('app'), 'and the run after it is repaired is good');
rest();
my %others;
s/\(PID \d+\)/(PID)/ && $others{$_}++ for grep { /LOG:.*background worker/ } new_log();
is_deeply([ sort keys %others ], [ 'postmaster|LOG:  background worker "jwt_auth purge worker" (PID) exited with exit code 1' ], 'the postmaster says that a worker failed');

# A lock on the table: the run gives up, nobody waits for it for long.
fill('app');
my $holder = open_session($node, 'app');
$holder->ask('BEGIN; LOCK TABLE jwt_auth.refresh_session');
set(purge_databases => 'app', purge_interval => "'1s'");
wait_for_log(qr/jwt_auth purge worker\|ERROR:  canceling statement due to lock timeout/, 'a table that somebody holds is waited for ten seconds');
$holder->ask('COMMIT');
$holder->close;
ok(is_purged('app'), 'and purged once it is free');
rest();

# While a run is at work: what pg_stat_activity shows, canceling and terminating; DROP DATABASE waits for its batch, not for all of it.
$node->safe_psql('postgres', 'CREATE DATABASE big');
$node->safe_psql('big', q{
	CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key();
	CREATE TABLE pause AS SELECT 0.5 AS seconds;
	CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(seconds) FROM public.pause; RETURN OLD; END $$;
	CREATE TRIGGER slow BEFORE DELETE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION slow();
	SELECT count(*) FROM generate_series(1, 100) AS n, jwt_auth.issue_refresh_session('u' || n);
	UPDATE jwt_auth.refresh_session SET purge_after = '2020-01-01', idle_ends_at = '2020-01-01';
});
my $working = "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'jwt_auth purge worker' AND datname = 'big' AND query LIKE 'CALL jwt_auth.purge_expired()%'";
for my $how (qw(pg_cancel_backend pg_terminate_backend))
{
	new_log();
	set(purge_databases => 'big', purge_interval => "'1s'");
	ok($node->poll_query_until('postgres', $working), 'a run shows what it does');
	set(purge_databases => "''", purge_interval => "'1d'");
	is(ask($node, "SELECT $how(pid) FROM pg_stat_activity WHERE backend_type = 'jwt_auth purge worker'"), 't', "$how");
	wait_for_log(qr/jwt_auth purge worker\|(?:ERROR:  canceling statement due to user request|FATAL:  terminating background worker "jwt_auth purge worker" due to administrator command)/,
		'ends it');
	rest();
}
is(ask($node, 'SELECT count(*) FROM jwt_auth.refresh_session', 'big'), '100', 'and its batch is undone');
$node->safe_psql('big', 'UPDATE pause SET seconds = 0.05');
new_log();
set(purge_databases => 'big', purge_interval => "'1s'");
ok($node->poll_query_until('postgres', $working), 'the next run is at work');
is(ask($node, 'DROP DATABASE big'), '', 'DROP DATABASE waits for its batch and does it');
rest();
is_deeply([ grep { /ERROR|FATAL|exited/ } new_log() ], [], 'and the log has no error of the worker');

# The launcher: terminated it comes back, the server stops at once.
my $launcher = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'jwt_auth purge launcher'";
my $first = ask($node, $launcher);
is(ask($node, "SELECT pg_terminate_backend($first)"), 't', 'the launcher is terminated');
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'jwt_auth purge launcher' AND pid <> $first"), 'and comes back');

# A standby: no run before its promotion, and one after it.
fill('app');
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "jwt_auth.purge_databases = 'app'\njwt_auth.purge_interval = '1s'\n");
unlink $standby->data_dir . '/postgresql.auto.conf';
$standby->append_conf('postgresql.auto.conf', "primary_conninfo = '" . $node->connstr . " application_name=standby'\n");
$standby->start;
$node->wait_for_catchup($standby);
sleep 2;
is(ask($standby, "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'jwt_auth%'"), '0', 'a standby has no launcher');
is(ask($standby, "SELECT count(*) FROM jwt_auth.doctor() WHERE finding LIKE '%purge_databases%'", 'app'), '0', 'and the doctor misses none there');
is(ask($standby, "SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'gone'", 'app'), '1', 'nothing is purged there');
$standby->promote;
ok($standby->poll_query_until('app', "SELECT count(*) = 0 FROM jwt_auth.refresh_session WHERE user_id = 'gone'"), 'after its promotion it is');
$standby->stop;
unlike(slurp_file($standby->logfile), qr/purge worker\|(?:ERROR|FATAL(?!:  terminating background worker))/, 'and its log has no error');

# No room for a worker, and no preloading: who can't purge says so.
set(purge_databases => 'app', purge_interval => "'1s'");
$node->append_conf('postgresql.conf', "max_worker_processes = 2\n");
$node->restart;
wait_for_log(qr/database "app" is not purged: no background worker is free/, 'without a free worker the log says so');
$node->append_conf('postgresql.conf', "max_worker_processes = 8\nshared_preload_libraries = ''\n");
$node->restart;
is(ask($node, "SELECT finding FROM jwt_auth.doctor() WHERE severity = 'warning' AND finding LIKE '%purge_databases%'", 'app'),
	'jwt_auth.purge_databases names databases, and no process begins their purges', 'where it is not preloaded the doctor says so');
$node->stop;
done_testing();
