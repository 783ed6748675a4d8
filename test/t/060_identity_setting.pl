# jwt_auth.identity can't be forged from outside a session either: by the client's options, by a role's, a database's or a file's
# settings, or by a placeholder from before the library is loaded; and parallel workers see the leader's identity and no other.
use strict;
use warnings;
use lib '.';
use JwtAuth qw(start_node);
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('identity');
my $refused = qr/parameter "jwt_auth.identity" can be set only by jwt_auth.authenticate\(\)/;
my $parallel = $node->safe_psql('postgres', "SHOW server_version_num") < 160000 ? 'force_parallel_mode' : 'debug_parallel_query';
$node->safe_psql('postgres', q{
	CREATE ROLE app LOGIN;
	CREATE ROLE admin LOGIN SUPERUSER;
	SELECT jwt_auth.grant_issuer('app');
});
my $token = $node->safe_psql('postgres', q{SELECT jwt_auth.jwt_sign('{"sub": "alice", "exp": 4102444800}')});

# What a session of $role prints, its warnings, and whether it could connect and run.
sub session
{
	my ($role, $script, $options) = @_;
	local $ENV{PGOPTIONS} = defined $options ? $options : '';
	my ($out, $err);
	my $status = $node->psql('postgres', $script, stdout => \$out, stderr => \$err,
		extra_params => [ '-U', $role, '-v', 'VERBOSITY=verbose' ], on_error_stop => 0);
	return ($out, $err, $status);
}
my $who = "SELECT coalesce(jwt_auth.current_user_id(), 'nobody')";
my $authenticate = "SELECT jwt_auth.authenticate('$token') ->> 'sub'";

# -- without preloading: the setting's name is free until the first call loads the library
for my $role ('app', 'admin')
{
	my ($out, $err) = session($role, $who, '-c jwt_auth.identity=x');
	is($out, 'nobody', "$role: the client's options make nobody");
	like($err, $role eq 'admin' ? $refused : qr/permission denied to set parameter "jwt_auth.identity"/, "$role: and are refused with a warning");

	for my $set ('SET jwt_auth.identity = x', 'SET LOCAL jwt_auth.identity = x',
		"SELECT set_config('jwt_auth.identity', 'x', true)", "SELECT set_config('jwt_auth.identity', 'x', false)",
		'SAVEPOINT a; SET jwt_auth.identity = x; SAVEPOINT b; SET LOCAL jwt_auth.identity = y')
	{
		($out, $err) = session($role, "BEGIN; $set; $who; COMMIT; $who;");
		like($out, qr/(^|\n)nobody\nnobody$/, "$role: $set, before the library is loaded");
		like($err, qr/WARNING/, "$role: $set: a warning");
	}
}

$node->safe_psql('postgres', 'ALTER DATABASE postgres SET jwt_auth.identity = x');
my ($out, $err) = session('app', $who);
is($out, 'nobody', 'a setting of the database from before the library was loaded makes nobody');
($out, $err) = session('admin', $who);
is($out, 'nobody', '... a superuser neither');
like($err, $refused, '... and is refused');

# A worker starts with that same setting, as a placeholder, while it takes over what the leader has.
my $in_worker = "SET $parallel = on; SET parallel_leader_participation = off; "
  . "BEGIN; %s; $who; COMMIT; $who; "
  . 'DO $do$ DECLARE j json; BEGIN EXECUTE $q$EXPLAIN (ANALYZE, FORMAT JSON) ' . $who . q{$q$ INTO j; }
  . q{ASSERT j::text ~ '"Workers Launched": 1'; END $do$; SELECT 'launched';};
($out, $err) = session('app', sprintf($in_worker, $authenticate));
is($out, "alice\nalice\nnobody\nlaunched", 'a worker sees the identity of its leader, and nobody where the leader has none');
($out, $err) = session('app', sprintf($in_worker, 'SET LOCAL jwt_auth.identity = y'));
like($out, qr/^nobody\nnobody\nlaunched$/, 'a worker does not take over a forged one');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET jwt_auth.identity');

$node->safe_psql('postgres', 'ALTER ROLE app SET jwt_auth.identity = x');
($out, $err) = session('app', $who);
is($out, 'nobody', 'a setting of the role from before the library was loaded makes nobody');

# -- preloaded for the session
$node->append_conf('postgresql.conf', "session_preload_libraries = 'jwt_auth'");
$node->reload;
($out, $err) = session('app', sprintf($in_worker, $authenticate));
is($out, "alice\nalice\nnobody\nlaunched", 'session_preload_libraries: workers see the identity');
$node->adjust_conf('postgresql.conf', 'session_preload_libraries', undef);

# -- preloaded for the server
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nmax_prepared_transactions = 1");
$node->restart;
($out, $err) = session('app', $who);
is($out, 'nobody', 'shared_preload_libraries: the stored setting of the role makes nobody');
like($err, qr/WARNING.*jwt_auth\.identity/, '... with a warning');
($out, $err) = session('app', sprintf($in_worker, $authenticate));
is($out, "alice\nalice\nnobody\nlaunched", '... and workers see the identity');
$node->safe_psql('postgres', 'ALTER ROLE app RESET jwt_auth.identity');

# -- a prepared transaction takes nobody along, to whoever commits it neither
($out, $err) = session('app', "BEGIN; $authenticate; PREPARE TRANSACTION 'one'; $who; COMMIT PREPARED 'one'; $who;");
is($out, "alice\nnobody\nnobody", 'an identity ends where its transaction is prepared');

my $status;
($out, $err, $status) = session('admin', $who, '-c jwt_auth.identity=x');
isnt($status, 0, "a superuser's options of that name end the connection");
like($err, $refused, '... and say why');
($out, $err, $status) = session('app', $who, '-c jwt_auth.identity=x');
isnt($status, 0, "an ordinary role's too");
like($err, qr/permission denied to set parameter "jwt_auth.identity"/, '... and say why');

$node->append_conf('postgresql.conf', "jwt_auth.identity = 'x'");
$node->reload;
($out, $err) = session('admin', "$who; SHOW jwt_auth.identity");
is($out, "nobody\n", 'a line in the configuration file makes nobody');
like(slurp_file($node->logfile), qr/LOG:  parameter "jwt_auth.identity" can be set only by jwt_auth.authenticate\(\)/, '... and the log says so');

# -- a token in other hands is refused, and the log says whose
my $bound = $node->safe_psql('postgres', q{
	SET jwt_auth.ip_binding = 'exact';
	SELECT access_token, session_id FROM jwt_auth.issue_refresh_session('alice', ip => '192.0.2.1')});
my ($access_token, $session) = split /\|/, $bound;
($out, $err) = session('app', "SELECT jwt_auth.authenticate('$access_token', ip => '198.51.100.1')");
like($err, qr/ERROR:  JW012: token is bound to another client: other address/, 'a bound token from another address is refused');
like(slurp_file($node->logfile), qr/LOG:  jwt_auth: a token of session $session was presented by another client/, '... and logged');
is($node->safe_psql('postgres', "SELECT count(*) FROM jwt_auth.user_sessions('alice')"), '1', '... and nothing else happens');

$node->stop;
done_testing();
