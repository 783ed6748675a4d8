# The audit by months: changed while users log in, cut, dropped by the month, dumped and restored; nothing lost, nothing shown to more.
use strict;
use warnings;
use lib '.';
use Ask;
use JwtAuth qw(start_standby);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('months');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nautovacuum = off\nmax_connections = 40\n");
$node->start;
$node->safe_psql('postgres', <<'EOS');
CREATE ROLE reader; CREATE ROLE curious; CREATE ROLE writer; CREATE ROLE app LOGIN;
CREATE EXTENSION jwt_auth;
SELECT jwt_auth.create_signing_key(), jwt_auth.grant_issuer('app');
SELECT count(*) FROM generate_series(1, 30) n, jwt_auth.issue_refresh_session('user ' || n % 10);
SELECT jwt_auth.revoke_user_tokens('user 1');
GRANT SELECT ON jwt_auth.auth_event TO reader;
GRANT SELECT ON SEQUENCE jwt_auth.auth_event_id_seq TO reader;
GRANT USAGE ON SEQUENCE jwt_auth.auth_event_id_seq TO writer WITH GRANT OPTION;
CREATE INDEX auth_event_user_at ON jwt_auth.auth_event (user_id, at);
EOS

is(ask($node, 'SELECT jwt_auth.partition_events(NULL)'), 'error 22004', 'NULL months');
is(ask($node, "SELECT jwt_auth.partition_events($_)"), 'error 22023', "$_ months") for 0, -1, 121, -2147483648, 2147483647;
is(ask($node, 'SET ROLE app; SELECT jwt_auth.partition_events()'), 'error 42501', 'it is the owner\'s');
$node->safe_psql('postgres', 'CREATE VIEW seen AS SELECT at, event FROM jwt_auth.auth_event');
my (undef, undef, $refusal) = $node->psql('postgres', 'SELECT jwt_auth.partition_events()', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($refusal, qr/2BP01: .*\n?DETAIL: +rule _RETURN on view public\.seen\.\nHINT: +Drop them/, 'a view that would go on showing the old table is named');
$node->safe_psql('postgres', 'DROP VIEW seen; GRANT SELECT (at) ON jwt_auth.auth_event TO curious');
is(ask($node, 'SELECT jwt_auth.partition_events()'), 'error 2BP01', 'so are privileges on columns');
$node->safe_psql('postgres', 'REVOKE SELECT (at) ON jwt_auth.auth_event FROM curious; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO curious;'
	  . 'ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO curious, PUBLIC');
my $of_sequence = "SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM pg_class, unnest(relacl) a WHERE oid = 'jwt_auth.auth_event_id_seq'::regclass";
my $on_sequence = ask($node, $of_sequence);
is($on_sequence, 'postgres=rwU/postgres reader=r/postgres writer=U*/postgres', 'who may use the sequence');

# Events of a clock that ran ahead, of which no month can be the last.
$node->safe_psql('postgres', "INSERT INTO jwt_auth.auth_event (at, event) VALUES (now() + interval '70 days', 'refreshed'), ('infinity', 'refreshed')");

# --- One transaction has written an event and waits for a user; who holds that user waits for the audit, behind the change of it
my ($writer, $holder, $changer) = map { open_session($node) } 1 .. 3;
$node->safe_psql('postgres', q{SET jwt_auth.debug_row_reader = 'auto'; SELECT status FROM jwt_auth.issue_refresh_session('held')});
$writer->ask("BEGIN; SELECT status FROM jwt_auth.issue_refresh_session('writer')");
$holder->ask("BEGIN; SELECT user_id FROM jwt_auth.account WHERE user_id = 'held' FOR UPDATE");
$changer->send('BEGIN; SELECT jwt_auth.partition_events(1); ROLLBACK');
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'") or die 'the change does not wait';
$holder->send("SELECT status FROM jwt_auth.issue_refresh_session('held'); COMMIT");
$node->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted") or die 'the holder does not wait';
is($writer->ask("SELECT status FROM jwt_auth.issue_refresh_session('held'); COMMIT"), 'ok', 'no deadlock: the waiting log-in goes first');
is($holder->answer, 'ok', '... and is done');
is($changer->answer, '1', '... and the change comes last');
$_->close for $writer, $holder, $changer;
$node->safe_psql('postgres', "DELETE FROM jwt_auth.auth_event WHERE user_id IN ('held', 'writer')");

# --- Changed while users log in and refresh, by two at once
my $script = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
append_to_file($script, "SELECT status FROM jwt_auth.issue_refresh_session('busy ' || :client_id) \\gset\n");
my ($bench_out, $bench_error) = ('', '');
my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', 4, '-t', 150, '-f', $script, $node->connstr('postgres') ], '>', \$bench_out, '2>', \$bench_error);
$node->poll_query_until('postgres', "SELECT count(*) > 40 FROM jwt_auth.auth_event WHERE user_id LIKE 'busy%'") or die 'nobody logs in';
my @callers = map { open_session($node) } 1, 2;
$_->send('SELECT jwt_auth.partition_events()') for @callers;
is(join(' ', sort map { $_->answer } @callers), '0 3', 'of two calls one makes three months and the other finds them');
$_->close for @callers;
$bench->finish;
like($bench_out, qr{transactions actually processed: 600/600}, 'every log-in went on') or diag $bench_error;
is(ask($node, "SELECT count(*) FROM jwt_auth.auth_event WHERE event = 'login'"), '630', 'and each is in the audit');
is(ask($node, 'SELECT count(*) = count(DISTINCT id) FROM jwt_auth.auth_event'), 't', 'numbers go on');
is(ask($node, "SELECT string_agg(CASE WHEN tableoid = 'jwt_auth.auth_event_default'::regclass THEN 'default' ELSE 'month' END, ' ' ORDER BY at) FROM jwt_auth.auth_event WHERE at > now() + interval '1 day'"),
	'month default', 'what lies ahead is in its month, or has a place');
is(ask($node, 'SELECT jwt_auth.partition_events(5)'), '2', 'two more months');
is(ask($node, "SELECT string_agg(p.relname, ' ' ORDER BY p.relname) FROM pg_inherits JOIN pg_class p ON p.oid = inhrelid WHERE inhparent = 'jwt_auth.auth_event'::regclass"),
	ask($node, "SELECT string_agg('auth_event_' || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n), 'YYYY_MM'), ' ' ORDER BY n)"
		  . " || ' auth_event_default auth_event_until_' || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month', 'YYYY_MM') FROM generate_series(1, 5) n"),
	'the parts are those of UTC');
is(ask($node, "SELECT count(*) FROM pg_index WHERE indrelid = 'jwt_auth.auth_event'::regclass"), '4', 'the indexes are there, the DBA\'s own too');
is(ask($node, "SELECT count(*) FROM jwt_auth.doctor() WHERE subject = 'clean-up'"), '0', 'the doctor is content');

# --- Who may read
is(ask($node, 'SET ROLE reader; SELECT count(*) > 0 FROM jwt_auth.auth_event'), 't', 'who could read the audit still can');
is(ask($node, 'SET ROLE curious; SELECT count(*) FROM jwt_auth.auth_event'), 'error 42501', 'default privileges open neither the audit');
is( ask($node, "SELECT count(*) FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relname ~ '^auth_event_' AND relkind = 'r' AND (has_table_privilege('curious', oid, 'SELECT') OR has_table_privilege('reader', oid, 'SELECT'))"),
	'0', 'nor any of its parts');

is(ask($node, $of_sequence), $on_sequence, 'the sequence has the privileges that it had, and none by default');

# --- What reads and writes it
my $session = log_in($node, 'ann');
is(ask($node, "SELECT count(*) FROM jwt_auth.session_history('ann', NULL, NULL)"), '1', 'session_history finds a log-in');
$node->safe_psql('postgres', "SELECT jwt_auth.revoke_user_tokens('ann')");
is(ask($node, "SELECT event FROM jwt_auth.explain_session('$session->{session_id}')"), 'user_revoked', 'explain_session finds an end');
is(ask($node, "SELECT jwt_auth.forget_user('ann')"), 't', 'a user is forgotten');
is(ask($node, "SELECT count(*) FROM jwt_auth.auth_event WHERE user_id = 'ann' OR session_id = '$session->{session_id}'"), '0', 'in all parts');
is(ask($node, 'SELECT jwt_auth.tables_of_users() ~ $$^auth_event$$ OFFSET 0 LIMIT 1'), 'f', 'its parts are not handed over with users');

# --- Cut by age: rows in the same places of other parts stay
my $fill = sub {
	my ($from, $to) = @_;
	$node->safe_psql('postgres', "INSERT INTO jwt_auth.auth_event (at, event, user_id) SELECT now() + d * interval '1 day', 'refreshed', 'filler' FROM generate_series($from, $to) d, generate_series(1, 50)");
};
$fill->(-60, -1);
$fill->(40, 80);
my $parts = sub { ask($node, "SELECT string_agg(tableoid::regclass || ' ' || n, ', ' ORDER BY 1) FROM (SELECT tableoid, count(*) AS n FROM jwt_auth.auth_event WHERE at > now() - interval '30 days' GROUP BY 1) p") };
my $kept = $parts->();
is(ask($node, "CALL jwt_auth.purge_events('30 days', 70)"), '', 'cut to a month, in batches');
is($parts->(), $kept, 'nothing that is younger went, in any part');
is(ask($node, "SELECT count(*) FROM jwt_auth.auth_event WHERE at < now() - interval '30 days'"), '0', 'and nothing that is older stayed');

# --- A time that no month is there for
$node->safe_psql('postgres', "INSERT INTO jwt_auth.auth_event (at, event) VALUES (now() + interval '9 months', 'refreshed')");
is(ask($node, 'SELECT count(*) FROM jwt_auth.auth_event_default'), '2', 'has a place');
is(ask($node, 'SELECT jwt_auth.partition_events(12)'), '7', 'until its month is made');
is(ask($node, 'SELECT count(*) FROM jwt_auth.auth_event_default'), '1', 'which takes it');

# --- A dump, and a restore into an empty database
my $everything = "SELECT count(*), md5(string_agg(to_jsonb(e)::text, ' ' ORDER BY to_jsonb(e)::text)) FROM jwt_auth.auth_event e";
my $before = ask($node, $everything);
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->run_log([ 'psql', '-X', '-q', '-d', $node->connstr('restored'), '-f', $dump ]);
is(ask($node, 'SELECT count(*) FROM jwt_auth.auth_event', 'restored'), '0', 'restored, the months stand alone');
like(ask($node, "SELECT finding FROM jwt_auth.doctor() WHERE subject = 'clean-up'", 'restored'), qr/stand alone/, 'which the doctor says');
is(log_in($node, 'bob', 'restored')->{status}, 'ok', 'users log in meanwhile');
is(ask($node, 'SELECT jwt_auth.partition_events()', 'restored'), '0', 'called again, it joins them');
is(ask($node, "$everything WHERE user_id IS DISTINCT FROM 'bob'", 'restored'), $before, 'and all events are there');
is(ask($node, "SELECT count(*) FROM jwt_auth.auth_event WHERE user_id = 'bob' AND id > ALL (SELECT id FROM jwt_auth.auth_event WHERE user_id <> 'bob')", 'restored'), '1', 'that of the log-in as the latest');
is(ask($node, "SELECT count(*) FROM jwt_auth.doctor() WHERE subject = 'clean-up'", 'restored'), '0', 'the doctor is content');
is(ask($node, 'SELECT count(*) > 0 FROM jwt_auth.session_history($$user 2$$, NULL, NULL)', 'restored'), 't', 'histories go back to before');

# --- Old months are dropped; the schema goes with the extension
my $oldest = ask($node, "SELECT p.relname FROM pg_inherits JOIN pg_class p ON p.oid = inhrelid WHERE inhparent = 'jwt_auth.auth_event'::regclass AND p.relname LIKE '%until%'");
is(ask($node, "DROP TABLE jwt_auth.$oldest"), '', 'the oldest part is dropped');
is(ask($node, 'SELECT count(*) > 0 FROM jwt_auth.auth_event'), 't', 'the others stay');
is(log_in($node, 'cyd')->{status}, 'ok', 'and users log in');
is(ask($node, "SELECT count(*) FROM jwt_auth.auth_event_default WHERE user_id = 'cyd'"), '1', 'where no month is left for today, its events have a place');
is(ask($node, 'DROP EXTENSION jwt_auth; SELECT count(*) FROM pg_class WHERE relname ~ $$^auth_event$$ AND relkind IN ($$r$$, $$p$$)'), '0', 'dropped with the extension, parts and all');

$node->stop;

# --- Beside a prepared transaction, an old snapshot and a standby; across a crash and a promotion
my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nmax_prepared_transactions = 5\n");
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
is(log_in($primary, 'ann')->{status}, 'ok', 'a log-in before');
my $standby = start_standby($primary, 'standby');
my $reader = open_session($standby);
my $logins_of = sub { $reader->ask("SELECT count(*) FROM jwt_auth.session_history('$_[0]', NULL, NULL)") };
is($logins_of->('ann'), '1', 'the standby knows it');

my $old = open_session($primary);
is($old->ask('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jwt_auth.signing_key'), '1', 'somebody has a snapshot of before');
$primary->safe_psql('postgres', "BEGIN; SELECT status FROM jwt_auth.issue_refresh_session('prepared'); PREPARE TRANSACTION 'log-in'");
my $caller = open_session($primary);
$caller->send('SELECT jwt_auth.partition_events()');
$primary->poll_query_until('postgres', 'SELECT count(*) = 1 FROM pg_locks WHERE NOT granted') or die 'the change does not wait';
$primary->safe_psql('postgres', "COMMIT PREPARED 'log-in'");
is($caller->answer, '3', 'the change waits for a prepared log-in');
is($old->ask("SELECT status FROM jwt_auth.issue_refresh_session('old'); COMMIT"), 'ok', 'whoever had an old snapshot logs in');
$primary->wait_for_catchup($standby);
is(join(' ', map { $logins_of->($_) } qw(ann prepared old)), '1 1 1', 'the standby finds what was before, between and after');
is($reader->ask('SELECT jwt_auth.partition_events()'), 'error 25006', 'and changes nothing');
$_->close for $old, $caller, $reader;

$primary->stop('immediate');
$primary->start;
is(log_in($primary, 'eve')->{status}, 'ok', 'after a crash users log in');
is(ask($primary, "SELECT count(*) FROM jwt_auth.auth_event WHERE event = 'login'"), '4', 'and each log-in is there');
$primary->wait_for_catchup($standby);
$standby->promote;
is(log_in($standby, 'fay')->{status}, 'ok', 'so they do where the standby was promoted');
is(ask($standby, 'SELECT jwt_auth.partition_events(6)'), '3', 'which makes months by itself');
$_->stop for $primary, $standby;
done_testing();
