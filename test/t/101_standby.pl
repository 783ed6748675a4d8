# A streaming standby verifies and sees what the primary does; what would write says that it can't; after promotion it goes on.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
# What a vacuum removes would end the long transaction on the standby.
$primary->append_conf('postgresql.conf', "autovacuum = off\nshared_preload_libraries = 'jwt_auth'\n");
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
# Below, what is newer than the last commit that was replayed is not known yet, and nothing else.
$standby->append_conf('postgresql.conf', 'jwt_auth.standby_margin = 0');
$standby->start;

my $caught_up = sub { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')) };
my $ann = log_in($primary, 'ann');
my $bob = log_in($primary, 'bob');
my ($key_id, $api_key) = split /\|/, ask($primary, q{SELECT key_id, api_key FROM jwt_auth.create_api_key('bob', 'machine', '{orders:read}')});
$caught_up->();

# One session on the standby that stays open, inside one transaction: its cache must hear of each change.
my $open = open_session($standby);
$open->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
$open->ask('SELECT count(*) FROM jwt_auth.refresh_session');
my $in_open = sub {
	$open->ask('SAVEPOINT s');
	my $answer = $open->ask($_[0]);
	$open->ask('ROLLBACK TO s');
	return $answer;
};
my $verify = sub { "SELECT jwt_auth.jwt_verify('$_[0]') ->> 'sub'" };

is($in_open->($verify->($ann->{access_token})), 'ann', 'the standby verifies');
is(ask($standby, $verify->($bob->{access_token})), 'bob', 'in another backend too');

my $kid = ask($primary, 'SELECT jwt_auth.rotate_signing_key()');
my $cy = log_in($primary, 'cy');
$caught_up->();
is($in_open->($verify->($cy->{access_token})), 'cy', 'a token of a new key verifies in the open transaction');
like(ask($standby, 'SELECT jwt_auth.jwks()'), qr/\Q$kid\E/, 'the new key is published by the standby');
is(ask($standby, "SELECT jwt_auth.jwt_sign('{\"sub\": \"x\"}') <> ''"), 't', 'the standby signs');

$primary->safe_psql('postgres', "SELECT jwt_auth.revoke_user_tokens('ann')");
$caught_up->();
is($in_open->($verify->($ann->{access_token})), 'error JW010', 'a revocation is seen in the open REPEATABLE READ transaction');
is(ask($standby, $verify->($ann->{access_token})), 'error JW010', 'and in a new backend');
is(ask($standby, $verify->($bob->{access_token})), 'bob', 'other users are not concerned');

is(ask($standby, "SET jwt_auth.ip_binding = 'off'; SELECT jwt_auth.authenticate('$bob->{access_token}') ->> 'sub'"), 'bob', 'authenticate works on a standby');

# An API key; that it was used can't be noted here.
my $by_key = "SELECT jwt_auth.authenticate('$api_key') ->> 'scope'";
is($in_open->($by_key), 'orders:read', 'an API key works on a standby');
my $exchanged = ask($standby, "SELECT status || ' ' || access_token FROM jwt_auth.exchange_api_key('$api_key')");
like($exchanged, qr/^ok /, 'and is exchanged there');
is(ask($primary, $verify->($exchanged =~ s/^ok //r)), 'bob', 'for a token that the primary accepts');
is(ask($primary, q{SELECT last_used_at FROM jwt_auth.user_api_keys('bob')}), '', 'the use is not noted');
$primary->safe_psql('postgres', "SELECT jwt_auth.revoke_api_key('$key_id')");
$caught_up->();
is($in_open->($by_key), 'error JW010', 'when it is revoked, the standby refuses it');
is(ask($standby, "SELECT status FROM jwt_auth.exchange_api_key('$api_key')"), 'invalid', 'in another backend too');
is(ask($standby, "SELECT kind FROM jwt_auth.revocations() WHERE token_id = '$key_id'"), 'key', 'and its feed tells it');

# 25006: cannot execute ... in a read-only transaction, or during recovery.
my %writing = (
	'issue_refresh_session' => "SELECT status FROM jwt_auth.issue_refresh_session('dan')",
	'refresh_session' => "SELECT status FROM jwt_auth.refresh_session('$bob->{refresh_token}')",
	'refresh_session of nonsense' => "SELECT status FROM jwt_auth.refresh_session('nonsense')",
	'bind_device' => "SELECT jwt_auth.bind_device('$bob->{session_id}', 'x')",
	'refresh_bound_session' => "SELECT status FROM jwt_auth.refresh_bound_session('$bob->{session_id}', 'x')",
	'revoke_refresh_session' => "SELECT jwt_auth.revoke_refresh_session('$bob->{session_id}')",
	'revoke_refresh_token' => "SELECT jwt_auth.revoke_refresh_token('$bob->{refresh_token}')",
	'revoke_other_sessions' => "SELECT jwt_auth.revoke_other_sessions('bob', '$bob->{session_id}')",
	'revoke_user_tokens' => "SELECT jwt_auth.revoke_user_tokens('bob')",
	'revoke_all_tokens' => 'SELECT jwt_auth.revoke_all_tokens()',
	'deny_token' => "SELECT jwt_auth.deny_token('$bob->{access_token}')",
	'consume_token' => "SELECT jwt_auth.consume_token(jwt_auth.issue_token('mail', 'bob', '5 minutes'), 'mail')",
	'set_user_policy' => "SELECT jwt_auth.set_user_policy('bob', max_sessions => 1)",
	'create_api_key' => "SELECT jwt_auth.create_api_key('bob', 'another')",
	'revoke_api_key' => "SELECT jwt_auth.revoke_api_key('$key_id')",
	'create_signing_key' => "SELECT jwt_auth.create_signing_key('ES256', false)",
	'rotate_signing_key' => 'SELECT jwt_auth.rotate_signing_key()',
	'retire_signing_key' => "SELECT jwt_auth.retire_signing_key('$kid')",
	'trust_issuer' => q(SELECT jwt_auth.trust_issuer('x', '{"keys": [{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}')),
	'purge_expired' => 'CALL jwt_auth.purge_expired()',
	'purge_events' => "CALL jwt_auth.purge_events('1 year')",
);
for my $name (sort keys %writing)
{
	is(ask($standby, $writing{$name}), 'error 25006', "$name says that it can't");
}
is(ask($standby, $verify->($bob->{access_token})), 'bob', 'and nothing has changed');
is(ask($standby, "SELECT length(jwt_auth.device_challenge('$bob->{session_id}')), length(jwt_auth.proof_nonce())"), '32|32', 'challenges and nonces are made there');
is(ask($standby, "SELECT count(*) FROM jwt_auth.doctor() WHERE severity = 'error'"), '0', 'the doctor tries the key there as well, and is content');

$open->ask('COMMIT');
$open->close;

# A standby that lags: what may be on its way is not called ended.
my $try = sub { my ($token, $margin) = @_; return "SET jwt_auth.standby_margin = '$margin'; SELECT error_code FROM jwt_auth.jwt_try_verify('$token')" };
my $hal = log_in($primary, 'hal');
my $gil = log_in($primary, 'gil');
$primary->safe_psql('postgres', "SELECT jwt_auth.revoke_refresh_session('$hal->{session_id}')");
$primary->safe_psql('postgres', "UPDATE jwt_auth.refresh_session SET idle_ends_at = now() - interval '1 second' WHERE user_id = 'gil'");
$caught_up->();
is(ask($standby, $try->($hal->{access_token}, '0')), 'JW010', 'a session that was ended before the last commit has ended');
is(ask($standby, $try->($hal->{access_token}, '1h')), 'JW017', 'within the margin it may not be known yet');
is(ask($standby, $try->($gil->{access_token}, '0')), 'JW010', 'one that was not refreshed in time has ended');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$standby->poll_query_until('postgres', "SELECT pg_get_wal_replay_pause_state() = 'paused'") or die;
my $fay = log_in($primary, 'fay');
$primary->safe_psql('postgres', "UPDATE jwt_auth.refresh_session SET idle_ends_at = now() + interval '1 hour' WHERE user_id = 'gil'");
my $refreshed = refresh($primary, $gil->{refresh_token});
is($refreshed->{status}, 'ok', 'on the primary the session is refreshed');
my $new_key = ask($primary, q{SELECT api_key FROM jwt_auth.create_api_key('fay', 'new')});
my $of_new_key = ask($primary, "SELECT access_token FROM jwt_auth.exchange_api_key('$new_key')");
for ([ $fay->{access_token}, 'a session that the standby does not know yet' ], [ $refreshed->{access_token}, 'one that was refreshed meanwhile' ],
	[ $of_new_key, 'an API key that the standby does not know yet' ])
{
	my ($token, $what) = @$_;
	is(ask($standby, $verify->($token)), 'error JW017', "$what");
	is(ask($standby, $try->($token, '5s')), 'JW017', "$what, as a row");
	is(ask($standby, "BEGIN; SELECT jwt_auth.authenticate('$token'); COMMIT"), 'error JW017', "$what: authenticate");
	is(ask($standby, "SELECT jwt_auth.introspect('$token')"), 'error JW017', "$what: introspect");
	is(ask($standby, "BEGIN; SET LOCAL request.headers = '{\"authorization\": \"Bearer $token\"}'; SELECT jwt_auth.pre_request(); COMMIT"), 'error PT503', "$what: pre_request");
}
is(ask($standby, $try->($gil->{access_token}, '0')), 'JW010', 'the older token is from before the last commit');
is(ask($standby, $try->($hal->{access_token}, '0')), 'JW010', 'what has ended has ended');
is(ask($standby, $verify->($bob->{access_token})), 'bob', 'what is alive there is good');
is(ask($standby, "SELECT jwt_auth.authenticate('$new_key')"), 'error JW010', 'an API key itself is unknown: anybody could invent one of this moment');
is(ask($standby, "SELECT status FROM jwt_auth.refresh_session('$fay->{refresh_token}')"), 'error 25006', 'a refresh of what is not known is refused for the standby, not for the token');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$caught_up->();
is(ask($standby, $verify->($_->[0])), $_->[1], "$_->[1] is good once it is there") for [ $fay->{access_token}, 'fay' ], [ $refreshed->{access_token}, 'gil' ], [ $of_new_key, 'fay' ];
is(ask($standby, "SELECT jwt_auth.authenticate('$new_key') ->> 'sub'"), 'fay', 'and so is the API key itself');

# One that has replayed no commit yet knows of none.
$primary->safe_psql('postgres', 'CHECKPOINT');
$caught_up->();
$standby->safe_psql('postgres', 'CHECKPOINT');
$standby->restart;
is(ask($standby, 'SELECT pg_last_xact_replay_timestamp() IS NULL'), 't', 'started anew, the standby has replayed nothing');
is(ask($standby, $try->($hal->{access_token}, '0')), 'JW017', 'it can say nothing of a session that is absent');
is(ask($standby, $verify->($bob->{access_token})), 'bob', 'but what is alive is good');
$primary->safe_psql('postgres', 'CREATE TABLE something ()');
$caught_up->();
is(ask($standby, $try->($hal->{access_token}, '0')), 'JW010', 'after a commit it can');

my $row_before = ask($primary, "SELECT count(*) FROM jwt_auth.auth_event");
$caught_up->();
$primary->stop('immediate');
$standby->promote;
is(refresh($standby, $bob->{refresh_token})->{status}, 'ok', 'after promotion a session goes on');
is(log_in($standby, 'eve')->{status}, 'ok', 'and users log in');
is(ask($standby, "SELECT count(*) > $row_before FROM jwt_auth.auth_event"), 't', 'the audit goes on');
is(ask($standby, $verify->($ann->{access_token})), 'error JW010', 'what was revoked stays revoked');
like(ask($standby, 'SELECT jwt_auth.rotate_signing_key()'), qr/^[\w-]+$/, 'the key can be rotated');
$standby->stop;

done_testing();
