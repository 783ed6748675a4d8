# High availability as the operations page says it: what each node needs before a switch, what an asynchronous failover loses and
# what a synchronous one does not, and how the old primary comes back.
use strict;
use warnings;
use lib '.';
use Ask;
use JwtAuth qw(start_standby);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $key_file = PostgreSQL::Test::Utils::tempdir() . '/key';
append_to_file($key_file, ('e1' x 32) . "\n");
chmod 0600, $key_file or die;
my $with_file = "jwt_auth.key_encryption_key_file = '$key_file'";

my $one = PostgreSQL::Test::Cluster->new('one');
$one->init(allows_streaming => 1);
$one->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nlog_statement = none\nwal_log_hints = on\nwal_keep_size = '256MB'\n");
$one->start;
$one->safe_psql('postgres', "CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key('HS256')");
my $two = start_standby($one, 'two');

sub caught_up { return $_[0]->wait_for_catchup($_[1], 'replay', $_[0]->lsn('insert')) }
sub verify { return "SELECT jwt_auth.jwt_verify('$_[0]') ->> 'sub'" }
sub errors { return ask($_[0], "SELECT string_agg(subject, ' ' ORDER BY subject) FROM jwt_auth.doctor() WHERE severity = 'error'") }

# The key file on every node, before sealing.
my $ann = log_in($one, 'ann');
$one->append_conf('postgresql.conf', "$with_file\n");
$one->reload;
caught_up($one, $two);
is(errors($two), '', 'before sealing the doctor has no error on the standby');
ok($one->poll_query_until('postgres', "SELECT current_setting('jwt_auth.key_encryption_key_file') <> ''"), 'the primary knows the file');
is(ask($one, 'SELECT jwt_auth.seal_signing_keys()'), '1', 'the key is sealed on the primary');
caught_up($one, $two);
is(ask($two, verify($ann->{access_token})), 'error JW022', 'a standby without the file verifies no token of an HMAC key');
is(ask($two, "SELECT jwt_auth.jwt_sign('{}')"), 'error JW022', 'and signs nothing');
like(errors($two), qr/sealing/, 'which the doctor says there');
is(errors($one), '', 'and not on the primary');
$two->append_conf('postgresql.conf', "$with_file\n");
$two->reload;
ok($two->poll_query_until('postgres', "SELECT current_setting('jwt_auth.key_encryption_key_file') <> ''"), 'the file is on the standby');
is(errors($two), '', 'then the doctor is content');
is(ask($two, verify($ann->{access_token})), 'ann', 'and tokens verify');

# Asynchronous: what the standby had not got is lost.
my %of = map { $_ => log_in($one, $_) } qw(bob cem);
caught_up($one, $two);
$two->stop;
is(ask($one, "SELECT jwt_auth.revoke_user_tokens('bob', 'stolen')"), '1', 'a user is revoked while the standby is away');
my $rotated = refresh($one, $of{cem}{refresh_token});
my $lost = log_in($one, 'dot');
is(ask($one, verify($of{bob}{access_token})), 'error JW010', 'the primary refuses the revoked user');
my $position = ask($one, 'SELECT max(position) FROM jwt_auth.revocations()');
$one->stop('immediate');
$two->start;
$two->promote;
is(ask($two, "SELECT count(*) FROM jwt_auth.revocations($position)"), 'error 22023', 'readers of revocations() are told to start anew');
is(ask($two, verify($of{bob}{access_token})), 'bob', 'after the failover the lost revocation is as if it had not been');
is(ask($two, "SELECT count(*) FROM jwt_auth.revocations() WHERE user_id = 'bob'"), '0', 'and nothing there tells of it');
is(refresh($two, $rotated->{refresh_token})->{status}, 'invalid', 'a lost rotation is answered invalid');
is(ask($two, "SELECT string_agg(event, ' ' ORDER BY id) FROM jwt_auth.auth_event WHERE user_id = 'cem'"), 'login unknown_rotation', 'and is no theft');
is(refresh($two, $lost->{refresh_token})->{status}, 'invalid', 'a lost log-in logs in again');
my ($advice) = slurp_file(source_file('docs/operations.md')) =~ /`(revoke_all_tokens\('failover'\))`/;
is(ask($two, 'SELECT jwt_auth.' . ($advice // 'nothing_on_the_page()')), '', 'the page says what to do where that matters');
is(ask($two, verify($of{bob}{access_token})), 'error JW010', 'and then the session is refused');
is(refresh($two, $of{bob}{refresh_token})->{status}, 'invalid', 'with its refresh token');
is(ask($two, "SELECT string_agg(kind, ' ') FROM jwt_auth.revocations()"), 'session everybody', 'and readers that start anew are told');

# The old primary comes back as a standby.
is(log_in($two, 'eve')->{status}, 'ok', 'users log in at the new primary');
$two->safe_psql('postgres', 'CHECKPOINT');
$one->start;
$one->stop;
command_ok([ 'pg_rewind', '--no-sync', '--target-pgdata', $one->data_dir, '--source-server', $two->connstr('postgres') ], 'the old primary is rewound');
$one->append_conf('postgresql.conf', 'port = ' . $one->port . "\nunix_socket_directories = '" . $one->host . "'\n");
$one->enable_streaming($two);
$one->set_standby_mode;
$one->start;
caught_up($two, $one);
is(ask($one, "SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'dot'"), '0', 'what it alone knew is gone');
is(errors($one), '', 'the doctor is content with it');

# Synchronous, and remote_apply for what revokes: nothing is lost.
my $fay = log_in($two, 'fay');
$two->append_conf('postgresql.conf', "synchronous_standby_names = '*'\n");
$two->reload;
ok($two->poll_query_until('postgres', "SELECT sync_state = 'sync' FROM pg_stat_replication"), 'the standby is synchronous');
is(ask($one, verify($fay->{access_token})), 'fay', 'the standby knows the session');
is(ask($two, "BEGIN; SET LOCAL synchronous_commit = remote_apply; SELECT jwt_auth.revoke_user_tokens('fay'); COMMIT"), '1', 'a revocation waits for the standby');
is(ask($one, 'SET jwt_auth.standby_margin = 0; ' . verify($fay->{access_token})), 'error JW010', 'which refuses the token as soon as it has committed');
$two->stop('immediate');
$one->promote;
is(ask($one, verify($fay->{access_token})), 'error JW010', 'and after the failover as well');
is(refresh($one, $fay->{refresh_token})->{status}, 'invalid', 'so does the refresh');
# pg_rewind brought the configuration along.
$one->safe_psql('postgres', "ALTER SYSTEM SET synchronous_standby_names = ''");
$one->reload;
is(log_in($one, 'gil')->{status}, 'ok', 'users log in there');
is(errors($one), '', 'and the doctor is content');
$one->stop;
done_testing();
