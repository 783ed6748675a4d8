# The primary dies while clients log in and refresh, and its standbys are promoted: `near`, which is synchronous, and `far`, which was
# cut off before and lacks what came after. No client is called a thief. Each gets exactly the answer that the promoted server's row
# calls for: who lost nothing goes on, whose rotation or log-in is lost is told `invalid` and logs in again. What a standby has is whole,
# and the limit holds.
use strict;
use warnings;
use lib '.';
use Ask;
use IPC::Run ();
use JwtAuth qw(start_primary start_standby refresh_token_parts);
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = start_primary('primary', 'autovacuum = off', 'jwt_auth.max_sessions_per_user = 2');
my ($near, $far) = map { start_standby($primary, $_) } qw(near far);
$primary->append_conf('postgresql.conf', 'synchronous_standby_names = near');
$primary->reload;
# Which standbys stream, and whether the primary waits for them.
sub wait_for_standbys
{
	my ($standbys) = @_;
	return $primary->poll_query_until('postgres', "SELECT coalesce(string_agg(application_name || ' ' || sync_state, ', ' ORDER BY application_name), '') FROM pg_stat_replication WHERE state = 'streaming'", $standbys);
}
ok(wait_for_standbys('far async, near sync'), 'one standby is synchronous, one is not');

# Each client has a user of its own: a session, refreshed twenty times, then another one.
my $script = PostgreSQL::Test::Utils::tempdir() . '/client.sql';
my $refreshes = "SELECT refresh_token AS token FROM jwt_auth.refresh_session(:'token') \\gset\n\\echo :token\n" x 20;
my $log_in = "SELECT refresh_token AS token FROM jwt_auth.issue_refresh_session('user ' || :client) \\gset\n\\echo :token\n";
append_to_file($script, "$log_in$refreshes" x 1000);
my @clients;
for my $n (0 .. 5)
{
	my $client = { user => "user $n", out => '', err => '' };
	$client->{run} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', "client=$n", '-d', $primary->connstr('postgres'), '-f', $script ],
		'<', \undef, '>', \$client->{out}, '2>', \$client->{err}, IPC::Run::timeout(5 * $PostgreSQL::Test::Utils::timeout_default));
	push @clients, $client;
}
# Every client is past its third log-in, so that some sessions were evicted.
for my $client (@clients)
{
	$client->{run}->pump while ($client->{out} =~ tr/\n//) < 50 && $client->{run}->pumpable;
}

# Beside them: what both standbys have for certain, then what only the synchronous one has.
my %token = map { my $first = log_in($primary, $_)->{refresh_token}; $_ => refresh($primary, $first)->{refresh_token} } ('quiet', 'one lost rotation', 'three lost rotations');
$primary->wait_for_catchup($far);
$far->append_conf('postgresql.conf', "primary_conninfo = ''");
$far->reload;
ok(wait_for_standbys('near sync'), 'one standby is cut off');
for (1 .. 3)
{
	$token{$_} = refresh($primary, $token{$_})->{refresh_token} for $_ == 1 ? 'one lost rotation' : (), 'three lost rotations';
}
$token{'a lost log-in'} = refresh($primary, log_in($primary, 'a lost log-in')->{refresh_token})->{refresh_token};
$primary->stop('immediate');
eval { $_->{run}->finish } for @clients;
# Which of the two psql says depends on whether it was told of the shutdown.
my @cut_off = grep { $_->{err} =~ /connection to server was lost|server closed the connection/ } @clients;
is(scalar @cut_off, scalar @clients, 'each client is cut off in the middle of its work')
  or diag join "\n", map { ($_->{out} =~ tr/\n//) . " answers, " . substr $_->{err}, -300 } @clients;

# By the row, if the last token that the client was given is of this session and this generation.
sub expected
{
	my ($server, $token) = @_;
	my (undef, $session, $generation) = refresh_token_parts($token);
	my $row = $server->safe_psql('postgres', "SELECT generation - (" . unpack('N', $generation) . ") FROM jwt_auth.refresh_session WHERE session_id = '" . unpack('H*', $session) . "'");
	return $row eq '' ? 'invalid: no session' : { 0 => 'ok', 1 => 'replayed' }->{$row} // ($row < 0 ? 'invalid: newer' : "theft by $row generations");
}

for my $case ([ $near, 'ok ok ok ok' ], [ $far, 'ok invalid invalid invalid' ])
{
	my ($server, $certain) = @$case;
	my $name = $server->name;
	$server->promote;
	$server->append_conf('postgresql.conf', "synchronous_standby_names = ''");
	$server->reload;
	my (@on, @wrong, %seen);
	for my $client (@clients)
	{
		my @tokens = $client->{out} =~ /^(\S+)\n/mg;
		my $expected = expected($server, $tokens[-1]);
		my $response = refresh($server, $tokens[-1]);
		$seen{$expected}++;
		push @wrong, "$client->{user}: $response->{status}, not $expected" if $expected !~ /^$response->{status}\b/;
		push @on, $response->{refresh_token} if $response->{status} =~ /^(?:ok|replayed)$/;
	}
	is(join("\n", @wrong), '', "$name: the last token of each client is answered as the row says");
	is(scalar @on, scalar @clients, "$name: what was answered is there, so all go on") if $server == $near;
	note "$name: " . join ', ', map { "$_ $seen{$_}" } sort keys %seen;
	# The certain ones.
	my %response = map { $_ => refresh($server, $token{$_}) } keys %token;
	is(join(' ', map { $response{$_}{status} } 'quiet', 'one lost rotation', 'three lost rotations', 'a lost log-in'), $certain, "$name: " . ($server == $near ? 'nothing is lost' : 'what is lost is invalid, the rest goes on'));
	is($server->safe_psql('postgres', "SELECT string_agg(user_id || ' ' || (detail ->> 'presented'), ', ' ORDER BY user_id) FROM jwt_auth.auth_event WHERE event = 'unknown_rotation' AND user_id LIKE '%lost%'"),
		$server == $near ? '' : 'one lost rotation newer, three lost rotations newer', "$name: the audit says of which session a rotation is unknown");
	is($server->safe_psql('postgres', "SELECT count(*) FROM jwt_auth.auth_event WHERE event = 'reuse_detected' OR event = 'unknown_rotation' AND detail ->> 'presented' <> 'newer'"), '0', "$name: nobody is called a thief");
	push @on, map { $_->{refresh_token} } grep { $_->{status} eq 'ok' } values %response;
	is(scalar(grep { refresh($server, $_)->{status} ne 'ok' } @on), 0, "$name: who has a session goes on");
	is(scalar(grep { log_in($server, $_)->{status} ne 'ok' } (map { $_->{user} } @clients), keys %token), 0, "$name: and everybody can log in");
	is($server->safe_psql('postgres', 'SELECT count(*) FROM (SELECT FROM jwt_auth.refresh_session GROUP BY user_id HAVING count(*) > 2) AS more'), '0', "$name: the limit holds");
	is($server->safe_psql('postgres', q{
		SELECT count(*) FROM jwt_auth.refresh_session s FULL JOIN (SELECT session_id, bool_or(event IN ('evicted', 'unknown_rotation')) AS over
		  FROM jwt_auth.auth_event WHERE session_id IS NOT NULL GROUP BY session_id) AS e USING (session_id)
		WHERE (s.session_id IS NULL) <> over OR e.session_id IS NULL}), '0', "$name: each session is there, or an event says why not");
	$server->stop;
}
done_testing();
