# Every function and procedure of the extension, as the catalog lists them, with NULL, empty, huge and hostile arguments: in the
# target list, in FROM, in a DO block, in a parallel query, in a read-only transaction, as the first call of a connection, as
# superuser and as a role without rights. No call ends its backend, none is an internal error (XX000), none leaves something open.
# A new function is tried without a change here; a new type of argument needs its values below.
use strict;
use warnings;
use lib '.';
use Calls;
use JwtAuth qw(start_node);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('every', 'log_min_messages = warning', "jwt_auth.client_ip_header = 'x-forwarded-for'");
my $parallel = $node->safe_psql('postgres', 'SHOW server_version_num') >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode';

$node->safe_psql('postgres', "CREATE ROLE without_rights LOGIN; SELECT jwt_auth.set_user_policy('ann', max_sessions => 5)");
my ($session, $access_token, $refresh_token) = split /\|/, $node->safe_psql('postgres',
	"SELECT session_id, access_token, refresh_token FROM jwt_auth.issue_refresh_session('ann', ip => '192.0.2.1', user_agent => 'x')");
my $kid = $node->safe_psql('postgres', 'SELECT kid FROM jwt_auth.signing_keys');
my $jwk = $node->safe_psql('postgres', "SELECT jwt_auth.jwk_generate('HS256')");
my $pem = $node->safe_psql('postgres', "SELECT jwt_auth.jwk_to_pem(jwt_auth.jwk_generate('ES256'))");

sub quoted
{
	my ($value, $type) = @_;
	$value =~ s/'/''/g;
	return "'$value'" . ($type ? "::$type" : '');
}

# Expressions of each type. The first of each is NULL, the second stands in where nothing better is known.
my %values = (
	'text' => [
		'NULL', "'x'", "''", "repeat('a', 1048577)", "repeat('{\"a\":[', 20000)", "E'\\t\\r\\n'", "U&'\\FEFF\\+01F511'", "'%s%n%1\$s'",
		"'11111111-1111-8111-8111-111111111111'", "'a.b.c'", "repeat('.', 70000)", "'\$1; DROP SCHEMA jwt_auth'",
		quoted($access_token), quoted($refresh_token), quoted($jwk), quoted($pem), quoted(substr($refresh_token, 0, -1)),
		quoted("$access_token.$access_token")
	],
	'jsonb' => [
		'NULL', "'{}'", "'[]'", "'null'", "'\"x\"'", "'1e1000'", "jsonb_build_object('', repeat('a', 1048577))",
		"(repeat('[', 3000) || repeat(']', 3000))::jsonb", "'{\"exp\": -1e300, \"sub\": {}, \"aud\": [[]], \"iat\": \"x\", \"\": null}'",
		"'{\"keys\": []}'", "'{\"kty\": \"RSA\", \"n\": \"AA\", \"e\": \"AA\"}'", "'{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"\", \"y\": 1}'",
		"'{\"alg\": \"none\", \"b64\": false, \"crit\": [\"b64\"]}'", quoted($jwk)
	],
	'bytea' => [ 'NULL', "'\\x00'", "''", "convert_to(repeat('a', 1048577), 'UTF8')", "'\\xff00ff'", "decode(repeat('00', 65536), 'hex')" ],
	'boolean' => [ 'NULL', 'true', 'false' ],
	'integer' => [ 'NULL', '1', '0', '-1', '2147483647', '-2147483648' ],
	'bigint' => [ 'NULL', '1', '0', '-1', '9223372036854775807', "'-9223372036854775808'" ],
	'uuid' => [
		'NULL', quoted($session), "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
		"'11111111-1111-8111-8111-111111111111'"
	],
	'inet' => [ 'NULL', "'192.0.2.1'", "'::'", "'0.0.0.0/0'", "'::ffff:192.0.2.1/128'" ],
	'interval' => [
		'NULL', "'1 minute'", "'0'", "'-1 day'", "'178000000 years'", "'-178000000 years'", "'1 month -30 days'",
		"'2147483647 months 2147483647 days'"
	],
	'timestamp with time zone' => [ 'NULL', 'now()', "'infinity'", "'-infinity'", "'294276-12-31 23:59:59.999999+00'", "'4713-01-01 00:00:00+00 BC'" ],
	'text[]' => [
		'NULL', "'{x}'", "'{}'", "'{NULL}'", "'{{a,b},{c,d}}'", "'[5:6]={HS256,ES256}'", "array_fill('HS256'::text, '{100000}')",
		"ARRAY[repeat('a', 1048577)]", "'{\"\",\"\"}'"
	],
	'cidr[]' => [ 'NULL', "'{192.0.2.0/24}'", "'{}'", "'{NULL}'", "'{{::/0},{0.0.0.0/0}}'", "array_fill('::/0'::cidr, '{100000}')" ],
	'regrole' => [ 'NULL', "'without_rights'", "'postgres'", '0', '4294967295' ],
	'name' => [ 'NULL', "'x'", "''" ],
);

