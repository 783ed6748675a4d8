# Immediate shutdown and kill -9 in the middle of work: what was answered after a commit is there, and nothing is half done.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nfsync = on\nrestart_after_crash = on\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');

my $chain = log_in($node, 'ann');
my $revoked = log_in($node, 'bob');
$node->safe_psql('postgres', "SELECT jwt_auth.revoke_user_tokens('bob')");
$chain = refresh($node, $chain->{refresh_token}) for 1 .. 3;
my $kid = ask($node, 'SELECT jwt_auth.rotate_signing_key()');

# A transaction that had not committed leaves nothing.
my $open = open_session($node);
$open->ask('BEGIN');
my $lost = $open->ask("SELECT refresh_token FROM jwt_auth.issue_refresh_session('lost')");
my $undone = $open->ask("SELECT refresh_token FROM jwt_auth.refresh_session('$chain->{refresh_token}')");
like($_, qr/^\S{90,}$/, 'an uncommitted transaction hands out a token') for $lost, $undone;
$node->stop('immediate');
$open->kill;
$node->start;

is(refresh($node, $lost)->{status}, 'invalid', 'a log-in that did not commit is unknown');
is(ask($node, "SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'lost'"), '0', 'and has no row');
is(ask($node, "SELECT jwt_auth.jwt_verify('$revoked->{access_token}')"), 'error JW010', 'a committed revocation holds');
is(ask($node, "SELECT kid FROM jwt_auth.signing_keys WHERE state = 'active'"), $kid, 'a committed rotation of the key holds');
my $next = refresh($node, $chain->{refresh_token});
is($next->{status}, 'ok', 'the last committed refresh token is the current one');
$chain = $next;

# The successor that a rolled back refresh handed out is of a generation the row knows nothing of: it ends nothing it should not.
is(refresh($node, $undone)->{status} =~ /^(?:reuse_detected|invalid)$/ ? 'refused' : 'accepted', 'refused',
	'the token of the refresh that was lost is refused');

# A crowd is at work when one backend is killed: the server restarts, every answered refresh is there.
my $script = PostgreSQL::Test::Utils::tempdir() . '/crowd.sql';
append_to_file($script, <<'EOS');
\set user random(1, 20)
SELECT refresh_token FROM jwt_auth.issue_refresh_session('crowd ' || :user) \gset
SELECT status FROM jwt_auth.refresh_session(':refresh_token') \gset
EOS
my ($out, $err) = ('', '');
# The crash ends it; by itself it would go on for longer than anybody waits.
my $timer = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
my $crowd = IPC::Run::start([ 'pgbench', '-n', '-c', '4', '-T', 20 * $PostgreSQL::Test::Utils::timeout_default, '-f', $script, $node->connstr('postgres') . ' application_name=crowd' ],
	'<', \undef, '>', \$out, '2>', \$err, $timer);
$node->poll_query_until('postgres', "SELECT count(*) >= 20 FROM jwt_auth.auth_event WHERE user_id LIKE 'crowd %'")
  or die 'the crowd did not start';
my $victim = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE application_name = 'crowd' LIMIT 1");
like($victim, qr/^\d+$/, 'there is a backend at work');
kill 'KILL', $victim;
$timer->start;
$crowd->finish;
$node->poll_query_until('postgres', 'SELECT 1', '1') or die 'the server did not come back';

is(ask($node, "SELECT count(*) FROM (SELECT user_id FROM jwt_auth.refresh_session GROUP BY 1 HAVING count(*) > 5) AS more"), '0',
	'after the crash no user has more sessions than allowed');
is(ask($node, "SELECT count(*) FROM jwt_auth.session_data d WHERE NOT EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.session_id = d.session_id)"),
	'0', 'no data is left without its session');
is(ask($node, "SELECT count(*) FROM jwt_auth.refresh_session s WHERE NOT EXISTS (SELECT FROM jwt_auth.auth_event e WHERE e.session_id = s.session_id AND e.event = 'login')"),
	'0', 'each session has its log-in in the audit');
is(log_in($node, 'after')->{status}, 'ok', 'and it goes on');
is(ask($node, "SELECT jwt_auth.jwt_verify('" . log_in($node, 'after')->{access_token} . "') ->> 'sub'"), 'after', 'tokens verify');
$node->stop;

done_testing();
