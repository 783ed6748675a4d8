# Rows are read by their index, and the keyring's tables whole, without a statement while another session does to the tables
# whatever DDL can: at each isolation level, on a standby too, and beside sessions that read by statements. Every answer is the
# right one, with sealed keys.
use strict;
use warnings;
use lib '.';
use Ask;
use IPC::Run ();
use JwtAuth qw(start_primary start_standby);
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{JWT_AUTH_STRESS_SECONDS} // 8;

my $key_file = PostgreSQL::Test::Utils::tempdir() . '/kek';
PostgreSQL::Test::Utils::append_to_file($key_file, 'ab' x 32);
chmod 0600, $key_file or die;

my $primary = start_primary('primary', "jwt_auth.key_encryption_key_file = '$key_file'", 'log_statement = none', 'fsync = off',
	'max_standby_streaming_delay = -1');
# What ended a moment ago has ended there as well, and is not taken for what is not known yet.
my $standby = start_standby($primary, 'standby', 'jwt_auth.standby_margin = 0');

# One token of each verdict, and what it is.
my %token = (
	good => log_in($primary, 'ann')->{access_token},
	ended => log_in($primary, 'bob')->{access_token},
	denied => log_in($primary, 'cy')->{access_token},
	plain => ask($primary, "SELECT jwt_auth.jwt_sign('{\"sub\": \"dan\"}')"),
	cut => ask($primary, "SELECT jwt_auth.jwt_sign('{\"sub\": \"eve\"}')"));
my %right = (good => 'ann', ended => 'JW010', denied => 'JW011', plain => 'dan', cut => 'JW009');
$primary->safe_psql('postgres',
	"SELECT jwt_auth.revoke_user_tokens('bob'), jwt_auth.deny_token('$token{denied}'), jwt_auth.revoke_user_tokens('eve')");

# Verifies them over and over, five times in each transaction, and tells what came of it.
$primary->safe_psql('postgres', <<'EOS');
CREATE FUNCTION verdict(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.jwt_verify(token) ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  RETURN sqlstate || CASE WHEN sqlstate LIKE 'JW%' THEN '' ELSE ' ' || sqlerrm END;
END $$;
CREATE PROCEDURE work(tokens jsonb, seconds int, INOUT tally jsonb DEFAULT '{}') LANGUAGE plpgsql AS $$
DECLARE
  until timestamptz := clock_timestamp() + make_interval(secs => seconds);
  name text;
  answer text;
BEGIN
  WHILE clock_timestamp() < until LOOP
    FOR i IN 1..5 LOOP
      FOR name IN SELECT jsonb_object_keys(tokens) LOOP
        answer := name || ' ' || verdict(tokens ->> name);
        tally := tally || jsonb_build_object(answer, coalesce((tally ->> answer)::int, 0) + 1);
      END LOOP;
    END LOOP;
    COMMIT;
  END LOOP;
END $$;
EOS
my $tokens = '{' . join(', ', map { "\"$_\": \"$token{$_}\"" } sort keys %token) . '}';

my @workers = (
	[ $primary, 'READ COMMITTED', 'index' ],
	[ $primary, 'READ COMMITTED', 'auto' ],
	[ $primary, 'REPEATABLE READ', 'auto' ],
	[ $primary, 'SERIALIZABLE', 'auto' ],
	[ $primary, 'READ COMMITTED', 'statement' ],
	[ $standby, 'READ COMMITTED', 'auto' ],
	[ $standby, 'REPEATABLE READ', 'auto' ]);

# A standby that replays a rewrite holds its lock, and may wait for the snapshot of somebody who waits for that lock. PostgreSQL takes
# that for no deadlock, and with max_standby_streaming_delay = -1 both wait for ever: so whoever reads there waits for a while only.
my $gives_up = ' -c lock_timeout=2s';
# Beside REINDEX CONCURRENTLY a standby says now and then that the index which was replaced is not there, to statements as well: its drop
# waits for nobody who reads on a standby.
my $gave_up = qr/^\w+ (?:55P03|XX000 could not open relation with OID) /;

# Has the workers work while the rounds of DDL are done in turn, and judges their answers. `forgiven` is a pattern of answers
# that are nobody's fault there.
sub attack
{
	my ($what, $forgiven, $without_index, @rounds) = @_;
	my (@running, @output, @errors);
	my @crew = grep { !$without_index || $_->[2] ne 'index' } @workers;
	my $timeout = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	for my $i (0 .. $#crew)
	{
		my ($node, $isolation, $reader) = @{ $crew[$i] };
		local $ENV{PGOPTIONS} = "-c default_transaction_isolation=" . (lc $isolation =~ s/ /\\ /r) . " -c jwt_auth.debug_row_reader=$reader"
		  . ($node == $standby ? $gives_up : '');
		push @running, IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c',
			"CALL work('$tokens', $seconds)" ], '<', \undef, '>', \$output[$i], '2>', \$errors[$i], $timeout);
	}
	my $end = time + $seconds - 1;
	my ($done, $deadlocks) = (0, 0);
	# What takes many locks may meet those who take others. It is to notice that at once, and try again: each second of waiting would be
	# one of the few that there are.
	local $ENV{PGOPTIONS} = '-c deadlock_timeout=10ms';
	# Whatever is begun is brought to its end.
	while (time < $end || $done % @rounds)
	{
		my ($status, undef, $error) = $primary->psql('postgres', $rounds[ $done % @rounds ], on_error_stop => 1);
		if ($status != 0 && $error =~ /deadlock detected/) { $deadlocks++; next; }
		if ($status != 0) { fail("$what: $rounds[ $done % @rounds ]: $error"); last; }
		$done++;
	}
	cmp_ok($done, '>=', scalar @rounds, "$what: each round was done ($done of " . scalar(@rounds) . ", $deadlocks deadlocks)");
	for my $i (0 .. $#crew)
	{
		my ($node, $isolation, $reader) = @{ $crew[$i] };
		my $name = "$what: " . $node->name . ", $isolation, $reader";
		$running[$i]->finish;
		my (%wrong, %count);
		while ($output[$i] =~ /"((\w+) (?:[^"\\]|\\.)*)": (\d+)/g)
		{
			my ($answer, $kind, $times) = ($1, $2, $3);
			if ($answer eq "$kind $right{$kind}") { $count{$kind} += $times; }
			elsif ((!defined $forgiven || $answer !~ $forgiven) && ($node != $standby || $answer !~ $gave_up)) { $wrong{$answer} += $times; }
		}
		is_deeply(\%wrong, {}, "$name: no wrong answer") or diag($errors[$i]);
		is($errors[$i], '', "$name: no error");
		is(scalar(keys %count), 5, "$name: every verdict was given (" . join(', ', map { "$_ $count{$_}" } sort keys %count) . ')');
	}
}

