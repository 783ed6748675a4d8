# Databases with default privileges of every kind: the extension's objects have exactly the privileges of a fresh installation.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('privileges');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE reporting; CREATE ROLE plain; CREATE ROLE app; CREATE ROLE keyowner');

# Every privilege on every object of the extension, whether it was written down or is what there is by default.
my $privileges = <<'EOS';
SELECT object || ': ' || string_agg(grantee || ' ' || privilege, ', ' ORDER BY grantee, privilege) FROM (
  SELECT object, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee, a.privilege_type AS privilege FROM (
    SELECT 'schema' AS object, coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM pg_namespace WHERE nspname = 'jwt_auth'
    UNION ALL SELECT oid::regclass::text, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
      FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
    UNION ALL SELECT oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace
    UNION ALL SELECT 'type ' || oid::regtype, coalesce(typacl, acldefault('T', typowner)) FROM pg_type
      WHERE typnamespace = 'jwt_auth'::regnamespace AND (typtype = 'd' OR typname = 'token_response')
  ) AS objects, aclexplode(acl) AS a
) AS privileges GROUP BY object ORDER BY object
EOS

sub database
{
	my ($name, @statements) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, $_) for @statements;
	return;
}
my @grants = map { "ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO reporting" } qw(TABLES SEQUENCES FUNCTIONS TYPES SCHEMAS);
my @grants_to_public = map { "ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO PUBLIC" } qw(TABLES SEQUENCES SCHEMAS);
my @revokes = ((map { "ALTER DEFAULT PRIVILEGES REVOKE ALL ON $_ FROM PUBLIC" } qw(FUNCTIONS TYPES)),
	(map { "ALTER DEFAULT PRIVILEGES REVOKE ALL ON $_ FROM postgres" } qw(TABLES SEQUENCES FUNCTIONS TYPES SCHEMAS)));

database('fresh', 'CREATE EXTENSION jwt_auth');
my $fresh = ask($node, $privileges, 'fresh');
cmp_ok(scalar(split /\n/, $fresh), '>', 80, 'a fresh installation has privileges');
like($fresh, qr/^jwt_auth\.signing_key: postgres DELETE, (?:postgres \w+(?:, )?)+$/m, 'the table of keys is the owner\'s');
like($fresh, qr/^jwt_auth\.private_jwk_in_transit\(\): postgres EXECUTE$/m, 'so is private_jwk_in_transit()');
like($fresh, qr/^jwt_auth\.current_user_id\(\): PUBLIC EXECUTE, postgres EXECUTE$/m, 'the identity is open to all');
is(ask($node, 'SELECT count(*) FROM jwt_auth.privilege_differences()', 'fresh'), '0', 'and differs in nothing from itself');

