# The end of a rotated key where the rotation takes long to commit: prepared, waiting for a synchronous standby, beside signers in
# transactions that are prepared.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('lifetimes');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "max_prepared_transactions = 10\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');

my $purge = sub { ask($node, 'CALL jwt_auth.purge_expired()') };
# As time passes. The rotation is an hour old, its tokens would have run out half an hour ago.
my $an_hour_ago = "UPDATE jwt_auth.signing_key SET rotated_at = now() - interval '1 hour', verify_until = now() - interval '29 min' WHERE state = 'verify_only'";
my $state = sub { ask($node, "SELECT state FROM jwt_auth.signing_keys WHERE kid = '$_[0]'") };
my $new_key = sub { $node->safe_psql('postgres', 'TRUNCATE jwt_auth.signing_key'); return ask($node, 'SELECT jwt_auth.create_signing_key()') };

# Prepared. The clean-up waits for nothing, the old key signs meanwhile.
for my $constraints ('', 'SET CONSTRAINTS ALL IMMEDIATE; ')
{
	my $what = $constraints ? 'prepared, constraints immediate' : 'prepared';
	my $kid = $new_key->();
	is(ask($node, "BEGIN; ${constraints}SELECT jwt_auth.rotate_signing_key() <> ''; PREPARE TRANSACTION 'rotation'"), 't', "$what: a rotation");
	is($purge->(), '', "$what: clean-up does not wait for it");
	my $token = ask($node, "SELECT jwt_auth.jwt_sign('{\"sub\": \"late\"}')");
	is(ask($node, "COMMIT PREPARED 'rotation'"), '', "$what: committed an hour later");
	$node->safe_psql('postgres', $an_hour_ago);
	is($purge->(), '', "$what: the first clean-up");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$token') ->> 'sub'"), 'late', "$what: what was signed a moment before the commit is good");
	is(ask($node, "SELECT verify_until > now() + interval '29 min' FROM jwt_auth.signing_keys WHERE kid = '$kid'"), 't', "$what: for as long as it lives");
	$node->safe_psql('postgres', "UPDATE jwt_auth.signing_key SET verify_until = now() WHERE kid = '$kid'");
	is($purge->(), '', "$what: a later one");
	is($state->($kid), 'retired', "$what: retires the key");
}

# Waiting for a synchronous standby that there is not.
{
	my $kid = $new_key->();
	$node->append_conf('postgresql.conf', "synchronous_standby_names = 'nobody'\n");
	$node->reload;
	ok($node->poll_query_until('postgres', "SELECT current_setting('synchronous_standby_names') = 'nobody'"), 'a standby is to confirm commits');
	my $rotation = open_session($node);
	$rotation->send("BEGIN; SELECT jwt_auth.rotate_signing_key() <> ''; $an_hour_ago; SET CONSTRAINTS ALL IMMEDIATE; COMMIT");
	ok($node->poll_query_until('postgres', "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $rotation->{pid}"), 'the commit of a rotation waits for it');
	my $token = ask($node, "BEGIN READ ONLY; SELECT jwt_auth.jwt_sign('{\"sub\": \"late\"}'); COMMIT");
	$node->append_conf('postgresql.conf', "synchronous_standby_names = ''\n");
	$node->reload;
	is($rotation->answer, 't', 'the standby is no longer waited for');
	$rotation->close;
	$node->safe_psql('postgres', $an_hour_ago);
	is($purge->(), '', 'clean-up');
	is(ask($node, "SELECT jwt_auth.jwt_verify('$token') ->> 'sub'"), 'late', 'what was signed while it waited is good');
	is($state->($kid), 'verify_only', 'for its key is not retired');
}

# A signer's transaction is prepared: its token may be in use.
{
	my $kid = $new_key->();
	is(ask($node, "BEGIN; SELECT jwt_auth.jwt_sign('{\"sub\": \"x\", \"exp\": 4102444800}') <> ''; PREPARE TRANSACTION 'signer'"), 't', 'a signer is prepared');
	like(ask($node, "SET lock_timeout = '1min'; SELECT jwt_auth.rotate_signing_key()"), qr/^[\w-]{43}$/, 'a rotation does not wait for it');
	is($purge->(), '', 'clean-up does not either');
	$node->safe_psql('postgres', $an_hour_ago);
	is($purge->(), '', 'again');
	is($state->($kid), 'verify_only', 'the key stays');
	my $second = ask($node, "SELECT kid FROM jwt_auth.signing_keys WHERE state = 'active'");
	is(ask($node, "SET lock_timeout = '1min'; SELECT jwt_auth.retire_signing_key('$second')"), '', 'an emergency waits for nothing');
	is(ask($node, "ROLLBACK PREPARED 'signer'"), '', 'the signer is rolled back');
	is($purge->(), '', 'clean-up');
	is($state->($kid), 'retired', 'retires the key then');
}

# A role with tokens of its own lifetime, beside others.
{
	my $kid = $new_key->();
	$node->safe_psql('postgres', "LOAD 'jwt_auth'; CREATE ROLE longlived LOGIN; ALTER ROLE longlived SET jwt_auth.access_token_ttl = '8h'; SELECT jwt_auth.grant_issuer('longlived')");
	my $as_longlived = sub { return $node->safe_psql('postgres', $_[0], extra_params => [ '-U', 'longlived' ]) };
	my $token = $as_longlived->("SELECT access_token FROM jwt_auth.issue_refresh_session('ann')");
	$node->safe_psql('postgres', 'SELECT jwt_auth.rotate_signing_key()');
	$purge->();
	$node->safe_psql('postgres', "UPDATE jwt_auth.signing_key SET verify_until = verify_until - interval '31 min' WHERE kid = '$kid'");
	$purge->();
	is(ask($node, "SELECT jwt_auth.jwt_verify('$token') ->> 'sub'"), 'ann', 'half an hour after the rotation a token of eight hours is good');
}
$node->stop;
done_testing();