sub row_is_back { return "BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE jwt_auth.$_[0]; TRUNCATE jwt_auth.$_[0];"
	  . " INSERT INTO jwt_auth.$_[0] SELECT * FROM kept; COMMIT" }

# At SERIALIZABLE a table that is rewritten may look like a conflict.
my $conflict = qr/^\w+ 40001 /;

attack('rewritten', $conflict, 0,
	(map { my $table = $_; map { sprintf($_, "jwt_auth.$table", "${table}_pkey") }
			'VACUUM FULL %1$s', 'CLUSTER %1$s USING %2$s', 'REINDEX TABLE CONCURRENTLY %1$s', 'REINDEX INDEX jwt_auth.%2$s', 'VACUUM (FREEZE) %1$s',
			'ALTER TABLE %1$s ADD COLUMN extra int DEFAULT 7', 'ALTER TABLE %1$s DROP COLUMN extra', 'ANALYZE %1$s' }
		qw(refresh_session account denied_token)),
	(map { row_is_back($_) } qw(refresh_session account denied_token)),
	'BEGIN; TRUNCATE jwt_auth.refresh_session, jwt_auth.account, jwt_auth.denied_token; ROLLBACK');

attack('made unfit', $conflict, 1,
	'ALTER TABLE jwt_auth.denied_token ALTER user_key TYPE bigint', 'ALTER TABLE jwt_auth.denied_token ALTER user_key TYPE integer',
	'ALTER TABLE jwt_auth.denied_token DROP CONSTRAINT denied_token_pkey', 'ALTER TABLE jwt_auth.denied_token ADD PRIMARY KEY (user_key, token_id)',
	'CREATE TABLE public.child () INHERITS (jwt_auth.account)', 'DROP TABLE public.child', 'ANALYZE jwt_auth.account',
	'BEGIN; ALTER TABLE jwt_auth.account RENAME TO old; CREATE TABLE jwt_auth.account (LIKE jwt_auth.old INCLUDING ALL);'
	  . ' INSERT INTO jwt_auth.account TABLE jwt_auth.old; COMMIT',
	'BEGIN; DROP TABLE jwt_auth.account; ALTER TABLE jwt_auth.old RENAME TO account; COMMIT');

