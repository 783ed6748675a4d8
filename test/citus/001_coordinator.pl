# The keyring stays on the coordinator, users' rows are on two workers: every function from there, a database that was in use before,
# and what is refused elsewhere.
use strict;
use warnings;
use Ask;
use EveryFunction;
use Nodes;
use PostgreSQL::Test::Utils;
use Test::More;

my ($coordinator, @workers) = start_nodes();

# In use before it is distributed.
is(ask($coordinator, 'SELECT jwt_auth.create_signing_key() IS NOT NULL'), 't', 'a key');
my %before = map { $_ => log_in($coordinator, $_) } map { "early $_" } 1 .. 6;
my $revoked = log_in($coordinator, 'revoked');
is(ask($coordinator, "SELECT jwt_auth.revoke_user_tokens('revoked') IS NOT NULL"), 't', 'a revocation');
my $open = open_session($coordinator);
is($open->ask("SELECT jwt_auth.jwt_verify('$before{'early 1'}{access_token}') ->> 'sub'"), 'early 1', 'a session of a client is open');

my ($out, $err, $good) = script_output($coordinator, 'nowhere');
like($err, qr/ring is coordinator or every_node, not "nowhere"/, 'the script wants to know where the keyring is');
ok(!$good, 'and fails');
($out, $err, $good) = script_output($workers[0], 'coordinator');
like($err, qr/this is not the coordinator/, 'it is for the coordinator');
$workers[1]->safe_psql('postgres', 'ALTER SYSTEM SET standard_conforming_strings = off');
$workers[1]->reload;
($out, $err, $good) = script_output($coordinator, 'coordinator');
like($err, qr/standard_conforming_strings is to be on/, 'it looks at the settings of the nodes');
is(ask($coordinator, "SELECT count(*) FROM pg_dist_partition"), '0', 'and has changed nothing');
$workers[1]->safe_psql('postgres', 'ALTER SYSTEM RESET standard_conforming_strings');
$workers[1]->reload;
my $said = distribute($coordinator, 'coordinator');
like($said, qr/distributed: account, refresh_session, session_data, denied_token, api_key, api_key_use\n/, 'it says what it did');
like(distribute($coordinator, 'coordinator'), qr/distributed: nothing, all are/, 'a second time it does nothing');
cmp_ok(ask($_, "SELECT count(*) FROM pg_dist_placement p JOIN pg_dist_local_group USING (groupid)"), '>', 0, $_->name . ' has shards') for @workers;

is($open->ask("SELECT jwt_auth.jwt_verify('$before{'early 1'}{access_token}') ->> 'sub'"), 'early 1', 'the open session goes on');
is($open->ask("SELECT status FROM jwt_auth.issue_refresh_session('early 7')"), 'ok', 'and logs in');
for my $user (sort keys %before)
{
	is(ask($coordinator, "SELECT jwt_auth.jwt_verify('$before{$user}{access_token}') ->> 'sub'"), $user, "$user: a token from before");
	is(ask($coordinator, "SELECT count(metadata) FROM jwt_auth.user_sessions('$user')"), '1', "$user: the session with its data");
	is(refresh($coordinator, $before{$user}{refresh_token})->{status}, 'ok', "$user: goes on");
}
is(ask($coordinator, "SELECT jwt_auth.jwt_verify('$revoked->{access_token}')"), 'error JW010', 'what was revoked stays so');

call_everything($coordinator, 'coordinator');
is(functions_not_called($coordinator), '', 'every function was called');

# On a worker there is no keyring.
is(ask($workers[0], $_), 'error 55000', "refused on a worker: $_")
  for 'SELECT jwt_auth.create_signing_key()', "SELECT jwt_auth.issue_refresh_session('u')", "SELECT jwt_auth.revoke_user_tokens('u')", 'SELECT jwt_auth.revoke_all_tokens()',
  "SELECT jwt_auth.set_session_class('x')", 'CALL jwt_auth.purge_expired()', "SELECT * FROM jwt_auth.user_sessions('u')";
my $session = log_in($coordinator, 'somebody');
my $elsewhere = log_in($coordinator, 'elsewhere');
is(ask($workers[0], "SELECT jwt_auth.jwt_verify('$elsewhere->{access_token}')"), 'error JW008', 'and it verifies nothing');

# Within a snapshot of the transaction a revocation could not be seen.
for my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
	is(ask($coordinator, "BEGIN ISOLATION LEVEL $level; SELECT jwt_auth.jwt_verify('$session->{access_token}')"), 'error 0A000', "$level: refused");
}
my $reader = open_session($coordinator);
is($reader->ask('BEGIN'), '', 'a long transaction');
is($reader->ask("SELECT jwt_auth.jwt_verify('$session->{access_token}') ->> 'sub'"), 'somebody', 'sees a session');
is(ask($coordinator, "SELECT jwt_auth.revoke_refresh_session('$session->{session_id}')"), 't', 'it is ended');
is($reader->ask("SELECT jwt_auth.jwt_verify('$session->{access_token}')"), 'error JW010', 'and the transaction sees that at READ COMMITTED');
$reader->close;

# No secret has gone to another node in the text of a statement.
for my $worker (@workers)
{
	my $log = slurp_file($worker->logfile);
	like($log, qr/refresh_session_\d+/, $worker->name . ' logs statements');
	ok($log !~ /"d" ?: ?"|\Q$session->{refresh_token}\E|\Q$session->{access_token}\E/, 'and in them no private key and no token');
}

# Later every node is to have the keyring.
my $waiting = open_session($workers[0]);
my $late = log_in($coordinator, 'late');
is($waiting->ask("SELECT jwt_auth.jwt_verify('$late->{access_token}')"), 'error JW008', 'a session on a worker verifies nothing yet');
like(distribute($coordinator, 'every_node'), qr/distributed: used_proof, imported_token, signing_key, token_lifetime, trusted_issuer, cutoff, server_secret, session_class\n/, 'the keyring is copied');
is($waiting->ask("SELECT jwt_auth.jwt_verify('$late->{access_token}') ->> 'sub'"), 'late', 'and it does');
is($waiting->ask("SELECT status FROM jwt_auth.refresh_session('$late->{refresh_token}')"), 'ok', 'and refreshes');
is(ask($coordinator, "SELECT finding FROM jwt_auth.doctor() WHERE subject = 'citus'"), '', 'the doctor finds nothing');
($out, $err, $good) = script_output($coordinator, 'coordinator');
like($err, qr/the keyring is on every node already/, 'there is no way back');
$waiting->close;

done_testing();
