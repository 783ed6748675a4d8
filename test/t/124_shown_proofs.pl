# Where the library is preloaded, authenticate and pre_request accept a proof once on this server: in shared memory of a fixed size.
use strict;
use warnings;
use lib '.';
use Ask;
use JwtAuth qw(start_standby);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<'EOS');
shared_preload_libraries = 'jwt_auth'
jwt_auth.proof_origin = 'https://api.example.com'
jwt_auth.max_sessions_per_user = 0
restart_after_crash = on
autovacuum = off
EOS
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION jwt_auth;
	SELECT jwt_auth.create_signing_key('ES256');
	CREATE TABLE device AS SELECT name, (key - 'kid')::text AS key, jwt_auth.jwk_public(key) - '{kid,alg,use,key_ops}'::text[] AS jwk
	  FROM (SELECT name, jwt_auth.jwk_generate('ES256') AS key FROM unnest('{phone,tablet}'::text[]) AS name OFFSET 0) AS made;
	CREATE FUNCTION sign(claims jsonb, by text) RETURNS text LANGUAGE sql AS $$
	  SELECT jwt_auth.jws_sign(convert_to((jsonb_build_object('jti', gen_random_uuid(), 'iat', floor(extract(epoch FROM clock_timestamp()))) || claims)::text, 'UTF8'),
	                           key, NULL, jsonb_build_object('typ', 'dpop+jwt', 'jwk', jwk)) FROM device WHERE name = by $$;
	CREATE TABLE bound AS
	  SELECT name, (jwt_auth.issue_refresh_session(name, proof => sign('{"htm": "POST", "htu": "https://api.example.com/log-in"}', name), proof_method => 'POST',
	                                               proof_url => 'https://api.example.com/log-in')).access_token AS token FROM device;
	CREATE FUNCTION proof(jti text, by text DEFAULT 'phone') RETURNS text LANGUAGE sql AS $$
	  SELECT sign(jsonb_build_object('jti', jti, 'htm', 'GET', 'htu', 'https://api.example.com/things',
	                                 'ath', jwt_auth.base64url_encode(sha256(convert_to(token, 'UTF8')))), by) FROM bound WHERE name = by $$;
	CREATE FUNCTION show(proof text, by text DEFAULT 'phone', url text DEFAULT 'https://api.example.com/things', max_age interval DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	  SELECT jwt_auth.authenticate(token, max_age => max_age, proof => proof, proof_method => 'GET', proof_url => url) ->> 'sub' FROM bound WHERE name = by $$;
	CREATE FUNCTION request(proof text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
	  PERFORM set_config('request.method', 'GET', true), set_config('request.path', '/things', true),
	          set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || token, 'dpop', proof)::text, true) FROM bound WHERE name = 'phone';
	  PERFORM jwt_auth.pre_request();
	  RETURN jwt_auth.current_user_id();
	END $$;
	-- Whether it passed.
	CREATE FUNCTION passes(proof text, by text DEFAULT 'phone') RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
	  RETURN show(proof, by) = by;
	EXCEPTION WHEN SQLSTATE 'JW015' THEN
	  RETURN false;
	END $$;
});
my $standby = start_standby($primary, 'standby');