my %kinds = (granting => \@grants, granting_to_public => \@grants_to_public, revoking => \@revokes, granting_and_revoking => [ @grants, @revokes ]);
for my $kind (sort keys %kinds)
{
	database($kind, @{ $kinds{$kind} }, 'CREATE EXTENSION jwt_auth');
	is(ask($node, $privileges, $kind), $fresh, "$kind: the privileges are those of a fresh installation");
	is(ask($node, "SELECT count(*) FROM jwt_auth.doctor() WHERE subject = 'privileges' AND finding !~ 'in the clear'", $kind), '0', "$kind: the doctor agrees");
	like(ask($node, 'SELECT jwt_auth.create_signing_key()', $kind), qr/^[\w-]{43}$/, "$kind: a key is made");
	my $as_reporting = sub { ask($node, "SET ROLE reporting; $_[0]", $kind) };
	is($as_reporting->('SELECT count(*) FROM jwt_auth.signing_key'), 'error 42501', "$kind: a role of those default privileges reads no keys");
	is($as_reporting->('SELECT count(*) FROM jwt_auth.signing_keys'), 'error 42501', "$kind: ... through no view");
	is($as_reporting->('SELECT jwt_auth.rotate_signing_key()'), 'error 42501', "$kind: ... rotates none");
	is($as_reporting->("SELECT status FROM jwt_auth.issue_refresh_session('victim')"), 'error 42501', "$kind: ... logs nobody in");
	is($as_reporting->('SELECT jwt_auth.private_jwk_in_transit()'), 'error 42501', "$kind: ... asks for no key on its way");
	is($as_reporting->('CREATE FUNCTION jwt_auth.f() RETURNS int LANGUAGE sql RETURN 1'), 'error 42501', "$kind: ... puts nothing into the schema");
	is($as_reporting->("SELECT nextval('jwt_auth.auth_event_id_seq')"), 'error 42501', "$kind: ... moves no sequence");

	# A policy for a role without any privilege of ours.
	$node->safe_psql($kind, "CREATE TABLE doc (owner text); INSERT INTO doc VALUES ('ann'), ('bob'); GRANT SELECT ON doc TO plain;"
		  . 'ALTER TABLE doc ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON doc USING (owner = jwt_auth.current_user_id());'
		  . "SELECT jwt_auth.grant_verifier('plain')");
	my $ann = log_in($node, 'ann', $kind);
	is(ask($node, "SET ROLE plain; BEGIN; SELECT jwt_auth.authenticate('$ann->{access_token}') ->> 'sub'; SELECT owner FROM doc; COMMIT", $kind), "ann\nann",
		"$kind: a policy asks for the identity");
	is(ask($node, "SET ROLE reporting; SELECT jwt_auth.base64url_encode('x')", $kind), 'eA', "$kind: what is open to all is open");

	# The tables given to a role that owns nothing else and is no superuser.
	my @tables = jwt_auth_tables($node, $kind);
	$node->safe_psql($kind, join '; ', map { "ALTER TABLE $_ OWNER TO keyowner" } @tables);
	like(ask($node, 'SELECT jwt_auth.rotate_signing_key()', $kind), qr/^[\w-]{43}$/, "$kind: another role has the tables: a key is rotated");
	is(ask($node, "SELECT jwt_auth.set_user_policy('ann', 3, 'exact', 'log')", $kind), '', "$kind: ... a policy is set");
	is(refresh($node, $ann->{refresh_token}, $kind)->{status}, 'ip_mismatch', "$kind: ... it holds");
	$ann = log_in($node, 'ann', $kind);
	is(ask($node, "SELECT jwt_auth.jwt_verify('$ann->{access_token}') ->> 'sub'", $kind), 'ann', "$kind: ... a token verifies");
	is(ask($node, "SELECT jwt_auth.revoke_user_tokens('ann')", $kind), '1', "$kind: ... and is revoked");
	is(ask($node, 'CALL jwt_auth.purge_expired()', $kind), '', "$kind: ... clean-up runs");
	is(ask($node, "SELECT string_agg(finding, '; ') FROM jwt_auth.doctor() WHERE severity = 'error'", $kind), '', "$kind: ... and the doctor finds no error");
}

# Tables that another role was given before the update: it gets those that are new, and the months of the audit.
database('given', q(CREATE EXTENSION jwt_auth VERSION '1.1'), 'SELECT jwt_auth.create_signing_key()');
$node->safe_psql('given', join '; ', map { "ALTER TABLE $_ OWNER TO keyowner" } jwt_auth_tables($node, 'given'));
$node->safe_psql('given', 'ALTER EXTENSION jwt_auth UPDATE');
my $owners = q(SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'p'));
is(ask($node, $owners, 'given'), 'keyowner', 'given: after the update all tables are that role\'s');
my $gina = log_in($node, 'gina', 'given');
is(refresh($node, $gina->{refresh_token}, 'given')->{status}, 'ok', 'given: a refresh');
is(ask($node, "SELECT jwt_auth.revoke_user_tokens('gina')", 'given'), '1', 'given: a revocation');
is(ask($node, 'SELECT jwt_auth.rotate_signing_key() IS NOT NULL', 'given'), 't', 'given: a rotation');
is(ask($node, 'SELECT jwt_auth.partition_events() > 0', 'given'), 't', 'given: months of the audit');
is(ask($node, $owners, 'given'), 'keyowner', 'given: they are its too');
is(ask($node, "CALL jwt_auth.purge_expired(); CALL jwt_auth.purge_events('1 year')", 'given'), '', 'given: both purges run');
is(ask($node, "SELECT string_agg(finding, '; ') FROM jwt_auth.doctor() WHERE severity = 'error'", 'given'), '', 'given: and the doctor finds no error');

