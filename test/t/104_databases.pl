# Databases beside each other, of the wrong encoding, emptied and filled again in an open session; owners who are no superusers;
# with and without preloading.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

for my $preloaded (0, 1)
{
	my $how = $preloaded ? 'preloaded' : 'not preloaded';
	my $node = PostgreSQL::Test::Cluster->new($preloaded ? 'preloaded' : 'plain');
	$node->init;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\n") if $preloaded;
	$node->append_conf('postgresql.conf', "jwt_auth.issuer = 'from the file'\n");
	$node->start;
	$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(one two);

	# Two databases in one cluster know nothing of each other.
	$node->safe_psql($_, 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()') for qw(one two);
	my $one = log_in($node, 'ann', 'one');
	my $two = log_in($node, 'ann', 'two');
	is(ask($node, "SELECT jwt_auth.jwt_verify('$one->{access_token}') ->> 'sub'", 'one'), 'ann', "$how: a token verifies at home");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$one->{access_token}') ->> 'iss'", 'one'), 'from the file', "$how: settings of the file hold");
	is(ask($node, "SELECT jwt_auth.jwt_verify('$one->{access_token}')", 'two'), 'error JW008', "$how: and not in the other database");
	is(refresh($node, $one->{refresh_token}, 'two')->{status}, 'invalid', "$how: nor does its refresh token");
	is(ask($node, "SELECT jwt_auth.revoke_user_tokens('ann')", 'two'), '1', "$how: a revocation in one database");
	is(refresh($node, $one->{refresh_token}, 'one')->{status}, 'ok', "$how: is none in the other");
	is(ask($node, "SELECT jwt_auth.jwt_verify('x')"), 'error 3F000', "$how: a database without the extension has no such function");
	like(ask($node, 'SELECT jwt_auth.rotate_signing_key()', 'one'), qr/^[\w-]{10,}$/, "$how: a key rotated in one database");
	is(ask($node, 'SELECT count(*) FROM jwt_auth.signing_keys', 'two'), '1', "$how: is not rotated in the other");

	# Other encodings.
	$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql('postgres', "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
	for my $database (qw(latin ascii))
	{
		is(ask($node, 'CREATE EXTENSION jwt_auth', $database), 'error 0A000', "$how: $database: the extension is refused");
		my (undef, undef, $error) = $node->psql($database, 'CREATE EXTENSION jwt_auth');
		like($error, qr/jwt_auth needs a database with UTF8 encoding/, "$how: $database: and says why");
		is(ask($node, "SELECT count(*) FROM pg_namespace WHERE nspname = 'jwt_auth'", $database), '0', "$how: $database: nothing is left");
	}
	is( $node->safe_psql('one', "SET client_encoding = 'LATIN1'; SELECT length(user_id) FROM jwt_auth.issue_refresh_session(convert_from('\\xe4'::bytea, 'LATIN1'))"),
		'1', "$how: a client of another encoding is served");

	# Dropped and created again while a session that used it stays open.
	my $session = open_session($node, 'two');
	my $old = log_in($node, 'bob', 'two');
	my $sub = sub { "SELECT jwt_auth.jwt_verify('$_[0]') ->> 'sub'" };
	is($session->ask($sub->($old->{access_token})), 'bob', "$how: an open session has its plans and keys");
	is($session->ask("SELECT status FROM jwt_auth.refresh_session('$old->{refresh_token}')"), 'ok', "$how: of all kinds");
	$node->safe_psql('two', 'DROP EXTENSION jwt_auth');
	is(ask($node, "SELECT count(*) FROM pg_namespace WHERE nspname = 'jwt_auth'", 'two'), '0', "$how: DROP EXTENSION leaves no schema");
	is(ask($node, "SELECT count(*) FROM pg_proc WHERE probin LIKE '%jwt_auth%'", 'two'), '0', "$how: and no function");
	is($session->ask($sub->($old->{access_token})), 'error 3F000', "$how: the open session is told so");
	$node->safe_psql('two', 'CREATE EXTENSION jwt_auth');
	is($session->ask($sub->($old->{access_token})), 'error JW008', "$how: created again: the old key is gone");
	is($session->ask("SELECT status FROM jwt_auth.refresh_session('$old->{refresh_token}')"), 'invalid', "$how: and the old sessions");
	is($session->ask("SELECT jwt_auth.jwt_sign('{}')"), 'error JW021', "$how: there is no key");
	like($session->ask('SELECT jwt_auth.create_signing_key()'), qr/^[\w-]{10,}$/, "$how: the open session makes one");
	my $answer = $session->ask("SELECT access_token FROM jwt_auth.issue_refresh_session('bob')");
	is($session->ask($sub->($answer)), 'bob', "$how: and goes on");
	is($session->ask("BEGIN; DROP EXTENSION jwt_auth; CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key() <> ''"), 't',
		"$how: all in one transaction");
	is($session->ask($sub->($answer)), 'error JW008', "$how: in which the old key is gone");
	$session->ask('ROLLBACK');
	is($session->ask($sub->($answer)), 'bob', "$how: and after the rollback there again");
	# The audit is written with plans that know a type of the extension's: another one meanwhile, and again the first.
	my $ends = "SELECT jwt_auth.revoke_user_tokens('eve') FROM (SELECT count(jwt_auth.issue_refresh_session('eve')) FROM generate_series(1, 5)) t";
	is($session->ask($ends), '5', "$how: five sessions end, in six events");
	$session->ask('BEGIN; SAVEPOINT there');
	is($session->ask("DROP EXTENSION jwt_auth; CREATE EXTENSION jwt_auth; SELECT count(jwt_auth.create_signing_key()); $ends"), "1\n5",
		"$how: also in an extension that is created again in a savepoint");
	$session->ask('ROLLBACK TO there');
	is($session->ask($ends), '5', "$how: and when that is undone");
	$session->ask('COMMIT');
	is(ask($node, "SELECT count(*) FROM jwt_auth.auth_event WHERE user_id = 'eve' AND event = 'user_revoked' AND session_id IS NULL", 'two'), '2',
		"$how: with an event for each that counted");
	$session->close;

	# Tables of somebody who is no superuser, who may also drop the tables' rights of others.
	$node->safe_psql('one', <<'EOS');
CREATE ROLE auth_owner;
CREATE ROLE backend;
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT oid::regclass AS t, relkind FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'v')
  LOOP EXECUTE format('ALTER %s %s OWNER TO auth_owner', CASE r.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, r.t); END LOOP;
END $$;
GRANT USAGE ON SCHEMA jwt_auth TO auth_owner;
SELECT jwt_auth.grant_issuer('backend');
EOS
	my $as_backend = open_session($node, 'one');
	$as_backend->ask('SET ROLE backend');
	my $token = $as_backend->ask("SELECT refresh_token FROM jwt_auth.issue_refresh_session('cy')");
	like($token, qr/^\S{90,}$/, "$how: a log-in with tables of a role that is no superuser");
	is($as_backend->ask("SELECT status FROM jwt_auth.refresh_session('$token')"), 'ok', "$how: a refresh");
	is($as_backend->ask("SELECT jwt_auth.revoke_user_tokens('cy')"), '1', "$how: a revocation");
	is($as_backend->ask('SELECT count(*) FROM jwt_auth.refresh_session'), 'error 42501', "$how: the tables themselves stay closed");
	is($as_backend->ask('SELECT jwt_auth.rotate_signing_key()'), 'error 42501', "$how: and so do the keys");
	is($as_backend->ask('SELECT current_user'), 'backend', "$how: the role is the caller's after each");
	is($as_backend->ask('SHOW search_path'), '"$user", public', "$how: and so is the path");
	$as_backend->close;
	is(ask($node, q(SELECT jwt_auth.create_signing_key('ES256', false) <> ''), 'one'), 't', "$how: the superuser makes keys");
	$node->safe_psql('one', 'DROP EXTENSION jwt_auth');
	is(ask($node, q(SELECT count(*) FROM pg_class WHERE relowner = 'auth_owner'::regrole), 'one'), '0', "$how: all of it can be dropped");

	# The owner of a database who is no superuser: what is the superuser's to do, and what can be handed over.
	$node->safe_psql('postgres', 'CREATE ROLE landlord CREATEROLE; CREATE DATABASE let OWNER landlord');
	my $landlord = sub { ask($node, "SET ROLE landlord; $_[0]", 'let') };
	is($landlord->('CREATE EXTENSION jwt_auth'), 'error 42501', "$how: a database's owner can not create the extension");
	$node->safe_psql('let', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
	is($landlord->($_), 'error 42501', "$how: nor $_")
	  for 'ALTER EXTENSION jwt_auth UPDATE', 'DROP EXTENSION jwt_auth', 'DROP SCHEMA jwt_auth CASCADE', 'SELECT jwt_auth.rotate_signing_key()',
	  'SELECT count(*) FROM jwt_auth.signing_key', 'SELECT * FROM jwt_auth.doctor()', "SELECT jwt_auth.grant_issuer('landlord')",
	  'CREATE FUNCTION jwt_auth.mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
	  $preloaded ? ("SET jwt_auth.access_token_ttl = '1d'", "ALTER DATABASE let SET jwt_auth.access_token_ttl = '1d'") : ();
	# Not preloaded, a setting is taken until the library is there, which then asks who set it.
	$node->psql('let', "SET ROLE landlord; ALTER DATABASE let SET jwt_auth.access_token_ttl = '1d'");
	is($landlord->("SET jwt_auth.session_max_age = '1y'; SELECT FROM jwt_auth.current_user_id(); SHOW jwt_auth.access_token_ttl") =~ s/\s//gr,
		$preloaded ? 'error42501' : '30min', "$how: nor change a setting for its database");
	my $handed = join '', slurp_file(source_file('docs/operations.md'))
	  =~ /^(CREATE SCHEMA ops;.*?)^```\n\n```\n(GRANT EXECUTE ON FUNCTION jwt_auth\.create_signing_key.*?)^```$/ms;
	like($handed, qr/keeper/, "$how: the operations page says what can be handed over");
	$node->safe_psql('let', $handed =~ s/\bkeeper\b/landlord/gr);
	like($landlord->('SELECT jwt_auth.rotate_signing_key()'), qr/^[\w-]{10,}$/, "$how: granted it, a role rotates keys");
	is($landlord->('CALL jwt_auth.purge_expired(); CALL jwt_auth.purge_events($$1 year$$)'), '', "$how: and cleans up");
	is($landlord->("SELECT finding FROM ops.jwt_auth_doctor() WHERE severity = 'error'"), '', "$how: asks the doctor");
	is($landlord->('SELECT count(*) FROM jwt_auth.live_sessions'), '0', "$how: looks at the views");
	is($landlord->("SELECT count(*) FROM jwt_auth.$_"), 'error 42501', "$how: but not into $_") for qw(signing_key refresh_session);

	# Typing errors.
	is(ask($node, "SET jwt_auth.acess_token_ttl = '1min'; SELECT 1"), $preloaded ? 'error 42602' : '1', "$how: a misspelt setting"),
	is(ask($node, "LOAD 'jwt_auth'; SET jwt_auth.acess_token_ttl = '1min'"), 'error 42602', "$how: is refused where the library is loaded");
	$node->stop;
}

# Preloaded with an error in the file: the log says so at the start, and the default holds.
{
	my $node = PostgreSQL::Test::Cluster->new('typo');
	$node->init;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\njwt_auth.access_token_ttl = 'soon'\njwt_auth.isuer = 'x'\n");
	$node->start;
	like(slurp_file($node->logfile), qr/invalid value for parameter "jwt_auth\.access_token_ttl": "soon"/, 'the log names a value that can not be read');
	like(slurp_file($node->logfile), qr/invalid configuration parameter name "jwt_auth\.isuer"/, 'and a name that does not exist');
	is(ask($node, 'SHOW jwt_auth.access_token_ttl'), '30min', 'and the default holds');
	$node->stop;
}

done_testing();
