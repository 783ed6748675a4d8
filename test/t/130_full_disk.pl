# The disk is full while clients log in and refresh: first no table can grow (53100), then the write-ahead log can't (the server restarts).
# What was answered is there, what was refused is not, the limit holds, and all goes on once there is room.
use strict;
use warnings;
use lib '.';
use Ask;
use JwtAuth qw(build_library);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $library = build_library('full_disk');
unless (defined $library)
{
  SKIP: { skip 'no compiler', 1 }
	done_testing();
	exit;
}
my $full = PostgreSQL::Test::Utils::tempdir() . '/full';
my $node = PostgreSQL::Test::Cluster->new('full');
$node->init(extra => ['--wal-segsize=1']);
# The test's cluster does not restart after a crash by itself, a real one does.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nautovacuum = off\nrestart_after_crash = on\nmin_wal_size = 2MB\nmax_wal_size = 1GB\n"
	  . "jwt_auth.max_sessions_per_user = 2\n");
{
	local @ENV{qw(LD_PRELOAD FULL_DISK)} = ($library, $full);
	$node->start;
}
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');

my (%token, %events);
my $client = open_session($node);
# A log-in, or a refresh of what the user has, until one is refused: the answers that were given, then what the last one was.
sub work_until_refused
{
	my ($kind, $most) = @_;
	for my $n (1 .. $most)
	{
		my $user = 'user ' . int rand 200;
		my $log_in = $kind eq 'login' || !$token{$user};
		# Some are large, and fill the tables. What is random is not compressed.
		my $sql = $log_in
		  ? "SELECT status || ' ' || refresh_token FROM jwt_auth.issue_refresh_session('$user', metadata => (SELECT jsonb_build_object('a', string_agg(gen_random_uuid()::text, '')) FROM generate_series(1, 30)))"
		  : "SELECT status || ' ' || refresh_token FROM jwt_auth.refresh_session('$token{$user}')";
		my $answer = eval { $client->ask($sql) } // 'connection lost';
		if ($answer =~ /^ok (\S+)$/)
		{
			$token{$user} = $1;
			$events{login}++ if $log_in;
			next;
		}
		# What the client did not learn may have happened or not.
		delete $token{$user} if $answer eq 'connection lost';
		return ($n, $answer);
	}
	return ($most, 'never refused');
}

sub judge
{
	my ($what, $unanswered) = @_;
	is(ask($node, "SELECT count(*) FROM (SELECT FROM jwt_auth.refresh_session GROUP BY user_id HAVING count(*) > 2) AS more"), '0', "$what: the limit holds");
	my $logins = ask($node, "SELECT count(*) FROM jwt_auth.auth_event WHERE event = 'login'");
	cmp_ok($logins, '>=', $events{login}, "$what: each log-in that was answered is in the audit");
	cmp_ok($logins, '<=', $events{login} + $unanswered, "$what: and none that was refused");
	is(ask($node, "SELECT count(*) FROM jwt_auth.refresh_session s FULL JOIN (SELECT session_id, bool_or(event <> 'login') AS over FROM jwt_auth.auth_event WHERE session_id IS NOT NULL GROUP BY session_id) AS e USING (session_id)"
		  . " WHERE (s.session_id IS NULL) <> over OR e.session_id IS NULL"), '0', "$what: each session is there, or an event says why not");
	is(ask($node, 'SELECT count(*) FROM jwt_auth.session_data d LEFT JOIN jwt_auth.refresh_session s USING (session_id) WHERE s.session_id IS NULL'), '0', "$what: no data is left without its session");
	my $statuses = ask($node, "SELECT string_agg(DISTINCT status, ' ') FROM unnest('{" . join(',', values %token) . "}'::text[]) AS token, jwt_auth.refresh_session(token)");
	is($statuses, 'ok', "$what: the last token of each client refreshes its session");
	%token = ();
}

is((work_until_refused('login', 300))[1], 'never refused', 'clients log in');
$node->safe_psql('postgres', 'CHECKPOINT');
append_to_file($full, '');
my ($n, $answer) = work_until_refused('login', 5000);
is($answer, 'error 53100', "log-in $n on a full disk says 53100");
my %seen;
$seen{ (work_until_refused($_, 20))[1] }++ for ('login', 'refresh') x 10;
is(join(', ', grep { !/^(?:error 53100|never refused)$/ } sort keys %seen), '', 'so do others; what needs no room is done');
ok($node->poll_query_until('postgres', 'SELECT true'), 'the server lives');
unlink $full;
judge('tables that could not grow', 0);
is((work_until_refused('login', 50))[1], 'never refused', 'with room, clients log in');

# Now it is full for the next segment of the log: refreshes go on until that is needed.
append_to_file($full, '');
my $crashed = 0;
for (1 .. 300)
{
	my $refused = (work_until_refused('refresh', 5))[1];
	last if $crashed = $refused eq 'connection lost';
	# Something else fills the log alone.
	last if $crashed = !eval { $client->ask("SELECT pg_logical_emit_message(true, 'filler', repeat('x', 20000))"); 1 };
}
unlink $full;
ok($crashed, 'the log could not grow: connections are lost');
like(slurp_file($node->logfile), qr/PANIC:  could not (?:write|create)/, 'for the server restarts');
eval { $client->kill };
ok($node->poll_query_until('postgres', 'SELECT true'), 'and is there once there is room');
$client = open_session($node);
judge('a log that could not grow', 1);
is((work_until_refused('login', 50))[1], 'never refused', 'with room, clients log in again');
$client->close;
unlike(slurp_file($node->logfile), qr/TRAP:|terminated by signal 11/, 'the log tells of no crash but that one');
$node->stop;
done_testing();
