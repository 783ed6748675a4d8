# The server's clock jumps forwards and backwards, by hours and days, and under load by an hour again and again (libfaketime). No old
# refresh token becomes good, a revocation is not undone, and a session ends early only if it was presented while the clock said that its
# end had passed. (All else that clients do is in 138_stress_clock.pl.)
use strict;
use warnings;
use lib '.';
use Ask;
use Clock;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clock = Clock->new;
unless (defined $clock)
{
  SKIP: { skip 'no libfaketime', 1 }
	done_testing();
	exit;
}

my $node = PostgreSQL::Test::Cluster->new('clock');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nautovacuum = off\nmax_connections = 40\n");
{
	my %environment = $clock->environment;
	local @ENV{ keys %environment } = values %environment;
	$node->start;
}
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
my $hours_ahead = sub { $node->safe_psql('postgres', "SELECT round(extract(epoch FROM clock_timestamp() - '" . scalar(gmtime) . " UTC'::timestamptz) / 3600)") };
$clock->set(36000);
is($hours_ahead->(), '10', 'the clock of the server can be set');
$clock->set(0);
is($hours_ahead->(), '0', 'and set back');

my $server = open_session($node);
my $status = sub { my ($token) = @_; return $server->ask("SELECT status FROM jwt_auth.refresh_session('$token')") };
my $verdict = sub { my ($token) = @_; return $server->ask("SELECT coalesce(error_code, 'good') FROM jwt_auth.jwt_try_verify('$token')") };
my $next = sub { my ($token) = @_; return $server->ask("SELECT refresh_token FROM jwt_auth.refresh_session('$token')") };
my $days = 86400;

# Old tokens: two generations back, presented at any time.
for my $offset (3600, -3600, 5 * $days, -5 * $days)
{
	$clock->set(0);
	my $old = log_in($node, "old $offset")->{refresh_token};
	my $latest = $next->($next->($next->($old)));
	$clock->set($offset);
	is($status->($old), 'reuse_detected', "an old token, by a clock that is off by $offset s: theft");
	$clock->set(0);
	is($status->($old), 'invalid', '... and when it is right again, there is no session');
	is($status->($latest), 'invalid', '... for nobody');
}

# Cutoffs.
$node->safe_psql('postgres', "SELECT jwt_auth.set_session_class('long', access_token_ttl => '10 days')");
for my $offset (3600, -3600, 5 * $days, -5 * $days)
{
	$clock->set(0);
	my $user = "revoked $offset";
	# Good for so long that it is the revocation that refuses it, and not its age.
	my ($access, $refresh) = split / /, $server->ask("SELECT access_token || ' ' || refresh_token FROM jwt_auth.issue_refresh_session('$user', class => 'long')");
	my $link = $server->ask("SELECT jwt_auth.issue_token('link', '$user', '30 days')");
	my $see = sub { return join ' ', $verdict->($access), $status->($refresh), $server->ask("SELECT jwt_auth.verify_token('$link', 'link') ->> 'sub'") };
	is($verdict->($access), 'good', "before it is revoked by a clock that is off by $offset s");
	$clock->set($offset);
	is($server->ask("SELECT jwt_auth.revoke_user_tokens('$user')"), '1', '... one session');
	# An hour is the longest leeway. By a clock that is days behind no token is valid yet.
	$server->ask('SET jwt_auth.leeway = 3600');
	my $wrong = $see->();
	$server->ask('RESET jwt_auth.leeway');
	$clock->set(0);
	my $right = $see->();
	# A cutoff is a time: one that a slow clock made refuses no token without a session from before the step. Sessions are deleted.
	is($wrong, $offset < -3600 ? 'JW004 invalid error JW004' : 'JW010 invalid ' . ($offset < 0 ? $user : 'error JW009'), '... it is over by that clock');
	is($right, 'JW010 invalid ' . ($offset < 0 ? $user : 'error JW009'), '... and remains so when it is right again');
	my $again = log_in($node, $user);
	is($again->{status} . ' ' . $verdict->($again->{access_token}) . ' ' . $status->($again->{refresh_token}), 'ok good ok', '... and the user logs in again, and is in');
}

# A clock that is far ahead ends what is presented to it, and nothing else.
my %session = map { $_ => log_in($node, $_)->{refresh_token} } qw(presented absent);
$clock->set(20 * $days);
is($status->($session{presented}), 'idle_expired', 'twenty days ahead, a session has expired');
$clock->set(0);
is($status->($session{presented}), 'invalid', 'and is over');
is($status->($session{absent}), 'ok', 'one that nobody presented meanwhile goes on');
# One that began by a slow clock lives as long as that clock gave it.
$clock->set(-5 * $days);
my $early = log_in($node, 'early');
my $token = $next->($early->{refresh_token});
$clock->set(0);
is($verdict->($early->{access_token}), 'JW003', 'an access token of five days ago has expired');
is($status->($token), 'ok', 'its session goes on');
# And one that was refreshed by a fast clock is not taken for one of the future.
my $late = log_in($node, 'late');
$clock->set(5 * $days);
$token = $next->($late->{refresh_token});
$clock->set(0);
is($status->($token), 'ok', 'a session that was refreshed five days ahead goes on');
$server->close;

# Under load: each client refreshes with its latest token, which is always good, and presents an old one now and then, which never is.
{
	my $script = PostgreSQL::Test::Utils::tempdir() . '/jumps.sql';
	append_to_file($script, <<'EOS');
SELECT refresh_token AS first FROM jwt_auth.issue_refresh_session('jump ' || :client_id || ' ' || (random() * 1000000)::integer) \gset
SELECT 1 / (status = 'ok')::integer AS fine, refresh_token AS second FROM jwt_auth.refresh_session(':first') \gset
SELECT 1 / (status = 'ok')::integer AS fine, refresh_token AS third FROM jwt_auth.refresh_session(':second') \gset
SELECT 1 / (status = 'ok')::integer AS fine, refresh_token AS fourth, session_id AS session FROM jwt_auth.refresh_session(':third') \gset
SELECT 1 / (jwt_auth.explain_session(':session')).alive::integer AS alive \gset
SELECT 1 / (status = 'reuse_detected')::integer AS refused FROM jwt_auth.refresh_session(':first') \gset
SELECT 1 / (status = 'invalid')::integer AS refused FROM jwt_auth.refresh_session(':fourth') \gset
EOS
	my $sessions = $ENV{JWT_AUTH_CLOCK_SESSIONS} // 10;
	my ($out, $err);
	my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '4', '-t', $sessions, '-f', $script, $node->connstr('postgres') ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout($sessions + 2 * $PostgreSQL::Test::Utils::timeout_default));
	$clock->jump(3600);
	$load->finish;
	$clock->settle;
	my ($transactions) = $out =~ /number of transactions actually processed: (\d+)/;
	is($transactions // 0, 4 * $sessions, 'clients work while the clock jumps');
	unlike($err, qr/ERROR|FATAL|aborted/, 'and each gets the right answers') or diag $err;
}
$node->stop;
done_testing();
