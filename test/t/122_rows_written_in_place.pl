# A refresh changes its session's row, and a log-in its account's, without an UPDATE; events and what verifiers are told are added
# without an INSERT. What leaves the server by logical decoding is the same as with one; and while another session does to the
# tables whatever DDL can, at each isolation level, no refresh is lost, none is done twice, each log-in has its event, and every
# index has every row.
use strict;
use warnings;
use lib '.';
use Ask;
use IPC::Run ();
use JwtAuth qw(start_standby);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{JWT_AUTH_STRESS_SECONDS} // 10;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'EOS');
shared_preload_libraries = 'jwt_auth'
wal_level = logical
max_prepared_transactions = 2
log_statement = none
fsync = off
jwt_auth.max_sessions_per_user = 3
EOS
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; CREATE EXTENSION amcheck; SELECT jwt_auth.create_signing_key()');

# Logical decoding: names and types of what was changed, and the values that both ways share.
sub decoded
{
	my ($reader) = @_;
	my $login = log_in($node, "decoded by $reader");
	$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('decoded', 'test_decoding')");
	$node->safe_psql('postgres', <<"EOS");
BEGIN;
SET LOCAL jwt_auth.debug_row_reader = '$reader';
SELECT status FROM jwt_auth.refresh_session('$login->{refresh_token}', ip => '192.0.2.9', user_agent => repeat('long ', 1000));
COMMIT;
BEGIN;
SET LOCAL jwt_auth.debug_row_reader = '$reader';
SELECT status FROM jwt_auth.issue_refresh_session('decoded by $reader');
COMMIT;
BEGIN;
SET LOCAL jwt_auth.debug_row_reader = '$reader';
SELECT jwt_auth.revoke_user_tokens('decoded by $reader', (SELECT string_agg(md5(n::text), ' ') FROM generate_series(1, 400) n));
COMMIT;
EOS
	my $changes = $node->safe_psql('postgres',
		"SELECT data FROM pg_logical_slot_get_changes('decoded', NULL, NULL, 'include-xids', '0', 'skip-empty-xacts', '1')");
	$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('decoded')");
	# Ids, times, hashes and numbers of rows differ anyhow.
	$changes =~ s/decoded by $reader/decoded/g;
	$changes =~ s/'[0-9a-f]{8}-[0-9a-f-]{27}'/ID/g;
	$changes =~ s/'\\x[0-9a-f]*'/HASH/g;
	$changes =~ s/'\d{4}-\d\d-\d\d[^']*'/TIME/g;
	$changes =~ s/(\b(?:user_key|id|generation|xact)\[\w+\]):'?-?\d+'?/$1:NUMBER/g;
	# A cutoff is written again if the first time took so long that it may have waited for the row.
	$changes =~ s/^(table jwt_auth\.account: UPDATE: .*\n)\1/$1/mg;
	return $changes;
}
my $in_place = decoded('auto');
like($in_place, qr/table jwt_auth\.refresh_session: UPDATE: .*generation\[integer\]:NUMBER .*user_agent\[text\]:'long long/, 'a refresh is decoded as the UPDATE of a row');
like($in_place, qr/table jwt_auth\.account: UPDATE: .*last_login\[timestamp with time zone\]:TIME/, 'a log-in as that of an account');
like($in_place, qr/(?:table jwt_auth\.auth_event: INSERT: .*event\[jwt_auth\.event_name\]:'user_revoked' .*reason.*\n){3}table jwt_auth\.revocation: INSERT: /,
	'a revocation as the INSERT of its events and of what verifiers are told');
is($in_place, decoded('statement'), 'and all as a statement\'s would be');

# Refreshes its session over and over, each in a transaction of its own, and answers how often it was told ok. Every twentieth
# time it logs in beside it, so that accounts are written and sessions evicted.
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE outcome (name text PRIMARY KEY, refreshes int, session_id uuid, revocations int);
CREATE PROCEDURE work(name text, seconds int) LANGUAGE plpgsql AS $$
DECLARE
  until timestamptz := clock_timestamp() + make_interval(secs => seconds);
  login jwt_auth.token_response;
  answer jwt_auth.token_response;
  token text;
  refreshes int := 0;
  revoking boolean;
  revocations int := 0;
BEGIN
  login := jwt_auth.issue_refresh_session(name);
  token := login.refresh_token;
  COMMIT;
  WHILE clock_timestamp() < until LOOP
    BEGIN
      answer := jwt_auth.refresh_session(token, '192.0.2.1', repeat('agent ', (random() * 20)::int));
      IF answer.status <> 'ok' THEN RAISE EXCEPTION '% was answered after % refreshes', answer.status, refreshes; END IF;
      IF refreshes % 20 = 0 THEN PERFORM jwt_auth.issue_refresh_session('beside ' || name); END IF;
      -- Of nobody: an event and a row for verifiers, and no session of the others' ends.
      revoking := refreshes % 5 = 0;
      IF revoking THEN PERFORM jwt_auth.revoke_user_tokens('nobody ' || name); END IF;
    EXCEPTION WHEN serialization_failure OR deadlock_detected THEN
      answer := NULL;
    END;
    -- Undone with its transaction, it is presented again.
    IF answer.refresh_token IS NOT NULL THEN
      token := answer.refresh_token;
      refreshes := refreshes + 1;
      revocations := revocations + revoking::int;
    END IF;
    COMMIT;
  END LOOP;
  INSERT INTO outcome VALUES (name, refreshes, login.session_id, revocations);
END $$;
EOS

my @ddl = (
	'VACUUM FULL jwt_auth.refresh_session', 'VACUUM FULL jwt_auth.account', 'CLUSTER jwt_auth.refresh_session USING refresh_session_pkey',
	'REINDEX TABLE CONCURRENTLY jwt_auth.refresh_session', 'REINDEX INDEX jwt_auth.refresh_session_pkey', 'VACUUM (FREEZE) jwt_auth.refresh_session',
	'CREATE INDEX CONCURRENTLY by_agent ON jwt_auth.refresh_session (user_agent, generation)', 'REINDEX INDEX CONCURRENTLY jwt_auth.by_agent',
	'DROP INDEX CONCURRENTLY jwt_auth.refresh_session_user_key', 'CREATE INDEX CONCURRENTLY refresh_session_user_key ON jwt_auth.refresh_session (user_key)',
	'DROP INDEX CONCURRENTLY jwt_auth.by_agent',
	'ALTER TABLE jwt_auth.refresh_session ADD COLUMN extra int DEFAULT 7', 'ALTER TABLE jwt_auth.refresh_session DROP COLUMN extra',
	'CREATE TRIGGER note BEFORE UPDATE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'DROP TRIGGER note ON jwt_auth.refresh_session',
	'ALTER TABLE jwt_auth.refresh_session ADD CONSTRAINT counts CHECK (generation >= 0)', 'ALTER TABLE jwt_auth.refresh_session DROP CONSTRAINT counts',
	'ALTER TABLE jwt_auth.refresh_session REPLICA IDENTITY FULL', 'ALTER TABLE jwt_auth.refresh_session REPLICA IDENTITY DEFAULT',
	'ANALYZE jwt_auth.refresh_session',
	'VACUUM FULL jwt_auth.auth_event', 'REINDEX TABLE CONCURRENTLY jwt_auth.auth_event', 'VACUUM (FREEZE) jwt_auth.revocation',
	'CREATE INDEX CONCURRENTLY by_name ON jwt_auth.auth_event (event, user_id)', 'REINDEX TABLE CONCURRENTLY jwt_auth.revocation',
	'ALTER TABLE jwt_auth.auth_event ADD COLUMN extra int DEFAULT 7', 'DROP INDEX CONCURRENTLY jwt_auth.auth_event_session_id',
	'ALTER TABLE jwt_auth.auth_event DROP COLUMN extra', 'VACUUM FULL jwt_auth.revocation',
	'CREATE INDEX CONCURRENTLY auth_event_session_id ON jwt_auth.auth_event (session_id) WHERE session_id IS NOT NULL',
	'CREATE TRIGGER note BEFORE INSERT ON jwt_auth.revocation FOR EACH ROW EXECUTE FUNCTION noted()', 'DROP INDEX CONCURRENTLY jwt_auth.by_name',
	'DROP TRIGGER note ON jwt_auth.revocation', 'ALTER TABLE jwt_auth.revocation ALTER version SET DEFAULT 1', 'ALTER TABLE jwt_auth.revocation ALTER version DROP DEFAULT');
$node->safe_psql('postgres', "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'");
my %crew = (
	committed => 'read committed', repeatable => 'repeatable read', serializable => 'serializable', statements => 'read committed');
my (@running, %error);
for my $name (sort keys %crew)
{
	my $reader = $name eq 'statements' ? 'statement' : 'auto';
	local $ENV{PGOPTIONS} = '-c default_transaction_isolation=' . ($crew{$name} =~ s/ /\\ /r) . " -c jwt_auth.debug_row_reader=$reader";
	push @running, IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', "CALL work('$name', $seconds)" ],
		'<', \undef, '>', \my $output, '2>', \$error{$name}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
}
my $end = time + $seconds - 1;
my $done = 0;
while (time < $end || $done % @ddl)
{
	my ($status, undef, $error) = $node->psql('postgres', $ddl[ $done % @ddl ]);
	next if $status != 0 && $error =~ /deadlock detected/;
	if ($status != 0) { fail("$ddl[ $done % @ddl ]: $error"); last; }
	$done++;
}
cmp_ok($done, '>=', scalar @ddl, "each change of the tables was made ($done of " . scalar(@ddl) . ')');
$_->finish for @running;
for my $name (sort keys %crew)
{
	is($error{$name}, '', "$name: no error");
	my ($refreshes, $generation) = split /\|/,
	  $node->safe_psql('postgres', "SELECT refreshes, generation FROM outcome LEFT JOIN jwt_auth.refresh_session USING (session_id) WHERE name = '$name'");
	cmp_ok($refreshes // 0, '>', 10, "$name: it refreshed ($refreshes)");
	is($generation, $refreshes, "$name: each of its refreshes is in its row, once");
	my $revocations = ask($node, "SELECT revocations FROM outcome WHERE name = '$name'");
	cmp_ok($revocations, '>', 2, "$name: it revoked ($revocations)");
	is(ask($node, "SELECT (SELECT count(*) FROM jwt_auth.auth_event WHERE user_id = 'nobody $name' AND event = 'user_revoked'), (SELECT count(*) FROM jwt_auth.revocation WHERE user_id = 'nobody $name')"),
		"$revocations|$revocations", "$name: each revocation has its event, and verifiers are told of it");
}
is($node->safe_psql('postgres', "SELECT count(*) FROM (SELECT FROM jwt_auth.refresh_session GROUP BY user_id HAVING count(*) > 3) s"), '0',
	'nobody has more sessions than the limit');
my @indexes = split /\n/, $node->safe_psql('postgres',
	"SELECT indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = relam"
	  . " WHERE indrelid IN ('jwt_auth.refresh_session'::regclass, 'jwt_auth.account'::regclass, 'jwt_auth.auth_event'::regclass, 'jwt_auth.revocation'::regclass) AND amname = 'btree' ORDER BY 1");
cmp_ok(scalar @indexes, '>=', 8, 'there are indexes');
is(ask($node, "SELECT bt_index_parent_check('$_', true)"), '', "$_ has every row") for @indexes;
is(ask($node, "SELECT count(*) FROM verify_heapam('$_')"), '0', "$_ is sound") for qw(jwt_auth.refresh_session jwt_auth.account jwt_auth.auth_event jwt_auth.revocation);
is(ask($node, 'SELECT count(*) - count(DISTINCT id) FROM jwt_auth.auth_event'), '0', 'no two events have one number');

# --- What was written in place is in the log: it outlives a crash, prepared or not, is on a standby, and in a dump
my $login = log_in($node, 'logged');
my $prepared = log_in($node, 'prepared');
my $standby = start_standby($node, 'standby');
# Undone, done, and done once more in one transaction: the last of them holds.
my $session = open_session($node);
$session->ask("BEGIN; CREATE TEMP TABLE last AS SELECT '$login->{refresh_token}' AS token");
for my $end ('ROLLBACK TO s', 'RELEASE s', 'RELEASE s')
{
	my $status = $session->ask("SAVEPOINT s; WITH r AS (SELECT * FROM jwt_auth.refresh_session((SELECT token FROM last))) UPDATE last"
		  . " SET token = r.refresh_token FROM r RETURNING r.status; $end");
	is($status, 'ok', "a refresh before $end");
}
my $last = $session->ask('SELECT token FROM last');
$session->ask('COMMIT');
$session->close;
is(ask($node, "BEGIN; SELECT status FROM jwt_auth.refresh_session('$prepared->{refresh_token}'); PREPARE TRANSACTION 'rotation'"), 'ok', 'a refresh is prepared');
$node->stop('immediate');
$node->start;
is(ask($node, "SET lock_timeout = '1s'; SELECT status FROM jwt_auth.refresh_session('$prepared->{refresh_token}')"), 'error 55P03',
	'after a crash a second one still waits for it');
$node->safe_psql('postgres', "COMMIT PREPARED 'rotation'");
my $generations = "SELECT user_id, generation FROM jwt_auth.refresh_session WHERE user_id IN ('logged', 'prepared') ORDER BY user_id";
is(ask($node, $generations), "logged|2\nprepared|1", 'each is done as often as it was committed');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is(ask($standby, $generations), "logged|2\nprepared|1", 'on the standby too');
is(ask($standby, "SELECT bt_index_check('$_', true)"), '', "$_ has every row there") for @indexes;
$node->safe_psql('postgres', 'CREATE DATABASE restored');
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump, '-n', 'jwt_auth', '-e', 'jwt_auth' ], 'a dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ], 'restored');
is(refresh($node, $last, 'restored')->{status}, 'ok', 'the last token is good there');
$standby->promote;
is(refresh($standby, $last)->{status}, 'ok', 'and where the standby takes over');
is(refresh($node, $last)->{status}, 'ok', 'and here');

$standby->stop;
$node->stop;
done_testing();
