# Clean-up by pg_cron, as the operations page says it. Needs pg_cron.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('cron');
$node->init;
$node->append_conf('postgresql.conf', "jwt_auth.leeway = 0\n");
$node->start;
if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'") eq '0')
{
	$node->stop;
	plan skip_all => 'pg_cron is not installed';
}
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron, jwt_auth'\ncron.database_name = 'postgres'\ncron.use_background_workers = on\n");
$node->restart;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron; CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
my $ended = log_in($node, 'ann');
my $alive = log_in($node, 'bob');
$node->safe_psql('postgres', "UPDATE jwt_auth.refresh_session SET purge_after = '2020-01-01', idle_ends_at = '2020-01-01' WHERE user_id = 'ann'");
my ($schedule) = slurp_file(source_file('docs/operations.md')) =~ /^(SELECT cron\.schedule\('jwt_auth', .*\));?$/m;
like($schedule, qr/purge_expired/, 'the operations page schedules it');
$schedule =~ s/'17 3 \* \* \*'/'* * * * *'/ or die;
like(ask($node, $schedule), qr/^\d+$/, 'and pg_cron takes it');
ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')"), 'the job has run');
# The next minute's may be running already.
is(ask($node, 'SELECT status FROM cron.job_run_details ORDER BY runid LIMIT 1'), 'succeeded', 'without an error');
is(ask($node, 'SELECT user_id FROM jwt_auth.refresh_session'), 'bob', 'what had ended is gone, what lives is there');
is(ask($node, "SELECT detail ->> 'status' FROM jwt_auth.auth_event WHERE event = 'expired'"), 'idle_expired', 'and the audit says why');
is(refresh($node, $alive->{refresh_token})->{status}, 'ok', 'the other session goes on');
is(refresh($node, $ended->{refresh_token})->{status}, 'invalid', 'the ended one does not');
$node->stop;
done_testing();