# The tables and the sequence that partition_events() makes have the privileges of those that they replace.
database('months', 'CREATE EXTENSION jwt_auth', 'SELECT jwt_auth.partition_events()');
my $months = ask($node, $privileges, 'months');
like($months, qr/^jwt_auth\.auth_event_id_seq: postgres SELECT, postgres UPDATE, postgres USAGE$/m, 'the sequence of the audit by months is the owner\'s');
for my $kind ('granting', 'granting_to_public')
{
	database("months_$kind", @{ $kinds{$kind} }, 'CREATE EXTENSION jwt_auth', 'SELECT jwt_auth.partition_events()');
	is(ask($node, $privileges, "months_$kind"), $months, "$kind: the audit by months has the privileges of a fresh one");
	is(ask($node, "SELECT string_agg(finding, '; ') FROM jwt_auth.doctor() WHERE subject = 'privileges'", "months_$kind"), '', "$kind: the doctor agrees");
}

# What the doctor says of privileges that somebody took or gave later.
my %broken = (
	'REVOKE EXECUTE ON FUNCTION jwt_auth.current_user_id() FROM PUBLIC' => 'warning PUBLIC lacks EXECUTE on ROUTINE jwt_auth.current_user_id()',
	'REVOKE USAGE ON TYPE jwt_auth.ip_binding FROM PUBLIC' => 'warning PUBLIC lacks USAGE on TYPE jwt_auth.ip_binding',
	'REVOKE USAGE ON SCHEMA jwt_auth FROM PUBLIC' => 'warning PUBLIC lacks USAGE on SCHEMA jwt_auth',
	join('; ', 'REVOKE USAGE ON TYPE jwt_auth.ip_binding FROM PUBLIC', map { "ALTER TABLE $_ OWNER TO keyowner" } jwt_auth_tables($node, 'fresh')) =>
	  'error PUBLIC lacks USAGE on TYPE jwt_auth.ip_binding',
	'REVOKE SELECT ON jwt_auth.cutoff FROM postgres' => 'error postgres, the owner, lacks SELECT on TABLE jwt_auth.cutoff',
	'REVOKE EXECUTE ON FUNCTION jwt_auth.jwks() FROM postgres' => 'error postgres, the owner, lacks EXECUTE on ROUTINE jwt_auth.jwks()',
	'GRANT CREATE ON SCHEMA jwt_auth TO plain' => 'error plain may create objects in the schema jwt_auth, and so a function that is called instead of the extension\'s',
	'GRANT SELECT ON jwt_auth.session_data TO plain' => 'warning plain may SELECT jwt_auth.session_data',
	'GRANT SELECT, DELETE ON jwt_auth.auth_event TO plain' => 'warning plain may DELETE jwt_auth.auth_event',
	'GRANT EXECUTE ON FUNCTION jwt_auth.private_jwk_in_transit TO PUBLIC' => 'error jwt_auth.private_jwk_in_transit() is executable by PUBLIC',
	'GRANT UPDATE ON SEQUENCE jwt_auth.auth_event_id_seq TO PUBLIC' => 'error PUBLIC may UPDATE jwt_auth.auth_event_id_seq',
	"SELECT jwt_auth.grant_issuer('app'); GRANT SELECT ON jwt_auth.auth_event, jwt_auth.signing_keys TO plain" => '',
);
for my $sql (sort keys %broken)
{
	my $found = ask($node, "BEGIN; $sql; \\o\n \\o\nSELECT string_agg(severity || ' ' || finding, E'\\n' ORDER BY finding) FROM jwt_auth.doctor() WHERE subject = 'privileges'", 'fresh');
	$found =~ s/^\n+//;
	is($found, $broken{$sql}, "found: $sql");
	my $mended = ask($node, "BEGIN; $sql; DO \$\$ DECLARE s text; BEGIN FOR s IN SELECT advice FROM jwt_auth.doctor() WHERE subject = 'privileges' AND severity = 'error' LOOP EXECUTE s; END LOOP; END \$\$; \\o\n \\o\nSELECT count(*) FROM jwt_auth.doctor() WHERE subject = 'privileges' AND severity = 'error'", 'fresh');
	$mended =~ s/^\n+//;
	is($mended, '0', '... and the advice mends an error');
}

