# Behind pgbouncer in transaction mode, with one server connection for everybody: an identity lasts as long as its transaction and
# is never seen by the client that gets the connection next.
use strict;
use warnings;
use lib '.';
use IPC::Run ();
use JwtAuth qw(start_node);
use PostgreSQL::Test::Utils;
use Test::More;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin';
die "pgbouncer is not installed (Debian: pgbouncer)\n" unless defined $pgbouncer;

my $node = start_node('pooled');
$node->safe_psql('postgres', q{
	CREATE ROLE app LOGIN;
	SELECT jwt_auth.grant_issuer('app');
	CREATE TABLE secret (owner text, body text);
	INSERT INTO secret VALUES ('ann', 'of ann'), ('ben', 'of ben');
	ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON secret USING (owner = jwt_auth.current_user_id());
	GRANT SELECT ON secret TO app;
});

# -- a pooler of our own
my $directory = PostgreSQL::Test::Utils::tempdir_short();
my $socket_directory = $node->host;
append_to_file("$directory/users.txt", qq{"app" ""\n});
append_to_file("$directory/pgbouncer.ini", <<"END");
[databases]
postgres = host=$socket_directory port=@{[$node->port]}
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $directory
auth_type = trust
auth_file = $directory/users.txt
pool_mode = transaction
default_pool_size = 1
max_db_connections = 1
logfile = $directory/log
pidfile = $directory/pid
END
my ($pooler_out, $pooler_err) = ('', '');
my $pooler = IPC::Run::start([ $pgbouncer, "$directory/pgbouncer.ini" ], '<', \undef, '>', \$pooler_out, '2>', \$pooler_err);
END { $pooler->kill_kill if defined $pooler }
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	last if -S "$directory/.s.PGSQL.6432";
	select(undef, undef, undef, 0.1);
}
ok(-S "$directory/.s.PGSQL.6432", 'the pooler listens') or diag($pooler_err);

# -- clients that take turns
my $turn = 0;
sub client
{
	my %client = (in => '', out => '', err => '');
	$client{timer} = IPC::Run::timer($PostgreSQL::Test::Utils::timeout_default);
	$client{run} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=0', '-v', 'VERBOSITY=sqlstate',
			'-d', "host=$directory port=6432 dbname=postgres user=app" ],
		'<', \$client{in}, '>', \$client{out}, '2>', \$client{err}, $client{timer});
	return \%client;
}
# What the statements print, errors behind it.
sub ask
{
	my ($client, $sql) = @_;
	my $mark = 'done ' . ++$turn;
	($client->{out}, $client->{err}) = ('', '');
	$client->{in} .= "$sql\n\\echo $mark\n\\warn $mark\n";
	$client->{timer}->start;
	$client->{run}->pump until ($client->{out} =~ /$mark\n/ && $client->{err} =~ /$mark\n/) || $client->{timer}->is_expired;
	die "no answer to: $sql" if $client->{timer}->is_expired;
	my $answer = "$client->{out}$client->{err}";
	$answer =~ s/$mark\n//g;
	chomp $answer;
	return $answer;
}
my ($first, $second) = (client(), client());
my $who = "SELECT coalesce(jwt_auth.current_user_id(), 'nobody'), (SELECT string_agg(body, ',') FROM secret);";
my ($ann, $ben) = map { ask($first, qq{SELECT jwt_auth.jwt_sign('{"sub": "$_"}');}) } 'ann', 'ben';

is(ask($second, 'SELECT pg_backend_pid();'), ask($first, 'SELECT pg_backend_pid();'), 'both clients have the same server connection');

is(ask($first, "BEGIN; SELECT jwt_auth.authenticate('$ann') ->> 'sub'; $who COMMIT;"), "ann\nann|of ann", 'the first is ann in its transaction');
is(ask($second, $who), 'nobody|', 'the second is nobody after it');
is(ask($first, $who), 'nobody|', 'and so is the first');

is(ask($second, "BEGIN; SELECT jwt_auth.authenticate('$ben') ->> 'sub'; ROLLBACK;"), 'ben', 'the second authenticates and rolls back');
is(ask($first, $who), 'nobody|', 'the first is nobody');

is(ask($second, "SELECT jwt_auth.authenticate('$ben') ->> 'sub';"), "ben\nWARNING:  25P01", 'the second authenticates without a transaction, which warns');
is(ask($first, $who), 'nobody|', 'the first is nobody');

is(ask($second, "BEGIN; SELECT jwt_auth.authenticate('$ben') ->> 'sub'; SELECT 1 / 0;\n$who\nCOMMIT;"), "ben\nERROR:  22012\nERROR:  25P02",
	'the second fails in its transaction');
is(ask($first, $who), 'nobody|', 'the first is nobody');

my $wrong = 0;
for my $round (1 .. 50)
{
	my ($client, $other, $name, $token) = $round % 2 ? ($first, $second, 'ann', $ann) : ($second, $first, 'ben', $ben);
	$wrong++ unless ask($client, "BEGIN; SELECT jwt_auth.authenticate('$token') ->> 'sub'; SAVEPOINT s; $who COMMIT;") eq "$name\n$name|of $name";
	$wrong++ unless ask($other, $who) eq 'nobody|';
}
is($wrong, 0, 'fifty turns, never the other one');

# A client that goes away in the middle of its transaction: the pooler closes that server connection.
my $third = client();
is(ask($third, "BEGIN; SELECT jwt_auth.authenticate('$ann') ->> 'sub';"), 'ann', 'a third authenticates');
$third->{run}->signal('KILL');
$third->{run}->finish;
is(ask($first, $who), 'nobody|', 'and is killed: the first is nobody');

# Who listens needs a session: the server connection is shared, and what arrives there reaches the client that has it just then.
my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . ' user=app' ],
	'<', \my $listen, '>', \my $heard, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$listen = "LISTEN news;\n\\echo listening\n";
$session->pump until $heard =~ /listening/;
is(ask($first, 'LISTEN news;'), '', 'a client of the pooler listens');
like(ask($second, "NOTIFY news, 'of a pooled transaction';"), qr/of a pooled transaction/, 'another, which does not, is told');
is(ask($first, 'SELECT 1;'), '1', 'and the first hears nothing');
$listen .= "SELECT 1;\n\\q\n";
$session->finish;
like($heard, qr/of a pooled transaction/, 'a session that is connected to the server does');

for my $client ($first, $second)
{
	$client->{in} .= "\\q\n";
	$client->{run}->finish;
}
$pooler->signal('INT');
$pooler->finish;
undef $pooler;
$node->stop;
done_testing();
