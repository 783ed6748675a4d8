# Machines in a crowd: one API key that many programs use at once, a user with a hundred thousand keys, and the feed of revocations
# while they are written in transactions of all lengths.
use strict;
use warnings;
use lib '.';
use JwtAuth qw(start_node);
use Ask;
use PostgreSQL::Test::Utils;
use Test::More;

# Whoever waits for a lock for a millisecond is in the log.
my $node = start_node('machines', "shared_preload_libraries = 'jwt_auth'", 'deadlock_timeout = 1ms', 'log_lock_waits = on', 'autovacuum = off');
my $psql = sub { $node->safe_psql('postgres', $_[0]) };
my $file = 0;

# Runs scripts (each a list: weight, text) in $clients sessions that each do $count of them.
sub crowd
{
	my ($clients, $count, @scripts) = @_;
	my @options;
	for (@scripts)
	{
		my ($weight, $script) = @$_;
		my $path = PostgreSQL::Test::Utils::tempdir() . '/script' . ++$file;
		append_to_file($path, $script);
		push @options, '-f', "$path\@$weight";
	}
	# Whoever waits for what another session holds to the end fails instead of hanging.
	local $ENV{PGOPTIONS} = '-c lock_timeout=20s';
	command_like([ 'pgbench', '-n', '-c', $clients, '-j', 2, '-t', $count, @options, '-h', $node->host, '-p', $node->port, 'postgres' ],
		qr/number of failed transactions: 0 /, "$clients sessions, $count each");
	return;
}

