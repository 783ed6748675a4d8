# From every version that was released: created with data, updated, used, and its catalog compared with a fresh one's.
use strict;
use warnings;
use lib '.';
use Ask;
use Catalog;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('upgrade');
$node->init;
$node->start;

my $present = $node->safe_psql('postgres', "SELECT default_version FROM pg_available_extensions WHERE name = 'jwt_auth'");
my @older = grep { $_ ne $present }
  split /\n/, $node->safe_psql('postgres', "SELECT version FROM pg_available_extension_versions WHERE name = 'jwt_auth' ORDER BY string_to_array(version, '.')::int[]");
my @frozen = sort grep { $_ ne $present } map { m{/jwt_auth--(\d+\.\d+)\.sql$} ? $1 : () } glob(source_file('sql/jwt_auth--*.sql'));
is(join(' ', sort @older), join(' ', @frozen), "the frozen versions beside $present are all installed (" . (join(' ', @frozen) || 'none yet') . ')');

$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION jwt_auth');
my $fresh = catalog_of($node, 'fresh');
cmp_ok(scalar(split /\n/, $fresh), '>', 200, 'the catalog of a fresh installation has its lines');

# CREATE and DROP DATABASE wait five seconds for a backend whose client has gone.
sub nobody_in
{
	my ($database) = @_;
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = '$database'") or die;
	return;
}

# The comparison notices each kind of difference.
my %changes = (
	'a comment' => 'COMMENT ON TABLE jwt_auth.account IS $$other$$',
	'a privilege' => 'GRANT EXECUTE ON FUNCTION jwt_auth.jwks() TO PUBLIC',
	'a table privilege' => 'GRANT SELECT ON jwt_auth.account TO PUBLIC',
	'a column' => 'ALTER TABLE jwt_auth.account ADD extra integer',
	'a statistics target' => 'ALTER TABLE jwt_auth.account ALTER last_login SET STATISTICS 0',
	'a default' => 'ALTER TABLE jwt_auth.account ALTER max_sessions SET DEFAULT 3',
	'a constraint' => 'ALTER TABLE jwt_auth.account ADD CHECK (max_sessions < 7)',
	'an index' => 'DROP INDEX jwt_auth.denied_token_expires_at',
	'a trigger' => 'ALTER TABLE jwt_auth.cutoff DISABLE TRIGGER keyring_changed',
	'volatility' => 'ALTER FUNCTION jwt_auth.jwks() STABLE',
	'a storage parameter' => 'ALTER TABLE jwt_auth.account SET (fillfactor = 50)',
	'a type' => 'ALTER TYPE jwt_auth.token_response ADD ATTRIBUTE extra integer',
	'a domain' => "ALTER DOMAIN jwt_auth.event_name ADD CHECK (VALUE <> 'never')",
	'what is dumped' => "UPDATE pg_extension SET extcondition[1] = 'WHERE false' WHERE extname = 'jwt_auth'",
);
for my $what (sort keys %changes)
{
	nobody_in('fresh');
	$node->safe_psql('postgres', 'CREATE DATABASE changed TEMPLATE fresh');
	is(catalog_difference($fresh, catalog_of($node, 'changed')), '', "a copy is the same, before $what is changed") if $what eq 'a column';
	$node->safe_psql('changed', $changes{$what});
	isnt(catalog_difference($fresh, catalog_of($node, 'changed')), '', "the comparison notices $what");
	nobody_in('changed');
	$node->safe_psql('postgres', 'DROP DATABASE changed');
}

