# One allocation after the other fails, in every function that the catalog lists: malloc is made to answer NULL, in PostgreSQL, OpenSSL
# and the library alike. A call then says 53200 or answers and changes what it always does, never a refusal of what is good. After
# that the same backend answers rightly, nothing is half done, and repeated failures leave no memory behind.
#
# JWT_AUTH_ALLOCATIONS=all tries each allocation of each call (hours), a number every so many of them; otherwise some of each are drawn
# by JWT_AUTH_ALLOCATIONS_SEED (random). JWT_AUTH_ALLOCATIONS_OF names functions by a regular expression.
use strict;
use warnings;
use lib '.';
use Ask;
use Calls;
use IPC::Run ();
use List::Util qw(min);
use JwtAuth qw(build_library);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $every = ($ENV{JWT_AUTH_ALLOCATIONS} // 0) eq 'all' ? 1 : $ENV{JWT_AUTH_ALLOCATIONS} // 0;
my $all = $every > 0;
my $seed = $ENV{JWT_AUTH_ALLOCATIONS_SEED} // int rand 2**31;
srand $seed;
note "seed $seed";

my $node = PostgreSQL::Test::Cluster->new('allocations');
my $directory = PostgreSQL::Test::Utils::tempdir();
my $allocator = build_library('failing_memory');
my $library = build_library('failing_memory_sql', int $node->pg_version);
unless (defined $allocator && defined $library)
{
  SKIP: { skip 'no compiler, or no headers of the server', 1 }
	done_testing();
	exit;
}

my $key_file = $node->basedir . '/kek';
append_to_file($key_file, "00112233445566778899aabbccddeeff0fedcba9876543210123456789abcdef\n");
chmod 0600, $key_file or die $!;
$node->init;
# The first key is made before the others are sealed. The keys 1 and 2 are another server's, so that they can be handed over.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nautovacuum = off\njit = off\nfsync = off\nlog_min_messages = log\n"
	  . "jwt_auth.user_key_range = '3..2147483647,-2147483648..0'\njwt_auth.access_token_ttl = '1d'\n");
{
	local $ENV{LD_PRELOAD} = $allocator;
	$node->start;
}
$node->safe_psql('postgres', "CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key('ES256')");
$node->append_conf('postgresql.conf', "jwt_auth.key_encryption_key_file = '$key_file'\n");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('jwt_auth.key_encryption_key_file') <> ''") or die;
# Procedures end transactions, so they can't be undone.
my @calls = grep { $_->{kind} ne 'p' } prepare_calls($node);
@calls = grep { $_->{signature} =~ /$ENV{JWT_AUTH_ALLOCATIONS_OF}/ } @calls if $ENV{JWT_AUTH_ALLOCATIONS_OF};
# Of several functions of one name, one in each run.
my %drawn = map { $_->{name} => $_ } map { $calls[$_->[1]] } sort { $a->[0] <=> $b->[0] } map { [ rand, $_ ] } 0 .. $#calls;
@calls = grep { $drawn{ $_->{name} } == $_ } @calls unless $all;

