# Cancels and terminations at random instants of every function that the catalog lists (procedures end transactions, so they can't be
# undone). Whatever was interrupted has changed nothing, the same backend, or a new one, answers as before, and no lock is left.
#
# JWT_AUTH_INTERRUPTS is how often each function is canceled (once; from forty on, what is not freed would show), and every tenth of it terminated; JWT_AUTH_INTERRUPTS_SEED (random) draws
# the functions that are terminated.
use strict;
use warnings;
use lib '.';
use Ask;
use Calls;
use IPC::Run ();
use JwtAuth qw(build_library);
use List::Util qw(min);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $times = $ENV{JWT_AUTH_INTERRUPTS} // 1;
my $seed = $ENV{JWT_AUTH_INTERRUPTS_SEED} // int rand 2**31;
srand $seed;
note "seed $seed";

my $node = PostgreSQL::Test::Cluster->new('interrupted');
my $for_leaks = $times >= 40;
my $allocator = $for_leaks ? build_library('failing_memory') : undef;
my $library = $for_leaks ? build_library('failing_memory_sql', int $node->pg_version) : undef;
$node->init;
# What is undone leaves rows behind, of which doctor() would tell after some hundred interrupts.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nautovacuum = off\ntrack_counts = off\nfsync = off\n"
	  . "jwt_auth.user_key_range = '3..2147483647,-2147483648..0'\njwt_auth.access_token_ttl = '1d'\n");
{
	local $ENV{LD_PRELOAD} = $allocator if $for_leaks;
	$node->start;
}
$node->safe_psql('postgres', "CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key('ES256')");
my @calls = grep { $_->{kind} ne 'p' } prepare_calls($node);
$node->safe_psql('postgres', slurp_file(source_file('test/support/calls.sql')));
my $interrupted = slurp_file(source_file('test/support/interrupted.sql'));
$node->safe_psql('postgres', $interrupted);
$node->safe_psql('postgres', "CREATE FUNCTION faults.heap_in_use() RETURNS bigint LANGUAGE c AS '$library', 'heap_in_use'") if $for_leaks;
# The line of faults.tried() that runs the call.
my ($above) = $interrupted =~ /faults\.tried\(.*? AS \$\$\n(.*?)^ *EXECUTE call INTO/ms;
my $call_line = 2 + ($above =~ tr/\n//);
store_calls($node, @calls);
# Some answers are the same for a second.
$node->safe_psql('postgres', "SELECT faults.learn(signature) FROM faults.call; SELECT pg_sleep(1.1)");
is($node->safe_psql('postgres', "SELECT string_agg(problem, E'\\n') FROM faults.call, faults.learn_again(signature) AS problem"), '', 'undisturbed, each call answers, and changes, the same each time');
my $before = $node->safe_psql('postgres', 'SELECT faults.effects()');
my $connstr = $node->connstr('postgres');
my $patience = ($times > 10 ? 360 : 5) * $PostgreSQL::Test::Utils::timeout_default;

# Interrupts whoever is busy, at random instants, until told that it is enough.
sub interrupter
{
	my ($function) = @_;
	my ($out, $err);
	return IPC::Run::start([ 'psql', '-XAtq', '-d', $connstr, '-c', "CALL faults.interrupt('$function')" ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($patience));
}

sub enough
{
	my ($interrupter) = @_;
	$node->safe_psql('postgres', 'INSERT INTO faults.enough VALUES (true)');
	$interrupter->finish;
	$node->safe_psql('postgres', 'DELETE FROM faults.enough');
	return;
}

# One connection runs all of them. What asks how it is may be hit by a late cancel, so it is asked twice.
{
	my $interrupter = interrupter('pg_cancel_backend');
	my $file = PostgreSQL::Test::Utils::tempdir() . '/canceled.sql';
	open my $script, '>', $file or die $!;
	for my $call (@calls)
	{
		# What is kept up to a bound is full after the first stretch. A memory context grows by a block now and then, so a leak is what
		# grows in each of the others.
		for my $stretch (1 .. ($for_leaks ? 4 : 1))
		{
			print $script "SELECT faults.busy('$call->{signature}');\n" for 1 .. ($for_leaks ? $times / 4 : $times);
			print $script "SELECT 'heap $call->{signature} ' || faults.heap_in_use();\n" if $for_leaks;
		}
		print $script "SELECT faults.sound('$call->{signature}');\n" for 1 .. 2;
	}
	close $script;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=always', '-d', $connstr, '-f', $file ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($patience));
	enough($interrupter);
	my @canceled = $err =~ /ERROR:  57014:/g;
	my $canceled = ($for_leaks ? 4 * int($times / 4) : $times) * @calls;
	cmp_ok(scalar @canceled, '>=', $canceled, "$canceled calls are canceled");
	my @inside = $err =~ /faults\.tried\(.*?\) line $call_line at EXECUTE/g;
	note scalar(@inside) . ' of ' . scalar(@canceled) . ' were inside the call, the others between two calls';
	cmp_ok(scalar @inside, '>', 0.2 * @canceled, 'many of them inside the call');
	is(join("\n", grep { /ERROR|FATAL|server closed/ && !/ERROR:  57014:/ } split /\n/, $err), '', 'with no other error');
	my (%heap, @leaks);
	push @{ $heap{$1} }, $2 while $out =~ /^heap (.*) (\d+)\n/mg;
	for my $signature (sort keys %heap)
	{
		my @heap = @{ $heap{$signature} };
		my $growth = min(map { $heap[$_] - $heap[ $_ - 1 ] } 1 .. $#heap);
		push @leaks, "$signature: $growth bytes or more each time" if defined $growth && $growth >= 2 * $times;
	}
	is(join("\n", @leaks), '', scalar(keys %heap) . ' of them were looked at for memory that is not freed');
	$out =~ s/^heap .*\n//mg;
	my %sound;
	$sound{$_}++ for split /\n/, $out;
	is(join("\n", grep { !/^sound / } sort keys %sound), '', 'then each is as usual, in the same backend');
	cmp_ok(scalar(grep { /^sound / } keys %sound), '==', @calls, 'and all were asked');
}

# A terminated connection is followed by another.
{
	my $interrupter = interrupter('pg_terminate_backend');
	my @victims = map { $calls[ rand @calls ] } 1 .. ($times > 10 ? $times * @calls / 10 : 20);
	my @wrong;
	for my $victim (@victims)
	{
		my ($out, $err) = ('', '');
		IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=never', '-d', $connstr, '-c', "SELECT faults.busy('$victim->{signature}')" ], '<', \undef, '>', \$out, '2>', \$err,
			IPC::Run::timeout($patience));
		push @wrong, "$victim->{signature}: $out $err" unless $err =~ /FATAL:  57P01:/;
	}
	enough($interrupter);
	is(join("\n", @wrong), '', @victims . ' calls are terminated');
	my %asked = map { $_->{signature} => 1 } @victims;
	is(join("\n", grep { !/^sound / } split /\n/, $node->safe_psql('postgres', "SELECT faults.sound(signature) FROM faults.call WHERE signature = ANY ('{" . join(',', map { "\"$_\"" } keys %asked) . "}')")),
		'', 'then each is as usual, in a new backend');
}

is($node->safe_psql('postgres', 'SELECT faults.effects()'), $before, 'no row is there that was not there before, and none is gone');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT faults.busy%'"), '0', 'nobody is left who runs one');
is(join("\n", grep { /terminated by signal|PANIC|TRAP:|leak|SPI stack|still referenced|terminating any other/ } split /\n/, slurp_file($node->logfile)), '', 'the log tells of no crash and of nothing left open');
$node->stop;
done_testing();
