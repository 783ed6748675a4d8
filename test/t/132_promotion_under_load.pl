# The primary dies while clients log in and refresh, and its standby, which lags by what was under way, is promoted. No client is called a
# thief: the last token that it was given refreshes its session, is repeated, or is of a rotation or a log-in that the standby never got.
# What the standby has is whole, and the limit holds.
use strict;
use warnings;
use lib '.';
use Ask;
use IPC::Run ();
use JwtAuth qw(start_primary start_standby);
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = start_primary('primary', 'autovacuum = off', 'jwt_auth.max_sessions_per_user = 2');
my $standby = start_standby($primary, 'standby');

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
$primary->stop('immediate');
eval { $_->{run}->finish } for @clients;
my @cut_off = grep { $_->{err} =~ /connection to server was lost/ } @clients;
is(scalar @cut_off, scalar @clients, 'each client is cut off in the middle of its work')
  or diag join "\n", map { ($_->{out} =~ tr/\n//) . " answers, " . substr $_->{err}, -300 } @clients;
$standby->promote;

my %seen;
for my $client (@clients)
{
	my @tokens = $client->{out} =~ /^(\S+)\n/mg;
	my $response = refresh($standby, $tokens[-1]);
	$seen{ $response->{status} }++;
	push @{ $client->{next} }, $response->{refresh_token} if $response->{status} =~ /^(?:ok|replayed)$/;
}
is(join(', ', grep { !/^(?:ok|replayed|invalid)$/ } sort keys %seen), '', 'the last token of each is good, or the promoted server does not know it yet');
note join ', ', map { "$_ $seen{$_}" } sort keys %seen;
is($standby->safe_psql('postgres', "SELECT count(*) FROM jwt_auth.auth_event WHERE event = 'reuse_detected' OR event = 'unknown_rotation' AND detail ->> 'presented' <> 'newer'"), '0', 'nobody is called a thief');
my @on = map { @{ $_->{next} // [] } } @clients;
is(scalar(grep { refresh($standby, $_)->{status} ne 'ok' } @on), 0, 'who has a session goes on');
is(scalar(grep { log_in($standby, $_->{user})->{status} ne 'ok' } @clients), 0, 'and everybody can log in');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM (SELECT FROM jwt_auth.refresh_session GROUP BY user_id HAVING count(*) > 2) AS more'), '0', 'the limit holds');
is($standby->safe_psql('postgres', q{
	SELECT count(*) FROM jwt_auth.refresh_session s FULL JOIN (SELECT session_id, bool_or(event IN ('evicted', 'unknown_rotation')) AS over
	  FROM jwt_auth.auth_event WHERE session_id IS NOT NULL GROUP BY session_id) AS e USING (session_id)
	WHERE (s.session_id IS NULL) <> over OR e.session_id IS NULL}), '0', 'each session is there, or an event says why not');
$standby->stop;
done_testing();