# The extension is dropped and created again with the same rows, in one transaction. Calls that looked the functions up before
# and run them after it find none, or find no table: then and only then is an answer forgiven.
my @kept = qw(signing_key account refresh_session denied_token);
attack('created anew', qr/^\w+ (40001|40P01|3F000|42883|42P01|XX000 cache lookup failed for function)\b/, 1,
	'BEGIN; ' . join(' ', map { "CREATE TEMP TABLE kept_$_ ON COMMIT DROP AS SELECT to_jsonb(t) AS kept FROM jwt_auth.$_ t;" } @kept)
	  . ' DROP EXTENSION jwt_auth; CREATE EXTENSION jwt_auth; '
	  . join(' ', map { "INSERT INTO jwt_auth.$_ SELECT (jsonb_populate_record(NULL::jwt_auth.$_, kept)).* FROM kept_$_;" } @kept) . ' COMMIT');

# The ring's tables, while keys, issuers and the cutoff change: whoever was loading the ring when a change committed loads it
# again. What is right now stands in a table, and is compared under a lock that keeps it so, after calls without that lock.
ask($primary, "SELECT jwt_auth.rotate_signing_key('HS256')");
my ($old_kid, $kid) = map { ask($primary, "SELECT kid FROM jwt_auth.signing_keys WHERE state = '$_'") } qw(verify_only active);
my $partner = "'partner-partner-partner-partner-partner!'";
my %toggled = (
	by_old => $token{plain},
	by_new => ask($primary, "SELECT jwt_auth.jwt_sign('{\"sub\": \"fay\"}')"),
	foreign => ask($primary, "SELECT jwt_auth.jwt_sign('{\"sub\": \"gus\", \"iss\": \"https://p.example\", \"exp\": 4102444800}', $partner)"));