# Runs lines of psql's language, and goes on behind one that loses its connection. Answers for each line what it printed and what it said.
sub run_lines
{
	my (@lines) = @_;
	my @answers;
	while (@answers < @lines)
	{
		my $begin = @answers;
		my $file = "$directory/lines.sql";
		open my $script, '>', $file or die $!;
		print $script "\\echo line\n\\warn line\n$lines[$_]\n" for $begin .. $#lines;
		close $script;
		my ($out, $err) = ('', '');
		IPC::Run::run([ 'psql', '-XAtq', '-v', 'SHOW_CONTEXT=never', '-v', "library=$library", '-d', $node->connstr('postgres'), '-f', $file ],
			'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($all ? 36000 : 10 * $PostgreSQL::Test::Utils::timeout_default));
		my (undef, @out) = split /^line\n/m, $out, -1;
		my (undef, @err) = split /^line\n/m, $err, -1;
		push @answers, map { { out => $out[$_], err => $err[$_] // '' } } 0 .. $#out;
		die "psql did nothing: $err$lines[$begin - 1]\n" . join '', (split /^/, slurp_file($node->logfile))[ -10 .. -1 ] if @answers == $begin;
	}
	return @answers;
}

my @made = run_lines(map { '\i ' . source_file("test/support/$_.sql") } qw(calls failing_memory));
is(join('', map { $_->{err} } @made), '', 'the functions that let allocations fail are there');
is($node->safe_psql('postgres', "BEGIN; SET LOCAL search_path = pg_temp; SELECT faults.effects() LIKE '%, the path pg_temp'"), 't', 'they see another path');
is($node->safe_psql('postgres', <<'EOS'), 't f t f t f f|a lock (advisory ExclusiveLock)', 'another answer, and what is left behind');
SELECT concat_ws(' ', faults.says('a 1', 'a 1', 'a 1'), faults.says('a 2', 'a 1', 'a 1'), faults.says('a 2', 'a 1', 'a 3'), faults.says('b 2', 'a 1', 'a 3'),
  faults.says('2026-11-29 20:17:36.03+00', '2026-11-29 21:00:00+00', '2026-11-29 21:00:00+00'), faults.says(NULL, 'a', 'a'), faults.says('a', 'a a', 'a b')),
  faults.left_behind() FROM pg_advisory_xact_lock(1)
EOS
store_calls($node, @calls);
# What is kept up to a bound is full after the first stretch of repetitions. A memory context grows by a block now and then, so a leak is
# what grows in each of the others. Not of a function that has settings: PostgreSQL 15 loses the name and the value of one that it has no
# memory to set (ProcessGUCArray).
my $stretches = $all ? 8 : 4;
# What is tried: in a new connection and in one that has called it; one allocation, or all from it; in some, repeatedly, to see memory
# that is not freed. `of` is the number of allocations that there are, and `part` which of them fails.
sub try_line
{
	my ($call, $of, $part, $in_a_row, $repetitions) = @_;
	my $arguments = "(c.signature, 1 + ($part * c.$of)::integer, $in_a_row";
	my $that = "WHERE c.signature = '$call->{signature}';\n";
	return ($of eq 'first_allocations' ? "\\c -\n" : '')
	  . "SELECT t.* FROM faults.call c, faults.check$arguments) t $that"
	  . "SELECT faults.repeat$arguments, $repetitions) FROM faults.call c $that" x ($repetitions == 0 ? 0 : $stretches + 2);
}
# What each does undisturbed: in a new connection, and a second later in one that has called it. Some answers are the same for a second.
my @learned = run_lines((map { "\\c -\nSELECT faults.learn('$_->{signature}');" } @calls), 'SELECT pg_sleep(1.1);', map { "SELECT faults.learn_again('$_->{signature}');" } @calls);
is(join('', map { $_->{out} =~ s/^\n+\z//r . $_->{err} } @learned), '', 'without a failure each call answers, and changes, the same each time');
is(join(', ', calls_without_answer($node)), '', 'and each answers something');

my %allocations = map { my ($signature, @of) = split /\t/; $signature => \@of } split /\n/,
  $node->safe_psql('postgres', "SELECT concat_ws(E'\\t', signature, first_allocations, allocations) FROM faults.call");
my @tries;
if ($all)
{
	for my $call (@calls)
	{
		my ($first, $later) = @{ $allocations{ $call->{signature} } };
		# Every tenth of these is also tried for leaks, and with all that follow it failing, too.
		my @first_parts = grep { $_ % $every == 0 } 0 .. $first;
		push @tries, map { { call => $call, line => try_line($call, 'first_allocations', "$_.0 / $first", 1, 0) } } @first_parts;
		push @tries, map { { call => $call, line => try_line($call, 'first_allocations', "$_.0 / $first", 1000000, 0) } } grep { $_ % (10 * $every) == 0 } @first_parts;
		for my $part (grep { $_ % $every == 0 } 0 .. $later)
		{
			my $tenth = $part % (10 * $every) == 0;
			my $repetitions = $tenth && !$call->{has_settings} ? 2 : 0;
			push @tries, { call => $call, line => try_line($call, 'allocations', "$part.0 / greatest($later, 1)", 1, $repetitions), repetitions => $repetitions };
			push @tries, { call => $call, line => try_line($call, 'allocations', "$part.0 / greatest($later, 1)", 1000000, 0) } if $tenth;
		}
	}
}
else
{
	for my $call (@calls)
	{
		my @in_a_row = rand() < 0.5 ? (1, 1000000) : (1000000, 1);
		my $repetitions = rand() < 0.2 && !$call->{has_settings} ? 6 : 0;
		push @tries, { call => $call, line => try_line($call, 'first_allocations', rand, $in_a_row[1], 0) },
		  { call => $call, line => try_line($call, 'allocations', rand, $in_a_row[0], $repetitions), repetitions => $repetitions };
		# It said 22023 where memory was short for the identity; these are few enough for all of them.
		push @tries, map { { call => $call, line => "SELECT * FROM faults.check('$call->{signature}', $_);" } } 1 .. 20 if $call->{name} eq 'authenticate';
		# OpenSSL never found an algorithm again for which it had no memory when a process looked for the first of its kind.
		push @tries, map { { call => $call, line => try_line($call, 'first_allocations', rand, 1, 0) } } 1 .. 12 if $call->{name} eq 'jwt_encrypt';
		# OpenSSL never made a key again if it had no memory for one lock when a process made its first.
		my $first = $allocations{ $call->{signature} }[0];
		push @tries, map { { call => $call, line => try_line($call, 'first_allocations', "$_.0 / $first", 1, 0) } } 0 .. $first if $call->{name} eq 'jwk_public';
	}
}
my @answers = run_lines(map { $_->{line} } @tries);

my (%count, @problems);
for my $i (0 .. $#tries)
{
	my ($try, $answer) = ($tries[$i], $answers[$i]);
	my @heap = $answer->{out} =~ /^heap (\d+)$/mg;
	$answer->{out} =~ s/^heap \d+\n//mg;
	if ($answer->{out} =~ /^(\d+)\|(\w+)\|(.*)\z/s)
	{
		my ($failures, $code, $problem) = ($1, $2, $3);
		$count{ $failures == 0 ? 'needed fewer allocations' : $code eq 'answered' ? 'answered as usual' : $code }++;
		chomp $problem;
		push @problems, $problem if $problem ne '';
		my $growth = min(map { $heap[$_] - $heap[ $_ - 1 ] } 2 .. $#heap);
		push @problems, "the heap grows by $growth bytes in $try->{repetitions} repetitions: $try->{line}" if defined $growth && $growth >= 8 * $try->{repetitions};
		$count{'tried for leaks'}++ if @heap;
	}
	# PostgreSQL itself gives up a connection if it can't read the settings of a function that has some (ParseLongOption), or can't
	# set the locale again that it had changed to format a date (to_char).
	elsif ($try->{call}{has_settings} && $answer->{err} =~ /FATAL:  (?:out of memory|failed to restore LC_)/)
	{
		$count{'connection given up by PostgreSQL'}++;
	}
	else
	{
		push @problems, "$try->{line}: $answer->{out} $answer->{err}";
	}
}
is(scalar @problems, 0, 'each says 53200 or answers as usual, then answers as usual, and leaves no lock, no role and no memory behind')
  or diag join "\n", map { substr $_, 0, 600 } @problems[ 0 .. ($#problems > 30 ? 30 : $#problems) ];
note scalar(@calls) . ' functions: ' . join(', ', map { "$_ $count{$_}" } sort keys %count);
cmp_ok($count{53200} // 0, '>', @calls / 2, 'many of the failures are noticed');

# They said 22023, an invalid value. The first call of a connection allocates the most.
for my $setting ([ 'proof_origin', 'https://api.example.com' ], [ 'user_key_range', '3..2147483647' ])
{
	my ($name, $value) = @$setting;
	my $tried = "faults.tried(n, 1, 'SELECT 1', \$\$SELECT set_config('jwt_auth.$name', '$value', true)\$\$, 'SELECT 1')";
	my %codes = map { $_ => 1 } map { $node->safe_psql('postgres', "SELECT coalesce(code, 'answered') FROM generate_series($_, $_) n, $tried") } 1 .. 60;
	is(join(' ', sort keys %codes), '53200 answered', "jwt_auth.$name can be set, or memory is short");
}

my $log = slurp_file($node->logfile);
is(join("\n", grep { !/^\t/ && /terminated by signal|PANIC|TRAP:|leak|still referenced|terminating any other/ } split /\n/, $log), '', 'the log tells of no crash and of nothing left open');
$node->stop;
done_testing();