# What a call that succeeds would be given, by the argument's name.
my %usual = (
	token => quoted($access_token), refresh_token => quoted($refresh_token), key => quoted($jwk), jwk => quoted($jwk), pem => quoted($pem),
	signing_key => quoted($jwk), encryption_key => quoted($jwk), algorithm => "'HS256'", encryption => "'A256GCM'", user_id => "'ann'",
	kid => quoted($kid), claims => "'{\"role\": \"x\"}'", header => 'NULL', batch_size => '10', older_than => "'1 year'",
	data => "'x'", path => "'/'", jwks => "'{\"keys\": []}'", issuer => "'https://issuer.example'", actor => "'agent'", lifetime => "'1 hour'", curve => 'NULL', rsa_bits => '2048'
);

# Trigger functions are called like any other here.
my @functions = map { { %$_, kind => $_->{kind} eq 't' ? 'f' : $_->{kind} } } functions_of($node);
cmp_ok(scalar @functions, '>=', 70, 'the catalog lists the functions');
my %unknown = map { $_->[1] => 1 } grep { !$values{ $_->[1] } } map { @{ $_->{arguments} } } @functions;
is(join(', ', sort keys %unknown), '', 'there are values for each type of argument');

sub usual_value
{
	my ($argument) = @_;
	my ($name, $type) = @$argument;
	my $literal = $usual{$name};
	# The variants of a function take text or bytea.
	return $literal && ($type =~ /^(?:text|jsonb|integer|interval)$/ || $literal eq 'NULL') ? $literal : $values{$type}[1];
}

# Lists of arguments: the usual ones; each argument's values beside them; and all arguments' n-th values at once.
sub all_at_once
{
	my ($function) = @_;
	my @arguments = @{ $function->{arguments} } or return [];
	my $most = (sort { $b <=> $a } map { scalar @{ $values{ $_->[1] } } } @arguments)[0];
	my @lists = map {
		my $n = $_;
		[ map { my $v = $values{ $_->[1] }; $v->[ $n % @$v ] } @arguments ]
	} 0 .. $most - 1;
	return ([ map { usual_value($_) } @arguments ], @lists);
}