$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE right_now (name text PRIMARY KEY, token text, usual text, answer text);
CREATE PROCEDURE compare(seconds int, INOUT wrong text DEFAULT '', INOUT compared int DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
  until timestamptz := clock_timestamp() + make_interval(secs => seconds);
  one record;
BEGIN
  WHILE clock_timestamp() < until LOOP
    PERFORM verdict(token) FROM right_now, generate_series(1, 5);
    -- The snapshot of what follows is from after the lock, at every isolation level.
    PERFORM pg_advisory_lock_shared(1);
    COMMIT;
    FOR one IN SELECT name, answer, verdict(token) AS given FROM right_now LOOP
      compared := compared + 1;
      IF one.given <> one.answer THEN wrong := wrong || format('%s is %s and not %s; ', one.name, one.given, one.answer); END IF;
    END LOOP;
    COMMIT;
    PERFORM pg_advisory_unlock_shared(1);
  END LOOP;
END $$;
EOS
my $trust = "SELECT jwt_auth.trust_issuer('https://p.example', jsonb_build_object('kty', 'oct', 'alg', 'HS256',"
  . " 'k', rtrim(encode($partner, 'base64'), '=')))";
ask($primary, $trust);
ask($primary, 'INSERT INTO right_now SELECT name, token, usual, usual FROM (VALUES '
	  . "('by_old', '$toggled{by_old}', 'dan'), ('by_new', '$toggled{by_new}', 'fay'), ('foreign', '$toggled{foreign}', 'gus')) v(name, token, usual)");
sub changed { return "SELECT pg_advisory_lock(1); BEGIN; $_[0]; UPDATE right_now SET answer = $_[1]; COMMIT; SELECT pg_advisory_unlock(1)" }
my @changes = (
	changed("UPDATE jwt_auth.signing_key SET state = 'retired' WHERE kid = '$old_kid'", "'JW008' WHERE name = 'by_old'"),
	changed("SELECT jwt_auth.distrust_issuer('https://p.example')", "'JW002' WHERE name = 'foreign'"),
	changed("UPDATE jwt_auth.signing_key SET state = 'verify_only' WHERE kid = '$old_kid'", "usual WHERE name = 'by_old'"),
	changed($trust, 'usual'),
	changed("INSERT INTO jwt_auth.cutoff (not_before) VALUES (now() + interval '1 hour')", "'JW009'"),
	changed('DELETE FROM jwt_auth.cutoff', 'usual'));
my @disturbances = (
	(map { ("VACUUM FULL jwt_auth.$_", "ANALYZE jwt_auth.$_") } qw(signing_key trusted_issuer cutoff)),
	'ALTER TABLE jwt_auth.signing_key ADD COLUMN extra int DEFAULT 7; ALTER TABLE jwt_auth.signing_key DROP COLUMN extra',
	(map { ("REINDEX TABLE CONCURRENTLY jwt_auth.$_", "REINDEX TABLE jwt_auth.$_") } qw(signing_key trusted_issuer cutoff)),
	'ALTER TABLE jwt_auth.trusted_issuer DROP CONSTRAINT trusted_issuer_pkey; ALTER TABLE jwt_auth.trusted_issuer ADD PRIMARY KEY (issuer)',
	'ALTER TABLE jwt_auth.trusted_issuer SET UNLOGGED; ALTER TABLE jwt_auth.trusted_issuer SET LOGGED',
	'CREATE TABLE public.child () INHERITS (jwt_auth.signing_key); DROP TABLE public.child; ANALYZE jwt_auth.signing_key',
	'BEGIN; TRUNCATE jwt_auth.signing_key, jwt_auth.token_lifetime, jwt_auth.session_class; ROLLBACK', row_is_back('token_lifetime'));
my (@running, @output, @errors);
my @readers = ([ 'read committed', 'auto' ], [ 'repeatable read', 'auto' ], [ 'serializable', 'auto' ], [ 'read committed', 'statement' ]);
my $timeout = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
for my $i (0 .. $#readers)
{
	local $ENV{PGOPTIONS} = '-c default_transaction_isolation=' . ($readers[$i][0] =~ s/ /\\ /r) . " -c jwt_auth.debug_row_reader=$readers[$i][1]";
	push @running, IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('postgres'), '-c', "CALL compare($seconds)" ],
		'<', \undef, '>', \$output[$i], '2>', \$errors[$i], $timeout);
}
my $end = time + $seconds - 1;
my $done = 0;
while (time < $end || $done % @changes)
{
	$primary->safe_psql('postgres', $_) for $changes[ $done % @changes ], $disturbances[ $done % @disturbances ];
	$done++;
}
for my $i (0 .. $#readers)
{
	$running[$i]->finish;
	my ($wrong, $compared) = $output[$i] =~ /^(.*)\|(\d+)$/;
	is($wrong . $errors[$i], '', "the ring, @{ $readers[$i] }: no wrong answer after a change");
	cmp_ok($compared, '>', 0, "the ring, @{ $readers[$i] }: $compared answers were compared beside $done changes");
}

# What was known of the tables before is known no more.
is(ask($primary, "SET jwt_auth.debug_row_reader = 'index'; SELECT verdict('$token{good}')"), 'ann', 'in the end rows are read by the index');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is(ask($standby, "SET jwt_auth.debug_row_reader = 'index'; SELECT verdict('$token{good}')"), 'ann', 'on the standby too');

# The primary dies while the standby's backends read, with the ring's tables being rewritten, and the standby takes its place: they
# go on, now as backends of a primary, and see what changes there.
my @promoted = (
	[ 'READ COMMITTED', 'index' ], [ 'READ COMMITTED', 'auto' ], [ 'REPEATABLE READ', 'auto' ], [ 'READ COMMITTED', 'statement' ]);
(@running, @output, @errors) = ();
$timeout = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
for my $i (0 .. $#promoted)
{
	local $ENV{PGOPTIONS} = '-c default_transaction_isolation=' . (lc $promoted[$i][0] =~ s/ /\\ /r) . " -c jwt_auth.debug_row_reader=$promoted[$i][1]$gives_up";
	push @running, IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $standby->connstr('postgres'), '-c',
		"CALL work('$tokens', $seconds)" ], '<', \undef, '>', \$output[$i], '2>', \$errors[$i], $timeout);
}
$end = time + $seconds / 2;
my @rewrites = map { ("VACUUM FULL jwt_auth.$_", "REINDEX TABLE jwt_auth.$_") }
	qw(signing_key token_lifetime trusted_issuer session_class cutoff server_secret refresh_session account denied_token);
for ($done = 0; time < $end; $done++) { $primary->safe_psql('postgres', $rewrites[ $done % @rewrites ]); }
$primary->stop('immediate');
$standby->promote;
$standby->safe_psql('postgres', $_) for 'SELECT jwt_auth.rotate_signing_key()', @rewrites;
for my $i (0 .. $#promoted)
{
	my $name = "promoted under load: $promoted[$i][0], $promoted[$i][1]";
	$running[$i]->finish;
	my %answers;
	$answers{$1} = $2 while $output[$i] =~ /"((?:[^"\\]|\\.)*)": (\d+)/g;
	delete @answers{ grep { $_ =~ $gave_up } keys %answers };
	is_deeply([ sort keys %answers ], [ sort map { "$_ $right{$_}" } keys %right ], "$name: the right answers, and no other")
	  or diag($output[$i] . $errors[$i]);
	is($errors[$i], '', "$name: no error");
}
my $open = open_session($standby);
is($open->ask("SELECT verdict('$token{good}')"), 'ann', 'a session of the promoted server');
ask($standby, "SELECT jwt_auth.revoke_user_tokens('ann')");
like($open->ask("SELECT verdict('$token{good}')"), qr/^JW0(09|10)$/, 'and it sees at once what is revoked there');
$open->close;

$standby->stop;
done_testing();