# Log-ins, refreshes and verification by a crowd, for a while.
sub start_load
{
	my ($node, $database) = @_;
	append_to_file(my $script = PostgreSQL::Test::Utils::tempdir() . "/$database.sql", <<'EOS');
SELECT access_token, refresh_token FROM jwt_auth.issue_refresh_session('crowd ' || :client_id, metadata => '{"device": "x"}') \gset
SELECT jwt_auth.jwt_verify(':access_token') \gset claims_
SELECT status FROM jwt_auth.refresh_session(':refresh_token') \gset
EOS
	my %load = (out => '');
	$load{run} = IPC::Run::start([ 'pgbench', '-n', '-c', '3', '-T', '15', '-f', $script, $node->connstr($database) ], '>&', \$load{out});
	$node->poll_query_until($database, "SELECT count(*) > 20 FROM jwt_auth.auth_event WHERE user_id LIKE 'crowd %'") or die;
	return \%load;
}

sub end_load
{
	my ($load) = @_;
	$load->{run}->finish;
	return $load->{out};
}

for my $version (@older)
{
	my $database = 'from_' . $version =~ s/\./_/r;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION jwt_auth VERSION '$version'; SELECT jwt_auth.create_signing_key()");

	# What every version had. The library is the new one already: that is the state between two packages and ALTER EXTENSION.
	my $ann = log_in($node, 'ann', $database);
	my $next = refresh($node, $ann->{refresh_token}, $database);
	my $bob = log_in($node, 'bob', $database);
	$node->safe_psql($database, "SELECT jwt_auth.revoke_user_tokens('bob')");
	is($next->{status}, 'ok', "$version: the new library serves the old version");
	my $kid = ask($node, 'SELECT jwt_auth.rotate_signing_key()', $database);
	# ANALYZE has copied the private keys, as autovacuum does.
	my $copies = "SELECT count(*) FROM pg_statistic JOIN pg_attribute ON attrelid = starelid AND attnum = staattnum WHERE starelid = 'jwt_auth.signing_key'::regclass AND attname = 'private_jwk'";
	$node->safe_psql($database, 'ANALYZE jwt_auth.signing_key');
	is(ask($node, $copies, $database), '1', "$version: the statistics have values of private keys");
	# An issuer that is trusted by the old function, and its token for one of our users.
	$node->safe_psql($database, "CREATE TABLE idp AS SELECT jwt_auth.jwk_generate('ES256') AS key; SELECT jwt_auth.trust_issuer('idp', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(key)))) FROM idp");
	my $of_idp = ask($node, "SELECT jwt_auth.jwt_sign('{\"iss\": \"idp\", \"sub\": \"ann\", \"iat\": 4000000, \"exp\": 4102444800}', key::text) FROM idp", $database);
	my $who = "SELECT claims.sub || ' ' || coalesce(jwt_auth.current_user_id(), 'nobody') FROM (SELECT jwt_auth.authenticate('$of_idp') ->> 'sub' AS sub OFFSET 0) AS claims";
	is(ask($node, $who, $database), 'ann ann', "$version: the sub of a trusted issuer is a user of ours");
	my %columns = table_columns($node, $database);
	my @rows = grep { !/^== / } split /\n/, table_contents($node, $database);
	my $session = open_session($node, $database);
	is($session->ask("SELECT jwt_auth.jwt_verify('$next->{access_token}') ->> 'sub'"), 'ann', "$version: a session is open");

	# A dump that is taken meanwhile is of one moment, and its restore gets the new version.
	my $load = start_load($node, $database);
	my $early = PostgreSQL::Test::Utils::tempdir() . "/early_$database";
	$node->command_ok([ 'pg_dump', '-Fc', '-f', $early, $node->connstr($database) ], "$version: dumped under load");

	# Tables that every session reads get new columns, so the update waits for a transaction that has logged in. It gives up after
	# lock_timeout, and the crowd goes on.
	my $busy = open_session($node, $database);
	my $kay = log_in($node, 'kay', $database);
	is($busy->ask("BEGIN; SELECT status FROM jwt_auth.issue_refresh_session('kay'); SELECT status FROM jwt_auth.refresh_session('$kay->{refresh_token}')"),
		"ok\nok", "$version: a transaction is in the middle of its work");
	is(ask($node, "SET lock_timeout = '1s'; ALTER EXTENSION jwt_auth UPDATE", $database), 'error 55P03', "$version: an update waits for it, and gives up");
	is($busy->ask("SELECT jwt_auth.revoke_user_tokens('kay'); COMMIT"), '2', "$version: it goes on");
	is(ask($node, "SET lock_timeout = '1min'; ALTER EXTENSION jwt_auth UPDATE", $database), '', "$version: ALTER EXTENSION jwt_auth UPDATE");
	$busy->close;
	like(end_load($load), qr/^number of failed transactions: 0 /m, "$version: nobody in the crowd has noticed");
	is(ask($node, "SELECT extversion FROM pg_extension WHERE extname = 'jwt_auth'", $database), $present, "$version: is now $present");
	is(ask($node, $copies, $database), '0', "$version: no private key is left in the statistics");
	is(ask($node, "ANALYZE; $copies", $database), '0', "$version: and ANALYZE copies none");
	is(catalog_difference($fresh, catalog_of($node, $database)), '', "$version: its catalog is that of a fresh installation");
	my %now = map { $_ => 1 } split /\n/, table_contents($node, $database, \%columns);
	# The rows of accounts that came back or of keys that were used since have changed.
	is_deeply([ grep { !$now{$_} } @rows ], [], "$version: no row is lost");

	is(ask($node, "SELECT count(*) > 1, bool_and(e.user_key = a.user_key) FROM jwt_auth.auth_event e JOIN jwt_auth.account a USING (user_id) WHERE issuer = '' AND user_id IN ('ann', 'bob')", $database),
		't|t', "$version: the events of before have their user's key");
	is($session->ask("SELECT jwt_auth.jwt_verify('$next->{access_token}') ->> 'sub'"), 'ann', "$version: the open session goes on");
	is($session->ask("SELECT jwt_auth.jwt_verify('$bob->{access_token}')"), 'error JW010', "$version: what was revoked is revoked");
	is(ask($node, $who, $database), 'ann ann', "$version: an issuer goes on as it was");
	is(ask($node, "SELECT subjects, roles FROM jwt_auth.trusted_issuer", $database), 'ours|{*}', "$version: its subjects are ours, its roles unlimited");
	is(ask($node, "SELECT count(*) FROM jwt_auth.doctor() WHERE subject = 'issuers' AND severity = 'warning'", $database), '1', "$version: and the doctor says so");
	$session->close;
	is(refresh($node, $next->{refresh_token}, $database)->{status}, 'ok', "$version: sessions are refreshed");
	is(ask($node, "SELECT kid FROM jwt_auth.signing_keys WHERE state = 'active'", $database), $kid, "$version: the active key is the same");
	is(log_in($node, 'cy', $database)->{status}, 'ok', "$version: users log in");

	# And what was updated can be dumped and restored.
	my $dump = PostgreSQL::Test::Utils::tempdir() . "/$database";
	$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr($database) ], "$version: dumped after the update");
	$node->safe_psql('postgres', "CREATE DATABASE restored_$database");
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr("restored_$database"), $dump ], "$version: and restored");
	is(table_contents($node, "restored_$database"), table_contents($node, $database), "$version: whole");

	$node->safe_psql('postgres', "CREATE DATABASE early_$database");
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr("early_$database"), $early ], "$version: the dump from before is restored");
	is(ask($node, "SELECT extversion FROM pg_extension WHERE extname = 'jwt_auth'", "early_$database"), $present, "$version: as $present");
	is(catalog_difference($fresh, catalog_of($node, "early_$database")), '', "$version: with the catalog of a fresh installation");
	is(ask($node, 'SELECT count(*) FROM jwt_auth.refresh_session s WHERE has_data IS DISTINCT FROM EXISTS (SELECT FROM jwt_auth.session_data d WHERE d.session_id = s.session_id)',
		"early_$database"), '0', "$version: no session in it is half there");
	is(refresh($node, $next->{refresh_token}, "early_$database")->{status}, 'ok', "$version: and is refreshed");
}

$node->stop;
done_testing();
