# Rows are read by their index without a statement while another session does to the tables whatever DDL can: at each isolation
# level, on a standby too, and beside sessions that read by statements. Every answer is the right one.
use strict;
use warnings;
use lib '.';
use Ask;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{JWT_AUTH_STRESS_SECONDS} // 8;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<'EOS');
shared_preload_libraries = 'jwt_auth'
log_statement = none
fsync = off
max_standby_streaming_delay = -1
EOS
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
# What ended a moment ago has ended there as well, and is not taken for what is not known yet.
$standby->append_conf('postgresql.conf', 'jwt_auth.standby_margin = 0');
$standby->start;

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
		local $ENV{PGOPTIONS} = "-c default_transaction_isolation=" . (lc $isolation =~ s/ /\\ /r) . " -c jwt_auth.debug_row_reader=$reader";
		push @running, IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c',
			"CALL work('$tokens', $seconds)" ], '<', \undef, '>', \$output[$i], '2>', \$errors[$i], $timeout);
	}
	my $end = time + $seconds - 1;
	my $done = 0;
	# Whatever is begun is brought to its end.
	while (time < $end || $done % @rounds)
	{
		my ($status, undef, $error) = $primary->psql('postgres', $rounds[ $done % @rounds ], on_error_stop => 1);
		# What takes many locks may meet those who take others.
		next if $status != 0 && $error =~ /deadlock detected/;
		if ($status != 0) { fail("$what: $rounds[ $done % @rounds ]: $error"); last; }
		$done++;
	}
	cmp_ok($done, '>=', scalar @rounds, "$what: each round was done ($done of " . scalar(@rounds) . ')');
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
			elsif (!defined $forgiven || $answer !~ $forgiven) { $wrong{$answer} += $times; }
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

# What was known of the tables before is known no more.
is(ask($primary, "SET jwt_auth.debug_row_reader = 'index'; SELECT verdict('$token{good}')"), 'ann', 'in the end rows are read by the index');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is(ask($standby, "SET jwt_auth.debug_row_reader = 'index'; SELECT verdict('$token{good}')"), 'ann', 'on the standby too');

$standby->stop;
$primary->stop;
done_testing();
