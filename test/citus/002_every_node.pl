# The keyring is on every node, and clients connect to any of them: every function from the coordinator and from a worker, changes of
# the keyring that each node sees at once, and races across nodes.
use strict;
use warnings;
use Ask;
use EveryFunction;
use Nodes;
use PostgreSQL::Test::Utils;
use Test::More;

my ($coordinator, @workers) = start_nodes("jwt_auth.refresh_reuse_interval = '10s'");
my @nodes = ($coordinator, @workers);

# Private keys have to be sealed before they go to other nodes.
$workers[1]->safe_psql('postgres', "ALTER SYSTEM SET jwt_auth.key_encryption_key_file = ''");
$workers[1]->reload;
my ($out, $err, $good) = script_output($coordinator, 'every_node');
like($err, qr/key_encryption_key_file is not set/, 'the script asks for the key file of every node');
$workers[1]->safe_psql('postgres', 'ALTER SYSTEM RESET jwt_auth.key_encryption_key_file');
$workers[1]->reload;
my $said = distribute($coordinator, 'every_node');
like($said, qr/distributed: account, .*, used_proof, imported_token, signing_key, token_lifetime, trusted_issuer, cutoff, server_secret, session_class\n/, 'it says what it did');
like(distribute($coordinator, 'every_node'), qr/distributed: nothing, all are/, 'a second time it does nothing');
$coordinator->safe_psql('postgres', "ALTER SYSTEM SET jwt_auth.key_encryption_key_file = ''");
$coordinator->reload;
is(ask($coordinator, 'SELECT jwt_auth.create_signing_key()'), 'error 55000', 'a key in the clear is refused');
is(ask($coordinator, 'SELECT jwt_auth.proof_nonce()'), 'error 55000', 'as is the secret of the server');
$coordinator->safe_psql('postgres', 'ALTER SYSTEM RESET jwt_auth.key_encryption_key_file');
$coordinator->reload;

call_everything($coordinator, 'coordinator', sealed => 1);
is(functions_not_called($coordinator), '', 'every function was called');

# Citus hands on no privileges of functions: the doctor says so, and is content once they are granted on each node.
my $differing = q{SELECT count(*) FROM jwt_auth.doctor() WHERE subject = 'citus' AND finding LIKE '%privileges are others%'};
is(ask($coordinator, $differing), '2', 'the doctor sees privileges that the workers lack');
for my $worker (@workers)
{
	$worker->safe_psql('postgres', "SELECT jwt_auth.grant_$_('${_}_coordinator')") for qw(verifier issuer monitor);
}
is(ask($coordinator, $differing), '0', 'and that they have them now');

# Tokens without a session are compared with the cutoff for everybody by whole seconds.
sleep 2;
call_everything($workers[0], 'worker', sealed => 1, no_roles => 1,
	differences => ask($coordinator, 'SELECT count(*) FROM jwt_auth.privilege_differences()'));

