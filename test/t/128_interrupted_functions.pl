# Cancels and terminations at random instants of every function that the catalog lists (procedures end transactions, so they can't be
# undone). Whatever was interrupted has changed nothing, the same backend, or a new one, answers as before, and no lock is left.
#
# JWT_AUTH_CANCELS is how often each function is canceled (4; from 40 on, what is not freed then would show), JWT_AUTH_TERMINATIONS how
# often its connection is terminated (1). JWT_AUTH_INTERRUPTS_OF names functions by a regular expression.
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

my $cancels = $ENV{JWT_AUTH_CANCELS} // 4;
my $terminations = $ENV{JWT_AUTH_TERMINATIONS} // 1;
my ($sigint, $sigterm) = (2, 15);
my $node = PostgreSQL::Test::Cluster->new('interrupted');
my $directory = PostgreSQL::Test::Utils::tempdir();
my $for_leaks = $cancels >= 40;
my $allocator = build_library('failing_memory');
my %library = map { $_ => build_library($_, int $node->pg_version) } qw(failing_memory_sql interrupt_sql);
unless (defined $allocator && !grep { !defined } values %library)
{
  SKIP: { skip 'no compiler, or no headers of the server', 1 }
	done_testing();
	exit;
}

$node->init;
# What is undone leaves rows behind, of which doctor() would tell after some hundred interrupts.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nautovacuum = off\ntrack_counts = off\nfsync = off\n"
	  . "jwt_auth.user_key_range = '3..2147483647,-2147483648..0'\njwt_auth.access_token_ttl = '1d'\n");
{
	local $ENV{LD_PRELOAD} = $allocator;
	$node->start;
}
# A key for seal_signing_keys() to seal.
$node->safe_psql('postgres', "CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key('ES256')");
my $key_file = $node->basedir . '/kek';
append_to_file($key_file, "00112233445566778899aabbccddeeff0fedcba9876543210123456789abcdef\n");
chmod 0600, $key_file or die $!;
$node->append_conf('postgresql.conf', "jwt_auth.key_encryption_key_file = '$key_file'\n");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('jwt_auth.key_encryption_key_file') <> ''") or die;
my @calls = grep { $_->{kind} ne 'p' } prepare_calls($node);
@calls = grep { $_->{signature} =~ /$ENV{JWT_AUTH_INTERRUPTS_OF}/ } @calls if $ENV{JWT_AUTH_INTERRUPTS_OF};
my $interrupted = slurp_file(source_file('test/support/interrupted.sql'));
$node->safe_psql('postgres', slurp_file(source_file('test/support/calls.sql')));
$node->safe_psql('postgres', $interrupted, extra_params => [ '-v', "library=$library{interrupt_sql}" ]);
$node->safe_psql('postgres', "CREATE FUNCTION faults.heap_in_use() RETURNS bigint LANGUAGE c AS '$library{failing_memory_sql}', 'heap_in_use'");
# The line of faults.tried() that runs the call.
my ($above) = $interrupted =~ /faults\.tried\(.*? AS \$\$\n(.*?)^ *EXECUTE call INTO/ms;
my $inside_the_call = sprintf 'faults\.tried\(.*?\) line %d at EXECUTE', 2 + ($above =~ tr/\n//);
store_calls($node, @calls);
# Some answers are the same for a second.
$node->safe_psql('postgres', "SELECT faults.learn(signature) FROM faults.call; SELECT pg_sleep(1.1)");
is($node->safe_psql('postgres', "SELECT string_agg(problem, E'\\n') FROM faults.call, faults.learn_again(signature) AS problem"), '', 'undisturbed, each call answers, and changes, the same each time');
is(join(', ', calls_without_answer($node)), '', 'and each answers something');
my $before = $node->safe_psql('postgres', 'SELECT faults.effects()');
my $patience = ($cancels + $terminations > 10 ? 360 : 5) * $PostgreSQL::Test::Utils::timeout_default;
my @psql = ('psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=always', '-d', $node->connstr('postgres'));

sub write_lines
{
	my ($file, @lines) = @_;
	open my $script, '>', "$directory/$file" or die $!;
	print $script "$_\n" for @lines;
	close $script or die $!;
	return "$directory/$file";
}

# One connection runs all of them.
{
	my @lines;
	# What is kept up to a bound is full after the first stretch. A memory context grows by a block now and then, so a leak is what
	# grows in each of the others.
	my $stretches = $for_leaks ? 4 : 1;
	for my $call (@calls)
	{
		for my $stretch (1 .. $stretches)
		{
			push @lines, ("SELECT faults.interrupted('$call->{signature}', $sigint);") x ($cancels / $stretches);
			push @lines, "SELECT 'heap $call->{signature} ' || faults.heap_in_use();" if $for_leaks;
		}
		push @lines, "SELECT faults.sound('$call->{signature}');";
	}
	my ($out, $err) = ('', '');
	IPC::Run::run([ @psql, '-f', write_lines('canceled.sql', @lines) ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($patience));
	my $canceled = $stretches * int($cancels / $stretches) * @calls;
	is(scalar(() = $err =~ /ERROR:  57014:/g), $canceled, "$canceled calls are canceled");
	my $inside = () = $err =~ /$inside_the_call/g;
	cmp_ok($inside, '>=', $canceled >= 100 ? 0.5 * $canceled : 1, 'half of them or more inside the call, where there are a hundred');
	note "$inside of $canceled were inside the call, the others before it or behind it";
	is(join("\n", grep { /ERROR|FATAL|server closed/ && !/ERROR:  57014:/ } split /\n/, $err), '', 'with no other error');
	my (%heap, @leaks);
	push @{ $heap{$1} }, $2 while $out =~ /^heap (.*) (\d+)\n/mg;
	for my $signature (sort keys %heap)
	{
		my @heap = @{ $heap{$signature} };
		my $growth = min(map { $heap[$_] - $heap[ $_ - 1 ] } 1 .. $#heap);
		push @leaks, "$signature: $growth bytes or more each time" if $growth >= 2 * $cancels;
	}
	is(join("\n", @leaks), '', scalar(keys %heap) . ' of them were looked at for memory that is not freed');
	$out =~ s/^heap .*\n//mg;
	is(join("\n", grep { !/^sound / } split /\n/, $out), '', 'then each is as usual, in the same backend');
	is(scalar(() = $out =~ /^sound /mg), scalar @calls, 'and all were asked');
}

# A terminated connection is followed by another. Two at a time.
{
	my @statements = map { ("SELECT faults.interrupted('$_->{signature}', $sigterm)") x $terminations } @calls;
	my $quoted = join ' ', map { "'$_'" } @psql;
	my @lines = map { "echo \"the end of $_\"; $quoted -c \"$_\"" } @statements;
	my @halves = map { { script => $_, out => '' } } write_lines('terminated.0', @lines[ 0 .. $#lines / 2 ]), write_lines('terminated.1', @lines[ $#lines / 2 + 1 .. $#lines ]);
	$_->{shell} = IPC::Run::start([ 'sh', $_->{script} ], '<', \undef, '>&', \$_->{out}, IPC::Run::timeout($patience)) for @halves;
	$_->{shell}->finish for @halves;
	my @said = grep { $_ ne '' } map { split /^the end of /m, $_->{out} } @halves;
	is(scalar @said, scalar @statements, @statements . ' connections called a function');
	is(join("\n", grep { !/FATAL:  57P01:/ } @said), '', 'and were terminated');
	my $inside = grep { /$inside_the_call/ } @said;
	cmp_ok($inside, '>=', @said >= 100 ? 0.5 * @said : 1, 'half of them or more inside the call, where there are a hundred');
	note "$inside of " . @said . ' were inside the call, the others before it or behind it';
	is($node->safe_psql('postgres', "SELECT string_agg(s.answer, E'\\n') FROM faults.call AS c, faults.sound(c.signature) AS s(answer) WHERE s.answer NOT LIKE 'sound %'"), '', 'then each is as usual, in a new backend');
}

is($node->safe_psql('postgres', 'SELECT faults.effects()'), $before, 'no row is there that was not there before, and none is gone');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT faults.interrupted%'"), '0', 'nobody is left who runs one');
is(join("\n", grep { /terminated by signal|PANIC|TRAP:|leak|SPI stack|still referenced|terminating any other/ } split /\n/, slurp_file($node->logfile)), '', 'the log tells of no crash and of nothing left open');
$node->stop;
done_testing();