my $proof_of = sub { my ($jti, $by) = @_; return $primary->safe_psql('postgres', "SELECT proof('$jti', '" . ($by // 'phone') . "')") };
my $show = sub { my ($proof, $node, $by) = @_; return ask($node // $primary, "BEGIN; SELECT show('$proof', '" . ($by // 'phone') . "'); COMMIT") };
my $counted = sub { return ask($primary, "SELECT string_agg(outcome || ' ' || count, ', ' ORDER BY outcome) FROM jwt_auth.counters() WHERE what = 'proof'") };

is($counted->(), 'displaced 0, repeated 0, shown 0', 'nothing was shown yet');
my $once = $proof_of->('once');
is($show->($once), 'phone', 'a proof is good');
is($show->($once), 'error JW015', 'once');
my (undef, undef, $message) = $primary->psql('postgres', "SELECT show('$once')");
like($message, qr/ERROR: .*: a proof with this jti was there before$/m, 'and it is said why');
is($show->($proof_of->('once')), 'error JW015', 'another proof with the same jti is no other proof');
is($show->($proof_of->('once', 'tablet'), $primary, 'tablet'), 'tablet', 'the same jti by another key is one');
is(ask($primary, "SELECT request('$once')"), 'error PT401', 'pre_request refuses it as well');
my $requested = $proof_of->('requested');
is(ask($primary, "SELECT request('$requested')"), 'phone', 'and accepts one that is new');
is(ask($primary, "SELECT request('$requested')"), 'error PT401', 'once');
is($counted->(), 'displaced 0, repeated 5, shown 3', 'each is counted');
# A procedure that ends its transaction itself has used it up; one that fails has not.
$primary->safe_psql('postgres', q{
	CREATE PROCEDURE shows(proof text, ends text) LANGUAGE plpgsql AS $$
	BEGIN
	  PERFORM show(proof);
	  IF ends = 'commit' THEN COMMIT; ELSIF ends = 'rollback' THEN ROLLBACK; ELSE RAISE division_by_zero; END IF;
	END $$});
for my $ends ('commit', 'rollback', 'error')
{
	my $proof = $proof_of->("ends by $ends");
	my $failed = $ends eq 'error';
	is(ask($primary, "CALL shows('$proof', '$ends')"), $failed ? 'error 22012' : '', "a procedure ends by $ends");
	is(ask($primary, "CALL shows('$proof', '$ends')"), $failed ? 'error 22012' : 'error JW015', "and shows the proof again");
	is(ask($primary, "DO \$\$ BEGIN PERFORM show('$proof'); END \$\$"), $failed ? '' : 'error JW015', 'so does another');
}
is(ask($primary, "SELECT jkt IS NOT NULL FROM jwt_auth.verify_proof('$once', 'GET', 'https://api.example.com/things')"), 't', 'verify_proof remembers none');

# A refusal for another reason uses nothing up.
my $kept = $proof_of->('kept');
is(ask($primary, "SELECT show('$kept', url => 'https://api.example.com/others')"), 'error JW015', 'a proof for another URL');
is(ask($primary, "SELECT pg_sleep(0.1), show('$kept', max_age => '0')"), 'error JW013', 'a log-in that is too long ago');
is($show->($kept), 'phone', 'leave the proof as it was');

# One transaction may ask twice, for a step-up say; what fails has shown nothing, so it can be tried again as a whole.
my $twice = $proof_of->('twice');
is(ask($primary, "BEGIN; SELECT show('$twice'); SAVEPOINT s; SELECT show('$twice', max_age => '1 hour'); ROLLBACK TO s; SELECT show('$twice'); COMMIT"),
	"phone\nphone\nphone", 'the transaction that showed a proof shows it again');
is($show->($twice), 'error JW015', 'the next one does not');
my $tried = $proof_of->('tried');
is(ask($primary, "BEGIN; SELECT show('$tried'); SELECT 1 / 0"), 'error 22012', 'a transaction fails');
is($show->($tried), 'phone', 'and is tried again with the same proof');
is($show->($tried), 'error JW015', 'which is used up then');
my $read = $proof_of->('read');
is(ask($primary, "BEGIN READ ONLY; SELECT show('$read'); ROLLBACK"), 'phone', 'who only reads may end with ROLLBACK');
is($show->($read), 'error JW015', 'and has used the proof up');

$primary->safe_psql('postgres', 'CREATE TABLE stock (n integer); INSERT INTO stock VALUES (0)');
my $open = open_session($primary);
my $retried = $proof_of->('retried');
$open->ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT show('$retried')");
$primary->safe_psql('postgres', 'UPDATE stock SET n = n + 1');
is($show->($retried), 'error JW015', 'a proof is used while its transaction runs');
is($open->ask('UPDATE stock SET n = n + 1'), 'error 40001', 'the transaction can not be serialized');
is($open->ask("ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT show('$retried'); UPDATE stock SET n = n + 1; COMMIT"), 'phone', 'its retry passes');
is($show->($retried), 'error JW015', 'and no other does');
$open->close;

# Once it would be refused for its age, its place is free.
is(ask($primary, "SET jwt_auth.proof_max_age = 1; SELECT passes(proof('aged')), passes(proof('aged')); SELECT passes(proof('aged')); SELECT pg_sleep(2.1); SELECT passes(proof('aged'))"),
	"t|t\nf\n\nt", 'a jti is good again after proof_max_age');

# Another secret of the server forgets nothing, another database knows nothing of it.
$primary->safe_psql('postgres', 'DELETE FROM jwt_auth.server_secret; SELECT jwt_auth.proof_nonce()');
is($show->($once), 'error JW015', 'with another server_secret it stays refused');
$primary->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE postgres');
is(ask($primary, "SELECT show('$once')", 'copy'), 'phone', 'another database takes it once');
is(ask($primary, "SELECT show('$once')", 'copy'), 'error JW015', 'and once only');

# Four clients show the same 250 proofs, each at the same time.
$primary->safe_psql('postgres', q{
	CREATE TABLE shown AS SELECT n, proof('crowd ' || n) AS proof FROM generate_series(1, 250) AS n;
	CREATE TABLE passed (n integer);
});
my $script = PostgreSQL::Test::Utils::tempdir() . '/crowd.sql';
append_to_file($script, "\\set n :n + 1\nINSERT INTO passed SELECT n FROM shown WHERE n = :n AND passes(proof);\n");
$primary->command_ok([ 'pgbench', '-n', '-c', '4', '-j', '2', '-t', '250', '-D', 'n=0', '-f', $script, $primary->connstr('postgres') ], 'a crowd shows proofs');
is(ask($primary, 'SELECT count(*), count(DISTINCT n) FROM passed'), '250|250', 'each passes once');

# 10,000 wrong proofs against one session: no lock-out, no growth, one event.
$primary->safe_psql('postgres', q{
	CREATE TABLE victim AS SELECT * FROM jwt_auth.issue_refresh_session('victim', proof => sign('{"htm": "POST", "htu": "https://api.example.com/log-in"}', 'phone'), proof_method => 'POST',
	                                                                    proof_url => 'https://api.example.com/log-in');
	CREATE FUNCTION refresh(by text) RETURNS text LANGUAGE sql AS $$
	  SELECT (jwt_auth.refresh_session(refresh_token, proof => sign('{"htm": "POST", "htu": "https://api.example.com/log-in"}', by), proof_method => 'POST',
	                                   proof_url => 'https://api.example.com/log-in')).status FROM victim $$;
});
my $sizes = "SELECT (SELECT count(*) FROM jwt_auth.used_proof), pg_relation_size('jwt_auth.refresh_session'), (SELECT count(*) FROM jwt_auth.auth_event WHERE event = 'proof_mismatch')";
my ($proofs, $bytes, $events) = split /\|/, ask($primary, $sizes);
is(ask($primary, "SELECT string_agg(DISTINCT refresh('tablet'), ' ') FROM generate_series(1, 10000)"), 'proof_invalid', '10,000 wrong proofs are refused');
is(ask($primary, $sizes), join('|', $proofs, $bytes, $events + 1), 'and leave one event');
is(ask($primary, "SELECT refresh('phone')"), 'ok', 'the session goes on');

# A standby counts for itself.
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($show->($once, $standby), 'phone', 'a standby takes a proof that the primary has seen');
is($show->($once, $standby), 'error JW015', 'once');
is(ask($standby, "BEGIN READ ONLY; SELECT request('" . $proof_of->('there') . "'); COMMIT"), 'phone', 'pre_request works there');
is(ask($standby, "SELECT request('" . $proof_of->('there') . "')"), 'error PT401', 'and refuses a repeat');
$standby->promote;
is($show->($once, $standby), 'error JW015', 'once promoted it still knows');
$standby->stop;

# A crash takes the memory with it: what is too old stays refused, what is not is good once more.
my $proof_of_age = sub {
	my ($jti, $seconds) = @_;
	return $primary->safe_psql('postgres', qq{SELECT sign(jsonb_build_object('jti', '$jti', 'htm', 'GET', 'htu', 'https://api.example.com/things', 'iat', extract(epoch FROM now()) - $seconds,
		'ath', jwt_auth.base64url_encode(sha256(convert_to(token, 'UTF8')))), 'phone') FROM bound WHERE name = 'phone'});
};
my $old = $proof_of_age->('old', 62);
my $shot = $proof_of->('shot');
is($show->($shot), 'phone', 'before the crash');
my $victim = open_session($primary);
kill 'KILL', $victim->{pid};
$victim->kill;
$primary->poll_query_until('postgres', 'SELECT true') or die;
is($show->($old), 'error JW015', 'an old proof is refused after a crash');
is($show->($shot), 'phone', 'a fresh one may be repeated, as the page says');
is($show->($shot), 'error JW015', 'once');

# One bucket, which is full: who floods displaces his own.
$primary->append_conf('postgresql.conf', "jwt_auth.proof_table_size = 1\n");
$primary->restart;
is(ask($primary, 'SHOW jwt_auth.proof_table_size'), '1', 'a table of one bucket');
is(ask($primary, 'SET jwt_auth.proof_table_size = 0'), 'error 55P02', 'its size is fixed at the start');
my $quiet = $proof_of->('quiet', 'tablet');
is($show->($quiet, $primary, 'tablet'), 'tablet', 'a client shows one proof');
# An iat is of a whole second, so this one is older by more than one.
my $first = $proof_of_age->('flood 0', 5);
is($show->($first), 'phone', 'another one shows many');
is(ask($primary, "SELECT count(*) FROM (SELECT n, passes(proof('flood ' || n)) AS passed FROM generate_series(1, 300) AS n OFFSET 0) AS flood WHERE passed"), '300', 'all of them pass');
is($show->($quiet, $primary, 'tablet'), 'error JW015', 'the one client\'s is still known');
is($show->($first), 'phone', 'of the other\'s the oldest is forgotten');
like($counted->(), qr/^displaced 271, /, 'which is counted');
is(ask($primary, "SELECT wait_event FROM pg_stat_activity WHERE wait_event = 'jwt_auth proofs'"), '', 'nobody waits');
is(ask($primary, "SELECT allocated_size FROM pg_shmem_allocations WHERE name = 'jwt_auth proofs'"), '1408', 'the memory is as large as it was');

# Without a table, and without the library being preloaded, a proof is good for as long as its iat allows.
for ([ "jwt_auth.proof_table_size = 0", "notice settings: jwt_auth.proof_table_size is '0': a proof of a key that was overheard can be shown again" ],
	[ "jwt_auth.proof_table_size = 1000\nshared_preload_libraries = ''",
		'notice installation: the library is not preloaded: misspelt settings go unnoticed, stats counts this backend alone, and authenticate takes a proof of a key more than once' ])
{
	my ($setting, $finding) = @$_;
	$primary->append_conf('postgresql.conf', "$setting\n");
	$primary->restart;
	my $proof = $proof_of->('again');
	is($show->($proof), 'phone', "$setting: a proof is good") for 1 .. 2;
	is($counted->(), 'displaced 0, repeated 0, shown 0', 'and not counted');
	is(ask($primary, "SELECT severity || ' ' || subject || ': ' || finding FROM jwt_auth.doctor() WHERE finding ~ 'proof'"), $finding, 'the doctor says so');
}
$primary->stop;

done_testing();