sub one_by_one
{
	my ($function) = @_;
	my @arguments = @{ $function->{arguments} };
	my @lists;
	for my $i (0 .. $#arguments)
	{
		for my $value (@{ $values{ $arguments[$i][1] } })
		{
			my @list = map { usual_value($_) } @arguments;
			$list[$i] = $value;
			push @lists, \@list;
		}
	}
	return @lists;
}

sub call_of
{
	my ($function, $list) = @_;
	my @types = map { $_->[1] } @{ $function->{arguments} };
	return "$function->{name}(" . join(', ', map { "$list->[$_]::$types[$_]" } 0 .. $#types) . ')';
}

# Runs the statements, in one session unless they reconnect; one that fails doesn't keep the others from running.
sub run_all
{
	my ($what, $user, @statements) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
	open my $script, '>', $file or die $!;
	print $script "\\warn statement $_\n$statements[$_]\n" for 0 .. $#statements;
	close $script;
	my $error = '';
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-U', $user, '-d', $node->connstr('postgres'), '-f', $file ],
		'<', \undef, '>', '/dev/null', '2>', \$error, IPC::Run::timeout(10 * $PostgreSQL::Test::Utils::timeout_default));
	my ($last, @bad, %met) = (-1);
	for my $line (split /\n/, $error)
	{
		if ($line =~ /^statement (\d+)$/) { $last = $1 }
		elsif ($line =~ /(?:ERROR|FATAL|PANIC):\s+([0-9A-Z]{5})/)
		{
			$met{$1}++;
			push @bad, "$1: $statements[$last]" if $1 =~ /^XX/;
		}
		elsif ($line =~ /server closed the connection|connection to server was lost|could not connect/)
		{
			push @bad, "$line: $statements[$last]";
			$node->poll_query_until('postgres', 'SELECT true');
		}
	}
	push @bad, "only $last statements ran" if $last != $#statements;
	is(join("\n", map { substr $_, 0, 400 } @bad), '', "$what: none ends the backend, none is an internal error");
	note("$what: " . scalar(@statements) . ' statements; ' . join(', ', map { "$_ $met{$_}" } sort keys %met));
	return %met;
}

sub rolled_back { return map { "BEGIN; $_; ROLLBACK;" } @_ }
my @plain = grep { $_->{kind} eq 'f' } @functions;
my @procedures = grep { $_->{kind} eq 'p' } @functions;
sub calls { my ($lists, @of) = @_; return map { my $f = $_; map { call_of($f, $_) } $lists->($f) } @of }

# The values come as constants: what is immutable is called by the planner.
run_all('in the target list', 'postgres', rolled_back(map { "SELECT $_" } calls(\&one_by_one, @plain), calls(\&all_at_once, @plain)));
# And here from a table.
my $volatile = 'CREATE FUNCTION pg_temp.same(anyelement) RETURNS anyelement LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN $1; END $$;';
run_all('in FROM', 'postgres', $volatile, rolled_back(map { "SELECT * FROM $_" }
	calls(sub { my ($f) = @_; map { my $l = $_; [ map { "pg_temp.same($l->[$_]::$f->{arguments}[$_][1])" } 0 .. $#$l ] } all_at_once($f) }, @plain)));
run_all('in a read-only transaction', 'postgres', map { "BEGIN READ ONLY; SELECT $_; ROLLBACK;" } calls(\&all_at_once, @plain));
run_all('in a parallel query', 'postgres', "SET $parallel = on;",
	rolled_back(map { "SELECT $_" } calls(\&all_at_once, grep { $_->{safety} ne 'u' } @plain)));
run_all('as the first call of a connection', 'postgres', map { "\\c -\nBEGIN; SELECT $_; ROLLBACK;" } calls(\&all_at_once, @plain));
run_all('procedures', 'postgres', map { ("CALL $_;", "BEGIN; CALL $_; ROLLBACK;") } calls(\&one_by_one, @procedures), calls(\&all_at_once, @procedures));

my %met = run_all('without rights', 'without_rights',
	rolled_back((map { "SELECT $_" } calls(\&all_at_once, @plain)), (map { "CALL $_" } calls(\&all_at_once, @procedures))));
cmp_ok($met{'42501'} // 0, '>', 100, 'without rights: most is refused');

# These are not undone: what they change, the later ones meet.
my $block = sub {
	my ($statement) = @_;
	return "DO \$block\$ BEGIN $statement; EXCEPTION WHEN internal_error THEN RAISE; WHEN OTHERS THEN NULL; END \$block\$;";
};
run_all('in a DO block', 'postgres', (map { $block->("PERFORM $_") } calls(\&one_by_one, @plain), calls(\&all_at_once, @plain)),
	map { $block->("CALL $_") } calls(\&all_at_once, @procedures));

# Views of the extension, too.
my @views = split /\n/, $node->safe_psql('postgres',
	"SELECT oid::regclass FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'v' ORDER BY 1");
cmp_ok(scalar @views, '>=', 2, 'the catalog lists the views');
run_all('views', $_, map { ("TABLE $_;", "\\c -\nTABLE $_;") } @views) for 'postgres', 'without_rights';

is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server serves');
my $log = slurp_file($node->logfile);
my @bad = grep { /terminated by signal|PANIC|TRAP:|leak|SPI stack|not closed|still referenced|terminating any other/ } split /\n/, $log;
is(join("\n", @bad), '', 'the log tells of no crash and of nothing left open');

done_testing();
