# The same under kill -9 of the server: what was answered holds, what was not is done whole or not at all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../stress";
use Judgement qw(stressed_node new_stress judge);
use Test::More;
use Time::HiRes qw(sleep);

my $node = stressed_node('stress_crash', 'fsync = on', 'synchronous_commit = on');
my $stress = new_stress($node);
my $seconds = $ENV{JWT_AUTH_STRESS_SECONDS} // 15;
my $crashes = $seconds > 30 ? int $seconds / 10 : 3;
for my $crash (1 .. $crashes)
{
	$stress->connect_clients;
	my @backends = split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
	# A child pulls the plug in the middle of it. Backends may answer yet that have lost their server, or wait for ever for one
	# that died with a lock; so they follow.
	my $delay = 1 + rand(2 * $seconds / $crashes);
	my $pid = fork;
	if ($pid == 0)
	{
		sleep $delay;
		kill 'KILL', $node->{_pid};
		sleep 2;
		kill 'KILL', @backends;
		require POSIX;
		POSIX::_exit(0);
	}
	ok(!$stress->run($delay + 60), "crash $crash: the clients were cut off");
	waitpid $pid, 0;
	$stress->disconnect_clients;
	$node->kill9;
	my $started = 0;
	# The last backends may still hold the shared memory.
	for (1 .. 100)
	{
		last if $started = $node->start(fail_ok => 1);
		$node->{_pid} = undef;
		sleep 0.2;
	}
	ok($started, "crash $crash: the server is back");
}
$stress->connect_clients;
ok($stress->run(3), 'and works on');
$stress->disconnect_clients;
judge($node, $stress);
$node->stop;
done_testing();
