# Counts, views and the doctor: what is broken is found and named, what is well is not complained of.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $key_file = PostgreSQL::Test::Utils::tempdir() . '/key';
append_to_file($key_file, ('1e' x 32) . "\n");
chmod 0600, $key_file or die;

my $node = PostgreSQL::Test::Cluster->new('watched');
$node->init;
$node->append_conf('postgresql.conf', <<"EOS");
shared_preload_libraries = 'jwt_auth'
jwt_auth.key_encryption_key_file = '$key_file'
jwt_auth.issuer = 'https://example.org'
jwt_auth.audience = 'app'
log_statement = none
autovacuum = off
restart_after_crash = on
EOS
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');

my $doctor = sub {
	my ($prefix) = @_;
	return ask($node, ($prefix // '') . "SELECT coalesce(string_agg(severity || ' ' || subject || ': ' || finding, E'\\n' ORDER BY finding), 'well') FROM jwt_auth.doctor()");
};
is($doctor->(), 'error keys: no key is active: nothing can be signed', 'the doctor of a new installation asks for a key');
my $kid = ask($node, 'SELECT jwt_auth.create_signing_key()');
is($doctor->(), 'well', 'and is then content');

# The view for monitoring systems says the same of what it asks.
my $checks = sub { return ask($node, "BEGIN; $_[0]; SELECT coalesce(string_agg(severity || ' ' || name || ' ' || value, ', ' ORDER BY name), 'well') FROM jwt_auth.checks WHERE failed") };
is($checks->(''), 'well', 'nothing has failed in checks');
# Who was forgotten has a denial that never runs out.
is($checks->("SELECT FROM jwt_auth.issue_refresh_session('forgotten'); SELECT jwt_auth.forget_user('forgotten')") =~ s/^\s*\S*\n+//r, 'well', 'a denial without an end is not overdue');
my %failed = (
	"UPDATE jwt_auth.signing_key SET state = 'pending', activated_at = NULL" => 'error active_key 0',
	"UPDATE jwt_auth.signing_key SET activated_at = now() - interval '400 days'" => 'warning active_key_age 34560000',
	"UPDATE jwt_auth.signing_key SET state = 'pending', activated_at = NULL, created_at = now() - interval '31 days'" => 'error active_key 0, warning pending_key_age 2678400',
	"UPDATE jwt_auth.signing_key SET private_jwk = '{}'" => 'notice unsealed_keys 1',
	'ALTER TABLE jwt_auth.signing_key ENABLE TRIGGER keyring_changed' => 'error keyring_triggers 11',
	'DROP TRIGGER keyring_truncated ON jwt_auth.session_class' => 'error keyring_triggers 11',
	"INSERT INTO jwt_auth.trusted_issuer (issuer, jwks, created_at, roles, subjects) VALUES ('https://old.example', '{\"keys\": []}', now(), '{*}', 'ours')" => 'warning undecided_issuers 1',
	"SELECT FROM jwt_auth.deny_token(jwt_auth.jwt_sign('{}')); UPDATE jwt_auth.denied_token SET expires_at = now() - interval '3 days'" => 'warning overdue_denials 259200',
	"UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'jwt_auth'" => 'warning version_behind 1',
);
is($checks->($_) =~ s/^\n+//r, $failed{$_}, "failed in checks: $_") for sort keys %failed;

# Each thing broken by itself, in a transaction that is rolled back.
my %broken = (
	'ALTER TABLE jwt_auth.signing_key ENABLE TRIGGER keyring_changed' =>
	  'error installation: trigger keyring_changed of jwt_auth.signing_key does not fire always: backends would go on with old keys',
	'DROP TRIGGER keyring_changed ON jwt_auth.trusted_issuer' =>
	  'error installation: trigger keyring_changed of jwt_auth.trusted_issuer is missing: backends would go on with old keys',
	'DROP TRIGGER keyring_truncated ON jwt_auth.cutoff' =>
	  'error installation: trigger keyring_truncated of jwt_auth.cutoff is missing: backends would go on with old keys',
	'ALTER TABLE jwt_auth.cutoff DISABLE TRIGGER keyring_changed' =>
	  'error installation: trigger keyring_changed of jwt_auth.cutoff does not fire always: backends would go on with old keys',
	'ALTER TABLE jwt_auth.trusted_issuer DISABLE TRIGGER keyring_truncated' =>
	  'error installation: trigger keyring_truncated of jwt_auth.trusted_issuer does not fire always: backends would go on with old keys',
	'DROP TRIGGER keyring_changed ON jwt_auth.signing_key; CREATE FUNCTION pg_temp.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; '
	  . 'CREATE TRIGGER keyring_changed AFTER UPDATE ON jwt_auth.signing_key FOR EACH ROW EXECUTE FUNCTION pg_temp.nothing(); '
	  . 'ALTER TABLE jwt_auth.signing_key ENABLE ALWAYS TRIGGER keyring_changed' =>
	  'error installation: trigger keyring_changed of jwt_auth.signing_key is missing: backends would go on with old keys',
	'ALTER TABLE jwt_auth.signing_key DISABLE TRIGGER signing_key_demoted' =>
	  'error installation: trigger signing_key_demoted of jwt_auth.signing_key is missing or disabled: a key that is demoted by hand verifies for ever',
	'GRANT EXECUTE ON FUNCTION jwt_auth.refresh_session TO PUBLIC' =>
	  'error privileges: jwt_auth.refresh_session(text,inet,text,text,text,text,text) is executable by PUBLIC',
	'GRANT SELECT ON jwt_auth.refresh_session TO PUBLIC' => 'error privileges: PUBLIC may SELECT jwt_auth.refresh_session',
	'CREATE ROLE snoop; GRANT SELECT, UPDATE ON jwt_auth.signing_key TO snoop' => 'warning privileges: snoop may SELECT, UPDATE jwt_auth.signing_key',
	"SET jwt_auth.access_token_ttl = '1d'" =>
	  'warning settings: jwt_auth.access_token_ttl is 1d: a stolen access token is good for services that verify offline for that long',
	"SET jwt_auth.refresh_reuse_interval = '5min'" =>
	  'warning settings: jwt_auth.refresh_reuse_interval is 5min: a stolen refresh token goes unnoticed for that long after a rotation',
	'SET jwt_auth.refresh_reuse_interval = 0' =>
	  q(notice settings: jwt_auth.refresh_reuse_interval is '0': a client with several tabs is soon taken for a thief),
	'SET jwt_auth.max_sessions_per_user = 0' => q(notice settings: jwt_auth.max_sessions_per_user is '0': a user may have any number of sessions),
	"SET jwt_auth.issuer = ''" => q(notice settings: jwt_auth.issuer is '': tokens don't say who issued them),
	"SET jwt_auth.claims_function = 'app.nowhere'" =>
	  'error settings: jwt_auth.claims_function names app.nowhere, and there is no such function (text, uuid, jsonb)',
	"SET jwt_auth.claims_function = 'no name.at all'" =>
	  'error settings: jwt_auth.claims_function names no name.at all, and there is no such function (text, uuid, jsonb)',
	"SET jwt_auth.claims_function = 'app.nowhere(); x'" =>
	  'error settings: jwt_auth.claims_function names app.nowhere(); x, and there is no such function (text, uuid, jsonb)',
	"CREATE FUNCTION public.rows(text, uuid, jsonb) RETURNS SETOF jsonb LANGUAGE sql RETURN NULL::jsonb; SET jwt_auth.claims_function = 'public.rows'" =>
	  'error settings: jwt_auth.claims_function names public.rows, and there is no such function (text, uuid, jsonb)',
	"CREATE FUNCTION public.other(text, uuid, jsonb) RETURNS text LANGUAGE sql RETURN 1; SET jwt_auth.claims_function = 'public.other'" =>
	  'error settings: jwt_auth.claims_function names public.other, and there is no such function (text, uuid, jsonb)',
	'CREATE SCHEMA "App"; CREATE FUNCTION "App"."Claims"(text, uuid, jsonb) RETURNS jsonb LANGUAGE sql RETURN $3; SET jwt_auth.claims_function = \'"App" . "Claims"\'' => 'well',
	'SET standard_conforming_strings = off' => 'well',
	'SET log_statement = "all"' => 'warning settings: log_statement is all: tokens that are written into SQL text are logged',
	'SET LOCAL synchronous_commit = off' => 'notice settings: synchronous_commit is off: a revocation may be lost in a crash',
	"UPDATE jwt_auth.signing_key SET activated_at = now() - interval '400 days'" => "warning keys: key $kid has been active for 400 days",
	# A year is not 360 days.
	"UPDATE jwt_auth.signing_key SET activated_at = now() - interval '1 year' + interval '2 days'" => 'well',
	"UPDATE jwt_auth.signing_key SET state = 'verify_only'" => 'error keys: no key is active: nothing can be signed',
	"SELECT status FROM jwt_auth.issue_refresh_session('x'); UPDATE jwt_auth.refresh_session SET purge_after = '2020-02-02'" =>
	  'warning clean-up: sessions have been due for removal since 2020-02-02',
	"INSERT INTO jwt_auth.denied_token VALUES (1, '2020-02-02', '2020-02-02 00:00+00', 'x', '', NULL)" =>
	  'warning clean-up: denials of tokens that expired by 2020-02-02 00:00:00+00 are still there',
	"UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'jwt_auth'" =>
	  qr/^warning installation: the extension is of version 0\.9, the installed files are of \d+\.\d+$/,
	'CREATE ROLE snoop; GRANT SELECT (kid, private_jwk) ON jwt_auth.signing_key TO snoop' =>
	  'warning privileges: snoop may SELECT kid, SELECT private_jwk of jwt_auth.signing_key',
	'CREATE ROLE keeper; GRANT EXECUTE ON FUNCTION jwt_auth.rotate_signing_key, jwt_auth.jwks TO keeper' =>
	  "notice privileges: keeper may call what is the owner's: rotate_signing_key",
	"CREATE ROLE snoop; GRANT pg_read_all_data TO snoop; UPDATE jwt_auth.signing_key SET private_jwk = '{}'" =>
	  qr/^notice privileges: snoop may read every table \(pg_read_all_data\), private keys that are in the clear as well$/m,
	'CREATE ROLE loader; CREATE ROLE filler; GRANT pg_write_all_data TO loader, filler' =>
	  'notice privileges: filler, loader may write every table (pg_write_all_data): trust an issuer of their own, and so act as anybody',
	'CREATE ROLE other; ALTER TABLE jwt_auth.account OWNER TO other' =>
	  qr/^error installation: the tables belong to several roles \((other, \w+|\w+, other)\): functions that use them fail$/m,
);
for my $sql (sort keys %broken)
{
	my $found = $doctor->("SET timezone = 'UTC'; BEGIN; $sql; \\o\n");
	$found =~ s/^ok\n//;
	if (ref $broken{$sql}) { like($found, $broken{$sql}, "found: $sql"); }
	else { is($found, $broken{$sql}, "found: $sql"); }
}
is($doctor->(), 'well', 'and all is well again');

# Sealing.
$node->safe_psql('postgres', "UPDATE jwt_auth.signing_key SET private_jwk = '{}'");
is($doctor->(), "warning sealing: 1 private keys are stored in the clear though a key file is set\nerror sealing: nobody can log in, for the active key can't sign: unusable key: JWK without kty",
	'a key in the clear beside a key file is found, and one that can\'t sign');
$node->safe_psql('postgres', "SELECT jwt_auth.retire_signing_key('$kid'); SELECT jwt_auth.create_signing_key()");

# A key file that is there no more, is open to others, too short or another one; the active key is sealed.
my $other_file = "$key_file.other";
append_to_file($other_file, ('2e' x 32) . "\n");
chmod 0600, $other_file or die;
my %file = (
	'missing' => ["$key_file.missing", qr/the key-encryption-key file does not exist/],
	'another' => [$other_file, qr/private key is sealed or cannot be read/],
	'open to others' => [$key_file, qr/others/, 0644],
);
for my $what (sort keys %file)
{
	my ($path, $message, $mode) = @{ $file{$what} };
	chmod $mode, $path or die if $mode;
	$node->safe_psql('postgres', "ALTER SYSTEM SET jwt_auth.key_encryption_key_file = '$path'");
	$node->reload;
	ok($node->poll_query_until('postgres', "SELECT current_setting('jwt_auth.key_encryption_key_file') = '$path'"), 'reloaded');
	my $found = $doctor->();
	like($found, qr/^error sealing: nobody can log in, for the active key can't sign: /, "found: a key file that is $what");
	like($found, $message, '... and why');
	is(ask($node, "SELECT jwt_auth.issue_refresh_session('x')"), 'error JW022', 'so it is');
	chmod 0600, $key_file or die;
}

# A setting of the file that is not in force.
$node->safe_psql('postgres', 'ALTER SYSTEM RESET jwt_auth.key_encryption_key_file');
append_to_file($node->data_dir . '/postgresql.conf', "jwt_auth.ip_binding = 'subnett'\n");
$node->reload;
like($doctor->(), qr/^warning settings: jwt_auth\.ip_binding in .*postgresql\.conf is not in force: /, 'found: a setting with a value that there is not');
append_to_file($node->data_dir . '/postgresql.conf', "jwt_auth.ip_binding = off\n");
$node->reload;
ok($node->poll_query_until('postgres', "SELECT current_setting('jwt_auth.key_encryption_key_file') = '$key_file'"), 'reloaded');
is($doctor->(), 'well', 'and all is well again');

# Settings of databases and roles, as a session without the library can write them: by hand here, for the library is preloaded.
my %given = (
	"(d, 0, '{jwt_auth.acces_token_ttl=1h}')" => 'warning settings: jwt_auth.acces_token_ttl of DATABASE postgres is not in force: there is no such setting',
	"(0, r, '{jwt_auth.ip_binding=subnett,work_mem=1MB}')" => qr/^warning settings: jwt_auth\.ip_binding of ROLE clerk is not in force: invalid value for parameter "jwt_auth\.ip_binding": "subnett"$/,
	"(d, r, '{JWT_AUTH.issuerr=x}')" => 'warning settings: JWT_AUTH.issuerr of ROLE clerk IN DATABASE postgres is not in force: there is no such setting',
	"(d, 0, '{jwt_auth.key_encryption_key_file=/x}')" =>
	  qr/^warning settings: jwt_auth\.key_encryption_key_file of DATABASE postgres is not in force: parameter "jwt_auth\.key_encryption_key_file" cannot be changed now$/,
	"(d, 0, '{jwt_auth.access_token_ttl=1h,Jwt_Auth.Issuer=a=b}')" => 'well',
	"(o, 0, '{jwt_auth.acces_token_ttl=1h}')" => 'well',
);
$node->safe_psql('postgres', 'CREATE ROLE clerk');
for my $row (sort keys %given)
{
	my $insert = "INSERT INTO pg_db_role_setting SELECT setdatabase, setrole, setconfig::text[] FROM (SELECT oid AS d FROM pg_database WHERE datname = 'postgres') AS d,"
	  . " (SELECT oid AS o FROM pg_database WHERE datname = 'template1') AS o, (SELECT oid AS r FROM pg_roles WHERE rolname = 'clerk') AS r,"
	  . " LATERAL (VALUES $row) AS v (setdatabase, setrole, setconfig)";
	my $found = $doctor->("SET allow_system_table_mods = on; BEGIN; $insert; \\o\n");
	if (ref $given{$row}) { like($found, $given{$row}, "found: $row"); }
	else { is($found, $given{$row}, "found: $row"); }
}
is(ask($node, 'SHOW jwt_auth.access_token_ttl'), '30min', 'what was tried is undone');

# Counts are the server's, by outcome, whatever backend and whether it committed or not.
my $counts = sub { ask($node, "SELECT count FROM jwt_auth.stats WHERE what = '$_[0]' AND outcome = '$_[1]'") };
my %before = map { $_ => $counts->(split / /) } 'verify ok', 'verify JW010', 'verify JW001', 'login ok', 'refresh ok', 'refresh replayed',
  'refresh reuse_detected', 'reuse old', 'reuse previous', 'refresh invalid', 'event user_revoked', 'purge sessions', 'login limit_reached';
my $ann = log_in($node, 'ann');
my $verify = "SELECT jwt_auth.jwt_verify('$ann->{access_token}') ->> 'sub'";
is(ask($node, $verify), 'ann', 'verified') for 1 .. 3;
my $second = refresh($node, $ann->{refresh_token});
{
	# For this session only: the doctor would complain of it in the configuration file.
	local $ENV{PGOPTIONS} = '-c jwt_auth.refresh_reuse_interval=1h';
	is(refresh($node, $ann->{refresh_token})->{status}, 'replayed', 'replayed');
}
my $third = refresh($node, $second->{refresh_token});
is(refresh($node, $ann->{refresh_token})->{status}, 'reuse_detected', 'reused');
is(ask($node, $verify), 'error JW010', 'refused');
is(ask($node, "SELECT jwt_auth.jwt_verify('x')"), 'error JW001', 'malformed');
is(refresh($node, 'x')->{status}, 'invalid', 'invalid');
log_in($node, 'bob');
is(ask($node, "BEGIN; SELECT jwt_auth.revoke_user_tokens('bob'); ROLLBACK"), '1', 'revoked, rolled back');
is(ask($node, "SET jwt_auth.max_sessions_per_user = 1; SET jwt_auth.session_limit_policy = 'reject'; SELECT status FROM jwt_auth.issue_refresh_session('bob')"),
	'limit_reached', 'rejected');
$node->safe_psql('postgres', "UPDATE jwt_auth.refresh_session SET purge_after = '2020-01-01', idle_ends_at = '2020-01-01' WHERE user_id = 'bob'");
$node->safe_psql('postgres', 'CALL jwt_auth.purge_expired()');
my %grown = ('verify ok' => 3, 'verify JW010' => 1, 'verify JW001' => 1, 'login ok' => 2, 'refresh ok' => 2, 'refresh replayed' => 1,
	'refresh reuse_detected' => 1, 'reuse old' => 1, 'reuse previous' => 0, 'refresh invalid' => 1, 'event user_revoked' => 2, 'purge sessions' => 1,
	'login limit_reached' => 1);
for my $name (sort keys %grown)
{
	is($counts->(split / /, $name) - $before{$name}, $grown{$name}, "counted: $name");
}
is(ask($node, 'SELECT DISTINCT scope FROM jwt_auth.stats'), 'server', 'for the whole server');
is(ask($node, 'SELECT count(DISTINCT since) || \' \' || (max(since) <= now()) FROM jwt_auth.stats'), '1 true', 'since one time');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION jwt_auth');
is(ask($node, "SELECT sum(count) FROM jwt_auth.stats WHERE what <> 'keyring'", 'other'), '0', 'another database is counted apart');

# Views.
log_in($node, 'cy') for 1 .. 2;
log_in($node, 'dan');
$node->safe_psql('postgres', "SELECT jwt_auth.revoke_user_tokens('dan')");
is(ask($node, 'SELECT user_id, sessions, addresses FROM jwt_auth.live_sessions ORDER BY 1'), 'cy|2|1', 'live sessions by user');
$node->safe_psql('postgres', 'SELECT jwt_auth.rotate_signing_key()');
is(ask($node, "SELECT state, sealed, age < interval '1 hour', run_out FROM jwt_auth.key_ages WHERE state <> 'retired' ORDER BY 1"), "active|t|t|f\nverify_only|t|t|f", 'ages of keys');
my $token = log_in($node, 'eve')->{refresh_token};
$token = refresh($node, $token)->{refresh_token} for 1 .. 20;
ok($node->poll_query_until('postgres', "SELECT hot_updates >= 20 AND hot_ratio > 0.9 FROM jwt_auth.table_health WHERE \"table\" = 'refresh_session'"),
	'refreshes are HOT, as the view of tables shows');
is($checks->("SELECT FROM jwt_auth.issue_refresh_session('ann'); UPDATE jwt_auth.refresh_session SET purge_after = current_date - 3") =~ s/^\n+//r,
	'warning overdue_sessions 3', 'failed in checks: sessions that nobody purges');
is(ask($node, 'SELECT count(*) FROM jwt_auth.table_health'), ask($node, "SELECT count(*) FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r'"),
	'every table is in it');
for my $view (qw(stats checks live_sessions key_ages table_health))
{
	is(ask($node, "CREATE ROLE r; SET ROLE r; SELECT count(*) FROM jwt_auth.$view"), 'error 42501', "$view is not for everybody");
	$node->safe_psql('postgres', 'DROP ROLE IF EXISTS r');
}

# Progress of a purge, where a DBA looks.
{
	$node->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, 30) n, jwt_auth.issue_refresh_session('many ' || n)");
	$node->safe_psql('postgres', "UPDATE jwt_auth.refresh_session SET purge_after = '2020-01-01', idle_ends_at = '2020-01-01' WHERE user_id LIKE 'many %'");
	my $locker = open_session($node);
	$locker->ask('BEGIN');
	$locker->ask('LOCK TABLE jwt_auth.denied_token');
	my $purger = open_session($node);
	$purger->send('CALL jwt_auth.purge_expired(10)');
	ok($node->poll_query_until('postgres', "SELECT query LIKE '%: 30 sessions, 0 denied tokens, data of 0 sessions and 0 accounts done' AND wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $purger->{pid}"),
		'pg_stat_activity shows how far a purge has come');
	$locker->ask('ROLLBACK');
	is($purger->answer, '', 'and it comes to its end');
	$_->close for $locker, $purger;
}

# A crash starts the counts anew and harms nothing.
my $victim = open_session($node);
kill 'KILL', $victim->{pid};
$victim->kill;
ok($node->poll_query_until('postgres', "SELECT count = 0 FROM jwt_auth.stats WHERE what = 'login' AND outcome = 'ok'"),
	'after a crash counting starts again');
is(log_in($node, 'ann')->{status}, 'ok', 'and users log in');
$node->stop;

# Not preloaded: this backend's counts.
my $plain = PostgreSQL::Test::Cluster->new('plain');
$plain->init;
$plain->start;
$plain->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
is(ask($plain, "SELECT status FROM jwt_auth.issue_refresh_session('a'); SELECT count, scope FROM jwt_auth.stats WHERE what = 'login' AND outcome = 'ok'"), "ok\n1|backend", 'without preloading a backend counts its own');
is(ask($plain, "SELECT count, scope FROM jwt_auth.stats WHERE what = 'login' AND outcome = 'ok'"), '0|backend', 'and another one knows nothing of it');
like(ask($plain, 'SELECT finding FROM jwt_auth.doctor()'), qr/the library is not preloaded/, 'the doctor says so');
like(ask($plain, 'SET standard_conforming_strings = off; SELECT finding FROM jwt_auth.doctor()'), qr/the library is not preloaded/, 'whatever a backslash means in this session');
$plain->safe_psql('postgres', "ALTER DATABASE postgres SET jwt_auth.max_session_age = '1d'");
like(ask($plain, 'SELECT finding FROM jwt_auth.doctor()'), qr/^jwt_auth\.max_session_age of DATABASE postgres is not in force: there is no such setting$/m, 'and of a misspelt setting');
is(ask($plain, "SELECT advice FROM jwt_auth.doctor() WHERE finding LIKE 'jwt_auth.max_session_age%'"), 'ALTER DATABASE postgres RESET jwt_auth.max_session_age', 'with what to do');
like(ask($plain, 'SELECT finding FROM jwt_auth.doctor()'), qr/private keys are stored in the clear/, 'and that keys are in the clear');
$plain->stop;

done_testing();
