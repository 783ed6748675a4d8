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

# The letter of a process's state, and its parent.
sub state_of
{
	my ($pid) = @_;
	open my $file, '<', "/proc/$pid/stat" or return ('', 0);
	my $line = <$file> // '';
	return $line =~ /^\d+ \(.*\) (\S) (\d+) /s ? ($1, $2) : ('', 0);
}

# Kills the postmaster alone. Answers its children of that moment, to the last one: stopped, it starts none and collects none.
sub kill_postmaster
{
	my ($postmaster) = @_;
	kill 'STOP', $postmaster;
	for (1 .. 1000 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if (state_of($postmaster))[0] =~ /^[TtZ]?$/;
		sleep 0.001;
	}
	my @children = grep { (state_of($_))[1] == $postmaster } map { m{(\d+)$} } glob '/proc/[0-9]*';
	kill 'KILL', $postmaster;
	return @children;
}

my $seconds = $ENV{JWT_AUTH_STRESS_SECONDS} // 15;
my $crashes = $seconds > 30 ? int $seconds / 10 : 3;
for my $crash (1 .. $crashes)
{
	$stress->connect_clients;
	# A child pulls the plug in the middle of it. Backends may answer yet that have lost their server, or wait for ever for one
	# that died with a lock; so they follow, the one that has only just been started as well.
	my $delay = 1 + rand(2 * $seconds / $crashes);
	my $pid = fork;
	if ($pid == 0)
	{
		sleep $delay;
		my @backends = kill_postmaster($node->{_pid});
		sleep 2;
		kill 'KILL', @backends;
		require POSIX;
		POSIX::_exit(0);
	}
	ok(!$stress->run($delay + $PostgreSQL::Test::Utils::timeout_default), "crash $crash: the clients were cut off");
	waitpid $pid, 0;
	$stress->disconnect_clients;
	$node->kill9;
	my $started = 0;
	# The last backends may still hold the shared memory.
	for (1 .. 5 * $PostgreSQL::Test::Utils::timeout_default)
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