# An update: what is new has the privileges of a fresh installation, what was granted to a role stays, what the owner and PUBLIC have is set right.
database('updated', @grants, @revokes, "CREATE EXTENSION jwt_auth VERSION '1.1'");
$node->safe_psql('updated', 'REVOKE ALL ON ALL TABLES IN SCHEMA jwt_auth FROM reporting; REVOKE ALL ON ALL ROUTINES IN SCHEMA jwt_auth FROM reporting; REVOKE ALL ON ALL SEQUENCES IN SCHEMA jwt_auth FROM reporting;'
	  . "SELECT jwt_auth.grant_issuer('app'); GRANT EXECUTE ON FUNCTION jwt_auth.trust_issuer TO app WITH GRANT OPTION; GRANT SELECT ON jwt_auth.auth_event TO plain;"
	  . 'ALTER DEFAULT PRIVILEGES IN SCHEMA jwt_auth GRANT ALL ON TABLES TO reporting; ALTER DEFAULT PRIVILEGES IN SCHEMA jwt_auth GRANT ALL ON FUNCTIONS TO reporting');
my $granted_before = ask($node, "SELECT string_agg(DISTINCT proname, ' ' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace AND has_function_privilege('app', oid, 'EXECUTE') AND NOT has_function_privilege('reporting', oid, 'EXECUTE')", 'updated');
like($granted_before, qr/issue_refresh_session/, 'the application may issue');
is(ask($node, 'ALTER EXTENSION jwt_auth UPDATE', 'updated'), '', 'the update is made');
my $after = ask($node, $privileges, 'updated');
$after =~ s/, (?:app|plain) \w+//g;
$after =~ s/(: )(?:app|plain) \w+, /$1/g;
(my $meant = $fresh) =~ s/^(schema|type .*): .*/$1/mg;
$after =~ s/^(schema|type .*): .*/$1/mg;
is($after, $meant, 'but for what was granted to them, the privileges are those of a fresh installation');
my $granted_after = ask($node, "SELECT string_agg(DISTINCT proname, ' ' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace AND has_function_privilege('app', oid, 'EXECUTE') AND NOT has_function_privilege('plain', oid, 'EXECUTE')", 'updated');
is(join(' ', grep { my $name = $_; !grep { $_ eq $name } split / /, $granted_after } split / /, $granted_before), '', 'a role that was granted functions has them, also those that were made anew');
is(ask($node, "SELECT has_function_privilege('app', 'jwt_auth.user_sessions(uuid)', 'EXECUTE'), has_function_privilege('app', 'jwt_auth.unlock_user(uuid)', 'EXECUTE')", 'updated'), 't|f',
	'and their overloads, but nothing that is new');
is(ask($node, "SELECT has_table_privilege('plain', 'jwt_auth.auth_event', 'SELECT'), bool_and(has_function_privilege('app', oid, 'EXECUTE WITH GRANT OPTION')) FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace AND proname = 'trust_issuer'", 'updated'), 't|t',
	'so has one that was granted a table, and one with the grant option');
$node->stop;
done_testing();