$psql->(<<'EOS');
CREATE TABLE held AS SELECT * FROM jwt_auth.create_api_key('ann', 'shared', '{orders:read}');
CREATE TABLE note (txid bigint);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.note VALUES (txid_current()); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER UPDATE ON jwt_auth.api_key_use FOR EACH ROW EXECUTE FUNCTION noted();
CREATE TABLE waited (what text);
-- What a program does with the key; a refusal is an error, which ends the run.
CREATE FUNCTION exchanged(key text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  answer jwt_auth.token_response := jwt_auth.exchange_api_key(key);
BEGIN
  IF answer.status IS DISTINCT FROM 'ok' THEN RAISE 'refused: %', answer.status; END IF;
  RETURN answer.access_token IS NOT NULL;
END $$;
EOS
my $key = $psql->('SELECT api_key FROM held');
my @exchange = (10, "SELECT exchanged('$key');\n");
my @authenticate = (5, "BEGIN;\nSELECT jwt_auth.authenticate('$key');\nSELECT jwt_auth.has_scope('orders:read');\nCOMMIT;\n");
my @repeatable = (2, "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT exchanged('$key');\nSELECT exchanged('$key');\nCOMMIT;\n");
my @look = (1, <<'EOS');
INSERT INTO waited SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND backend_type = 'client backend'
  UNION ALL SELECT locktype || ' ' || mode FROM pg_locks WHERE NOT granted;
EOS

# The expression for secret scanners, as the page has it.
my ($expression) = slurp_file(source_file('docs/machines.md')) =~ /^(jwtauth_k1_\[.*)$/m;
$psql->(q{CREATE TABLE made AS SELECT (jwt_auth.create_api_key('many', n::text)).api_key FROM generate_series(1, 500) n});
is($psql->("SELECT count(*) FROM made, regexp_matches('x=\"' || api_key || '\"', '$expression') m WHERE m[1] = api_key"), 500, 'the expression for scanners finds each key');
is($psql->(<<"EOS"), 0, 'and nothing else that is handed out');
SELECT count(*) FROM (SELECT access_token FROM jwt_auth.issue_refresh_session('ann') UNION ALL SELECT refresh_token FROM jwt_auth.issue_refresh_session('ann')
  UNION ALL SELECT jwt_auth.proof_nonce() UNION ALL SELECT left(api_key, -1) FROM made UNION ALL SELECT upper(api_key) FROM made) t (text) WHERE text ~ '$expression'
EOS

$psql->(q{SELECT jwt_auth.revoke_user_tokens('many')});

# One key, many users.
my $log = -s $node->logfile;
crowd(16, 150, \@exchange, \@authenticate, \@repeatable, \@look);
is($psql->('SELECT count(*) FROM note'), 1, 'last_used_at was written once');
is($psql->('TABLE waited'), '', 'no session was seen to wait for a lock');
unlike(slurp_file($node->logfile, $log), qr/still waiting|acquired \w+ after/, 'and none waited for a millisecond');

# While others hold what there is to hold.
my $holder = open_session($node);
for my $case (
	[ 'a transaction that noted a use', "SELECT exchanged('$key')" ],
	[ 'the row of the last use, locked', 'SELECT FROM jwt_auth.api_key_use FOR UPDATE' ],
	[ 'the key, locked', 'SELECT FROM jwt_auth.api_key FOR UPDATE' ],
	[ 'a revocation of the key that has not committed', 'SELECT jwt_auth.revoke_api_key(key_id) FROM held' ],
	[ 'a revocation of the user that has not committed', q{SELECT jwt_auth.revoke_user_tokens('ann')} ],
	[ 'a lock of the user that has not committed', q{SELECT jwt_auth.lock_user('ann')} ],
	[ 'a new key of the user', q{SELECT (jwt_auth.create_api_key('ann', 'other')).key_id} ])
{
	my ($what, $statement) = @$case;
	# The use is to be noted again.
	$psql->(q{UPDATE jwt_auth.api_key_use SET last_used_at = now() - interval '2 hours' WHERE key_id = (SELECT key_id FROM held); TRUNCATE note, waited});
	$log = -s $node->logfile;
	$holder->ask('BEGIN');
	unlike($holder->ask($statement), qr/error/, "held: $what");
	crowd(8, 20, \@exchange, \@authenticate, \@repeatable, \@look);
	is($psql->('TABLE waited'), '', "$what: no session was seen to wait");
	$holder->ask('ROLLBACK');
	unlike(slurp_file($node->logfile, $log), qr/still waiting|acquired \w+ after/, "$what: none waited for a millisecond");
	cmp_ok($psql->('SELECT count(*) FROM note'), '<=', 1, "$what: the use is noted once at most");
}
$holder->close;

# A hundred thousand keys of one user: a key costs what it costs alone.
sub pages_of
{
	my ($call) = @_;
	my $plan = $psql->("$call; $call; EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) $call");
	$plan =~ /"Shared Hit Blocks": (\d+)/ or die "no pages in: $plan";
	return $1;
}
my %call = (
	exchange_api_key => "SELECT jwt_auth.exchange_api_key('$key')",
	authenticate => "SELECT jwt_auth.authenticate('$key')",
	create_api_key => q{SELECT jwt_auth.create_api_key('ann', 'more')});
my %alone = map { $_ => pages_of($call{$_}) } keys %call;
my $before = $psql->(q{SELECT count(*) FROM jwt_auth.user_api_keys('ann')});
$psql->(<<'EOS');
ALTER TABLE jwt_auth.api_key_use DISABLE TRIGGER noted;
INSERT INTO jwt_auth.api_key (key_id, user_key, user_id, name, secret_hash, created_at)
  SELECT (lpad(to_hex(i), 24, '0') || right(replace(key_id::text, '-', ''), 8))::uuid, user_key, user_id, 'key ' || i, secret_hash, created_at
  FROM jwt_auth.api_key JOIN held USING (key_id), generate_series(1, 100000) i;
INSERT INTO jwt_auth.api_key_use (key_id, user_key) SELECT key_id, user_key FROM jwt_auth.api_key WHERE name LIKE 'key %';
ANALYZE;
EOS
is($psql->(q{SELECT count(*) FROM jwt_auth.user_api_keys('ann')}), $before + 100000, 'all of a hundred thousand keys are listed');
for my $function (sort keys %call)
{
	my $pages = pages_of($call{$function});
	# Two indexes have grown by a level.
	cmp_ok($pages, '<=', $alone{$function} + 8, "$function reads $pages pages, and $alone{$function} with few keys");
}
is($psql->(q{SELECT jwt_auth.revoke_own_api_key('ann', key_id) FROM jwt_auth.api_key WHERE name = 'key 77777'}), 't', 'one of them is ended');
$psql->(q{SELECT jwt_auth.revoke_user_tokens('ann')});
is($psql->(q{SELECT count(*) FROM jwt_auth.user_api_keys('ann')}), 0, 'all of them are ended at once');
is($psql->("SELECT status FROM jwt_auth.exchange_api_key('$key')"), 'invalid', 'the first one too');
$psql->('CALL jwt_auth.purge_expired()');
is($psql->('SELECT (SELECT count(*) FROM jwt_auth.api_key) + (SELECT count(*) FROM jwt_auth.api_key_use)'), 0, 'and purged');

# The feed: whoever goes on from the last position is told of every revocation, however late it commits, and of no other.
$psql->(<<'EOS');
CREATE TABLE heard (session_id uuid PRIMARY KEY);
CREATE TABLE looks (position bigint, rows bigint, finished boolean);
CREATE PROCEDURE follow(finished boolean) LANGUAGE plpgsql AS $$
DECLARE
  position bigint;
  told bigint;
  here bigint := (SELECT max(l.position) FROM looks l);
BEGIN
  LOOP
    WITH feed AS MATERIALIZED (SELECT * FROM jwt_auth.revocations(here) f WHERE f.kind = 'session'),
         kept AS (INSERT INTO heard SELECT session_id FROM feed ON CONFLICT DO NOTHING)
    SELECT min(feed.position), count(*) INTO position, told FROM feed;
    here := coalesce(position, here);
    INSERT INTO looks VALUES (here, told, finished);
    COMMIT;
    EXIT WHEN finished OR EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'ended');
    PERFORM pg_sleep(0.005);
  END LOOP;
END $$;
EOS
my $reader = open_session($node);
$reader->send('CALL follow(false)');
my $writer = <<'EOS';
\set milliseconds random(0, 60)
\set end random(1, 4)
SELECT session_id AS a FROM jwt_auth.issue_refresh_session('writer :client_id') \gset
SELECT session_id AS b FROM jwt_auth.issue_refresh_session('writer :client_id') \gset
BEGIN;
SELECT jwt_auth.revoke_refresh_session(':a');
\sleep :milliseconds ms
SAVEPOINT s;
SELECT jwt_auth.revoke_refresh_session(':b');
\if :end = 1
ROLLBACK TO s;
\endif
\if :end = 2
ROLLBACK;
\else
COMMIT;
\endif
EOS
crowd(12, 25, [ 1, $writer ]);
my $ended = open_session($node);
$ended->ask(q{SET application_name = 'ended'});
unlike($reader->answer, qr/error/, 'the reader went on to the end');
$psql->('CALL follow(true)');
$ended->close;
$reader->close;
# Revoked, or evicted by a later log-in of its user.
$psql->(<<'EOS');
CREATE VIEW gone AS SELECT session_id FROM jwt_auth.auth_event e WHERE event = 'login' AND user_id LIKE 'writer %'
  AND NOT EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.session_id = e.session_id);
EOS
cmp_ok($psql->('SELECT count(*) FROM heard'), '>', 100, 'there was something to hear');
is($psql->('SELECT count(*) FROM heard JOIN jwt_auth.refresh_session USING (session_id)'), 0, 'no session was heard of that lives');
is($psql->('SELECT count(*) FROM gone LEFT JOIN heard USING (session_id) WHERE heard.session_id IS NULL'), 0, 'no session ended unheard of');
is($psql->('SELECT count(*) = (SELECT count(*) FROM heard) FROM gone'), 't', 'as many were heard of as ended');
cmp_ok($psql->('SELECT count(*) FROM looks WHERE NOT finished'), '>', 5, 'the reader looked meanwhile');
note('the reader was told of ' . $psql->('SELECT sum(rows) FROM looks') . ' rows for ' . $psql->('SELECT count(*) FROM heard') . ' revocations in '
	  . $psql->('SELECT count(*) FROM looks') . ' looks');

$node->stop;
done_testing();