# Each change of the keyring is seen by an open session of each node with its next call.
my @open = map { open_session($_) } @nodes;
my $sign = "SELECT jwt_auth.jwt_sign('{\"sub\": \"ring\"}')";
my $verify = sub { my ($token) = @_; return join ' ', map { $_->ask("SELECT jwt_auth.jwt_verify('$token') ->> 'sub'") } @open };
for my $n (0 .. $#nodes)
{
	my $where = $nodes[$n]->name;
	my $token = $open[$n]->ask($sign);
	is($verify->($token), 'ring ring ring', "$where: a token is good on every node");
	my $old = $open[$n]->ask("SELECT kid FROM jwt_auth.signing_keys WHERE state = 'active'");
	my $new = $open[$n]->ask('SELECT jwt_auth.rotate_signing_key()');
	is(join(' ', map { $_->ask("SELECT header ->> 'kid' FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{}'))") } @open), "$new $new $new", "$where: after a rotation every node signs with the new key");
	is($verify->($token), 'ring ring ring', "$where: and verifies with the old one");
	is($open[$n]->ask("SELECT jwt_auth.retire_signing_key('$old')"), '', "$where: the old one is retired");
	is($verify->($token), 'error JW008 error JW008 error JW008', "$where: and verifies nothing on any node");
	$token = $open[$n]->ask($sign);
	is($verify->($token), 'ring ring ring', "$where: a token of the new key");
	select(undef, undef, undef, 0.01);
	is($open[$n]->ask('SELECT jwt_auth.revoke_all_tokens()'), '', "$where: a cutoff for everybody");
	is($verify->($token), 'error JW009 error JW009 error JW009', "$where: holds on every node");
	is($open[$n]->ask("SELECT jwt_auth.set_session_class('short $n', access_token_ttl => '1 minute')"), '', "$where: a class");
	is(join(' ', map { $_->ask("SELECT status FROM jwt_auth.issue_refresh_session('class', class => 'short $n')") } @open), 'ok ok ok', "$where: is known on every node");
}
my $session = log_in($coordinator, 'anybody');
is($verify->($session->{access_token}), 'anybody anybody anybody', 'a session is good on every node');
is($open[2]->ask("SELECT jwt_auth.revoke_refresh_session('$session->{session_id}')"), 't', 'one node ends it');
is($verify->($session->{access_token}), 'error JW010 error JW010 error JW010', 'and it has ended on all');

# Two rotations at once, on two nodes: one key is active.
for my $round (1 .. 10)
{
	$open[$_]->send('SELECT jwt_auth.rotate_signing_key() IS NOT NULL') for 0, 1;
	my @answers = sort map { $open[$_]->answer } 0, 1;
	like("@answers", qr/^(?:t t|error (?:40001|40P01|23505|XX000|55000) t)$/, "rotations on two nodes: @answers");
	is(join(' ', map { $_->ask("SELECT count(*) FROM jwt_auth.signing_keys WHERE state = 'active'") } @open), '1 1 1', 'one key is active everywhere');
}
is(join(' ', map { $_->ask("SELECT md5(string_agg(s::text, '' ORDER BY kid)) FROM jwt_auth.signing_key s") } @open) =~ /^(\S+) \1 \1$/, 1, 'the copies of the keyring are alike');

# One token presented to two nodes at once: one successor.
my ($ok, $replayed, $other) = (0, 0, 0);
my $token = log_in($coordinator, 'racer')->{refresh_token};
for my $round (1 .. 40)
{
	$open[$_]->send("SELECT status, refresh_token FROM jwt_auth.refresh_session('$token')") for 1, 2;
	my @answers = map { [ split /\|/, $open[$_]->answer ] } 1, 2;
	$ok += grep { $_->[0] eq 'ok' } @answers;
	$replayed += grep { $_->[0] eq 'replayed' } @answers;
	my %successors = map { ($_->[1] // '') => 1 } @answers;
	$other++ if keys %successors != 1;
	($token) = map { $_->[1] } grep { $_->[0] eq 'ok' } @answers;
	last unless defined $token;
}
is("$ok ok, $replayed replayed, $other with two successors", '40 ok, 40 replayed, 0 with two successors', 'two refreshes of one token on two nodes');

# Log-ins of one user on three nodes at once keep the limit.
for my $policy (qw(evict_oldest reject))
{
	my $user = "crowd $policy";
	$coordinator->safe_psql('postgres', "SELECT jwt_auth.set_user_policy('$user', max_sessions => 3)");
	my @crowd = map { open_session($_) } (@nodes) x 5;
	my %answers;
	for my $round (1 .. 4)
	{
		$_->send("SET jwt_auth.session_limit_policy = '$policy'; SELECT status FROM jwt_auth.issue_refresh_session('$user')") for @crowd;
		$answers{ $_->answer }++ for @crowd;
	}
	$_->close for @crowd;
	is(ask($coordinator, "SELECT count(*) FROM jwt_auth.user_sessions('$user')"), '3', "$policy: three sessions are left of 60 log-ins at once");
	is($answers{ok}, $policy eq 'reject' ? 3 : 60, "$policy: as many were let in as should be");
}

# The identity stays on the node that was asked.
$coordinator->safe_psql('postgres', "CREATE TABLE note (owner text, body text); SELECT create_distributed_table('note', 'owner');"
	  . " INSERT INTO note SELECT 'user ' || n, 'x' FROM generate_series(1, 20) AS n; CREATE ROLE app LOGIN; GRANT SELECT ON note TO app;"
	  . " ALTER TABLE note ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON note FOR SELECT TO app USING (owner = jwt_auth.current_user_id());"
	  . " SELECT jwt_auth.grant_verifier('app')");
distribute($coordinator, 'every_node');
$session = log_in($coordinator, 'user 7');
is(ask($coordinator, "BEGIN; SET LOCAL ROLE app; SELECT FROM jwt_auth.authenticate('$session->{access_token}'); SELECT count(*) FROM note"), 'error 0A000', 'a policy on shards of other nodes is an error and hides nothing');
is(ask($workers[0], "SET ROLE app; SELECT count(*) FROM (SELECT jwt_auth.authenticate('$session->{access_token}') OFFSET 0) one"), '1', 'the role has its rights on every node');
$coordinator->safe_psql('postgres', "CREATE TABLE person (id text PRIMARY KEY, password text); INSERT INTO person VALUES ('user 7', 'old')");
is(ask($coordinator, "CREATE TRIGGER gone AFTER UPDATE OF password ON person FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_change('id')"), '', 'a trigger on a local table');
is(ask($coordinator, "UPDATE person SET password = 'new'"), '', 'fires');
is($verify->($session->{access_token}), 'error JW010 error JW010 error JW010', 'and ends the sessions');
is(ask($coordinator, "SET citus.enable_unsafe_triggers = on; SELECT create_distributed_table('person', 'id')"), '', 'the table is distributed, trigger and all');
is(ask($coordinator, "UPDATE person SET password = 'newer'"), 'error 0A000', 'the trigger then refuses');
$_->close for @open;

# No secret has gone to another node in the text of a statement.
for my $node (@nodes)
{
	my $log = slurp_file($node->logfile);
	# The worker that clients were connected to has logged what they wrote themselves.
	ok($log !~ /"d" ?: ?"[\w-]{40}|"k" ?: ?"[\w-]{40}/, $node->name . ' has logged no private key') if $node == $workers[1];
}

done_testing();
