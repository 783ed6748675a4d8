# Cutting a large audit: in commits, each page read once, and the index on the time as narrow as before.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('audit');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key(); DELETE FROM jwt_auth.auth_event');

sub fill
{
	my ($from, $to, $per_day) = @_;
	$node->safe_psql('postgres', <<"EOS");
INSERT INTO jwt_auth.auth_event (at, event, user_id, user_agent)
  SELECT now() - (d || ' days')::interval + i * interval '1 second', 'refreshed', 'user ' || i, repeat('a', 60)
  FROM generate_series($from, $to, -1) d, generate_series(1, $per_day) i
EOS
	return;
}
my $count = sub { ask($node, 'SELECT count(*) FROM jwt_auth.auth_event' . ($_[0] ? " WHERE $_[0]" : '')) };
# How much a statement adds to a figure of the table. Sessions that have gone tell what they read only as they end.
sub added
{
	my ($figure, $sql) = @_;
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'") or die;
	my $read = "SELECT $figure AS figure FROM pg_stat_all_tables JOIN pg_statio_all_tables USING (relid) WHERE relid = 'jwt_auth.auth_event'::regclass";
	return ask($node, "SET stats_fetch_consistency = none; $read \\gset\n$sql; SELECT FROM pg_stat_force_next_flush(); SELECT figure - :figure FROM ($read) AS now")
	  =~ s/\s//gr;
}

# 100 days of 1500 events.
fill(100, 1, 1500);
$node->safe_psql('postgres', 'VACUUM (ANALYZE) jwt_auth.auth_event');
my $pages = ask($node, "SELECT pg_relation_size('jwt_auth.auth_event') / 8192");
cmp_ok($pages, '>', 2000, "the audit has $pages pages");

# Half of it in batches of 500, canceled on the way: the fifth batch would take an hour.
$node->safe_psql('postgres', <<'EOS');
CREATE SEQUENCE batch;
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_sleep(CASE WHEN nextval('public.batch') < 5 THEN 0.05 ELSE 3600 END); RETURN NULL;
END $$;
CREATE TRIGGER slow BEFORE DELETE ON jwt_auth.auth_event EXECUTE FUNCTION slow();
EOS
my $purger = open_session($node);
$purger->send("CALL jwt_auth.purge_events('50 days 12:00', 500)");
ok($node->poll_query_until('postgres', "SELECT query ~ 'purge_events\\(\\): [0-9]{4,} events done' FROM pg_stat_activity WHERE pid = $purger->{pid}"),
	'pg_stat_activity shows how far it is');
ask($node, "SELECT pg_cancel_backend($purger->{pid})");
is($purger->answer, 'error 57014', 'canceled');
is($purger->ask('SELECT current_user = session_user'), 't', 'and the role is the caller\'s');
$purger->close;
my $left = $count->();
cmp_ok($left, '<=', 150000 - 1000, 'what it had done is done');
is($left % 500, 0, 'in whole batches');
$node->safe_psql('postgres', 'DROP TRIGGER slow ON jwt_auth.auth_event');

is(added('seq_scan', "CALL jwt_auth.purge_events('50 days 12:00', 500)"), '0', 'called again, none of its batches reads the whole table');
is($count->(), '75000', 'the rest of the half is gone');
is($count->("at < now() - interval '50 days 12:00'"), '0', 'the older one');

# Twice the batches, about the same reads: a page is not read again for each batch.
$node->safe_psql('postgres', 'VACUUM (FREEZE, ANALYZE) jwt_auth.auth_event');
$node->restart;
my $few = added('heap_blks_read', "CALL jwt_auth.purge_events('40 days 12:00', 100000)");
is($count->(), '60000', 'a fifth in one batch');
$node->restart;
my $many = added('heap_blks_read', "CALL jwt_auth.purge_events('30 days 12:00', 100)");
is($count->(), '45000', 'a fifth in 150 batches');
cmp_ok($many, '<', 3 * $few + 200, "read $few pages for one batch and $many for 150");

# New events go where old ones were. The index forgets the times of the old ones, and VACUUM notes those that are there.
$node->safe_psql('postgres', 'VACUUM (ANALYZE) jwt_auth.auth_event');
fill(0, 0, 100000);
my $grown = ask($node, "SELECT pg_relation_size('jwt_auth.auth_event') / 8192");
cmp_ok($grown, '<', 1.1 * $pages, "new events took the room of old ones: $grown pages");
$node->safe_psql('postgres', 'VACUUM (ANALYZE) jwt_auth.auth_event');
my $plan = ask($node, "SET enable_seqscan = off; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM jwt_auth.auth_event WHERE at < now() - interval '29 days'");
like($plan, qr/Bitmap Index Scan on auth_event_at/, 'a search for old events uses the index');
my ($lossy) = $plan =~ /Heap Blocks: lossy=(\d+)/;
cmp_ok($lossy // 0, '<', $grown / 3, 'and reads ' . ($lossy // 0) . " of $grown pages");

# Kept: log-ins of sessions that are still there, also when their pages were recycled.
my $ann = log_in($node, 'ann');
$node->safe_psql('postgres', "UPDATE jwt_auth.auth_event SET at = now() - interval '90 days' WHERE user_id = 'ann'");
is(ask($node, "CALL jwt_auth.purge_events('29 days 12:00')"), '', 'cut again');
is($count->("at < now() - interval '29 days 12:00'"), '1', 'what is old is gone, but for one');
is($count->("user_id = 'ann' AND event = 'login'"), '1', 'the log-in of a session that lives');
is(refresh($node, $ann->{refresh_token})->{status}, 'ok', 'which goes on');
is(ask($node, "SELECT count FROM jwt_auth.stats WHERE what = 'purge' AND outcome = 'events'") > 0 ? 'counted' : 'not counted', 'counted', 'and the counts say so');

# The doctor sees an audit that nobody cuts.
my $hint = sub { ask($node, "BEGIN; $_[0]; SELECT finding FROM jwt_auth.doctor() WHERE finding LIKE 'the audit%'; ROLLBACK") };
my $large = "UPDATE pg_class SET reltuples = 2e7 WHERE oid = 'jwt_auth.auth_event'::regclass";
is($hint->($large), '', 'a large audit that is cut is well');
is($hint->("DELETE FROM jwt_auth.auth_event; $large"), '', 'so is an empty one');
$node->safe_psql('postgres', "TRUNCATE jwt_auth.auth_event; INSERT INTO jwt_auth.auth_event (at, event) VALUES ('2020-02-02', 'logout')");
is($hint->($large), 'the audit has some 20 million events, the first of 2020-02-02', 'the doctor tells of one that begins long ago');
is($hint->('ANALYZE jwt_auth.auth_event'), '', 'and not where it is small');
$node->stop;

done_testing();
