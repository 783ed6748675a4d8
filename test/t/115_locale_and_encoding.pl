# A server's locale and the bytes in its settings: names of headers are compared by ASCII rules whatever the locale says, and an
# issuer that is no UTF-8 is an error where it is set or used, never a token that nobody can read.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The message of the error, '' if there is none.
sub message
{
	my ($node, $sql, $database, @more) = @_;
	my (undef, undef, $error) = $node->psql($database // 'postgres', $sql, @more);
	return $error =~ /ERROR:  (.*)/ ? $1 : '';
}

subtest 'a Turkish database: the small letter of I has no dot there' => sub {
	my $locales = PostgreSQL::Test::Utils::tempdir();
	my $made = system('localedef', '-i', 'tr_TR', '-f', 'UTF-8', "$locales/tr_TR.UTF-8") == 0;
	plan skip_all => 'localedef cannot make the locale tr_TR' unless $made && -d "$locales/tr_TR.UTF-8";
	# With LOCPATH the system's own locales are not found, but for C.
	local ($ENV{LOCPATH}, $ENV{LC_ALL}) = ($locales, 'C');
	my $node = PostgreSQL::Test::Cluster->new('turkish');
	$node->init(extra => [ '--encoding=UTF8', '--lc-ctype=tr_TR.UTF-8', '--lc-collate=C', '--no-sync' ]);
	$node->append_conf('postgresql.conf', "jwt_auth.client_ip_header = 'X-Real-IP'\njwt_auth.fingerprint_header = 'X-Client-ID'\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
	is(ask($node, "SELECT datctype FROM pg_database WHERE datname = 'postgres'"), 'tr_TR.UTF-8', 'the locale is in force');

	is(ask($node, q(SET request.headers = '{"x-real-ip": "203.0.113.7"}'; SELECT jwt_auth.request_ip())), '203.0.113.7', 'the address is found');
	is( ask($node, <<'SQL'), 'ann', 'a token that is bound to address and fingerprint is accepted');
SET jwt_auth.ip_binding = 'exact';
SET jwt_auth.fingerprint_binding = 'exact';
DO $$ BEGIN
  PERFORM set_config('request.headers', json_build_object('x-real-ip', '203.0.113.7', 'x-client-id', 'phone',
    'authorization', 'Bearer ' || (jwt_auth.issue_refresh_session('ann', '203.0.113.7', NULL, 'phone')).access_token)::text, false);
END $$;
BEGIN;
DO $$ BEGIN PERFORM jwt_auth.pre_request(); END $$;
SELECT jwt_auth.current_user_id();
COMMIT;
SQL
	$node->stop;
};

for my $preloaded (0, 1)
{
	my $how = $preloaded ? 'preloaded' : 'not preloaded';
	my $node = PostgreSQL::Test::Cluster->new($preloaded ? 'bytes_preloaded' : 'bytes');
	$node->init;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\n") if $preloaded;
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
	my $good = $node->safe_psql('postgres', q(SELECT jwt_auth.jwt_sign('{"sub": "ann"}')));

	for my $setting (qw(issuer audience))
	{
		my $refusal = "invalid argument: jwt_auth.$setting is not valid UTF-8";
		$node->append_conf('postgresql.conf', "jwt_auth.$setting = 'https://caf\xe9.example'\n");
		$node->reload;
		$node->poll_query_until('postgres', "SELECT octet_length(current_setting('jwt_auth.$setting')::bytea) > 0") or die;
		is(message($node, q(SELECT jwt_auth.jwt_sign('{"sub": "ann"}'))), $refusal, "$how: a file with an $setting that is no UTF-8: nothing is signed");
		is(message($node, q(SELECT * FROM jwt_auth.issue_refresh_session('ann'))), $refusal, "$how: nobody logs in");
		is(message($node, "SELECT jwt_auth.jwt_verify('$good')"), $refusal, "$how: nothing is verified, and the token is not to blame");
		is(ask($node, "SELECT jwt_auth.jwt_verify('$good')"), 'error 22023', "$how: 22023");
		is(ask($node, 'SELECT count(*) FROM jwt_auth.refresh_session'), '0', "$how: no session is left behind");
		$node->append_conf('postgresql.conf', "jwt_auth.$setting = ''\n");
		$node->reload;
		$node->poll_query_until('postgres', "SELECT current_setting('jwt_auth.$setting') = ''") or die;
		is(ask($node, "SELECT jwt_auth.jwt_verify('$good') ->> 'sub'"), 'ann', "$how: mended, tokens are good again");
	}

	# Another database of the cluster may have another encoding, and roles are common to all.
	$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0; CREATE ROLE app SUPERUSER LOGIN");
	my $set = "SET client_encoding = 'UTF8'; DO \$\$ BEGIN EXECUTE format('ALTER ROLE app SET jwt_auth.issuer = %L', 'caf' || chr(233)); END \$\$";
	is(message($node, "LOAD 'jwt_auth'; $set", 'latin'), 'invalid value for parameter "jwt_auth.issuer": "caf' . "\xc3\xa9" . '"',
		"$how: set in a database of another encoding");
	next if $preloaded;
	$node->safe_psql('latin', $set);
	is(message($node, q(SELECT jwt_auth.jwt_sign('{"sub": "ann"}')), 'postgres', extra_params => [ '-U', 'app' ]),
		'invalid argument: jwt_auth.issuer is not valid UTF-8', "$how: set there before the library was loaded: refused where it is used");
}

done_testing();
