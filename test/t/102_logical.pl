# Logical replication of the tables: the subscriber verifies with the publisher's keys and sees its revocations.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($publisher, $subscriber) = map {
	my $node = PostgreSQL::Test::Cluster->new($_);
	$node->init(allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');
	$node;
} qw(publisher subscriber);

$publisher->safe_psql('postgres', 'SELECT jwt_auth.create_signing_key()');
my $early = log_in($publisher, 'ann');
my $of_flora = ask($publisher, "SELECT jwt_auth.issue_token('link', 'flora', '1 hour')");
my $of_eve = ask($publisher, "SELECT jwt_auth.issue_token('link', 'eve', '1 day')");
my ($publication) = slurp_file(source_file('docs/operations.md')) =~ /^(CREATE PUBLICATION jwt_auth FOR TABLE [^;]*);/m;
$publisher->safe_psql('postgres', $publication);

# One backend of the subscriber that has the empty keyring in its cache.
my $background = open_session($subscriber);
is($background->ask('SELECT jwt_auth.jwks()'), '{"keys": []}', 'the subscriber has no keys');

$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION jwt_auth CONNECTION '" . $publisher->connstr . " dbname=postgres' PUBLICATION jwt_auth");
$subscriber->wait_for_subscription_sync($publisher, 'jwt_auth');

my $verify = sub { "SELECT jwt_auth.jwt_verify('$_[0]') ->> 'sub'" };
is($background->ask($verify->($early->{access_token})), 'ann', 'after the first copy it verifies, in an old backend too');

my $late = log_in($publisher, 'bob');
$publisher->wait_for_catchup('jwt_auth');
is(ask($subscriber, $verify->($late->{access_token})), 'bob', 'a new session is known');
$late = refresh($publisher, $late->{refresh_token});
is($late->{status}, 'ok', 'the publisher refreshes, an update in place');

$publisher->safe_psql('postgres', 'SELECT jwt_auth.rotate_signing_key()');
my $cy = log_in($publisher, 'cy');
$publisher->wait_for_catchup('jwt_auth');
is($background->ask($verify->($cy->{access_token})), 'cy', 'a new key is seen by an old backend');

$publisher->safe_psql('postgres', "SELECT jwt_auth.revoke_user_tokens('ann')");
$publisher->safe_psql('postgres', "SELECT jwt_auth.deny_token('$cy->{access_token}')");
$publisher->wait_for_catchup('jwt_auth');
is(ask($subscriber, $verify->($early->{access_token})), 'error JW010', 'a revocation is seen');
is(ask($subscriber, $verify->($cy->{access_token})), 'error JW011', 'a denied token is refused');
is(ask($subscriber, $verify->($late->{access_token})), 'bob', 'other users are not concerned');
$publisher->safe_psql('postgres', "SELECT jwt_auth.forget_user('flora')");
my $gil = log_in($publisher, 'gil');
my $next = refresh($publisher, $gil->{refresh_token});
$publisher->wait_for_catchup('jwt_auth');
is(ask($subscriber, "SELECT jwt_auth.verify_token('$of_flora', 'link')"), 'error JW009', 'a token of a user who was forgotten is refused');
is(ask($subscriber, "SELECT jwt_auth.verify_token('$of_eve', 'link') ->> 'sub'"), 'eve', 'another is good');
is(ask($subscriber, 'SELECT count(*) FROM jwt_auth.doctor() WHERE subject = $$sealing$$ AND severity = $$error$$'), '0', 'the doctor finds the secret of the server');
# Without it a user key is all that there is to know the user by.
is(ask($subscriber, "BEGIN; DELETE FROM jwt_auth.server_secret; SELECT jwt_auth.verify_token('$of_flora', 'link')"), 'error JW009', 'also where the secret of the server is missing');
like(ask($subscriber, 'BEGIN; DELETE FROM jwt_auth.server_secret; SELECT finding FROM jwt_auth.doctor() WHERE subject = $$sealing$$ AND severity = $$error$$'),
	qr/^the server has no secret, though 1 users were forgotten under one/, 'which the doctor says');
is(ask($publisher, 'SELECT jwt_auth.revoke_all_tokens()') =~ /^error/ ? 'error' : 'done', 'done', 'everybody is cut off');
$publisher->wait_for_catchup('jwt_auth');
is(ask($subscriber, $verify->($late->{access_token})), 'error JW010', 'which the subscriber sees');
$background->close;

# The audit has no key: its rows can be published as they come, and removed only with a replica identity.
my ($audit) = slurp_file(source_file('docs/operations.md')) =~ /^(CREATE PUBLICATION jwt_auth_audit [^;]*);/m;
like($audit, qr/publish = 'insert'/, 'the operations page publishes what is inserted into the audit');
$publisher->safe_psql('postgres', $audit);
$subscriber->safe_psql('postgres', 'TRUNCATE jwt_auth.auth_event');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION jwt_auth SET PUBLICATION jwt_auth, jwt_auth_audit');
$subscriber->wait_for_subscription_sync($publisher, 'jwt_auth');
log_in($publisher, 'eve');
$publisher->wait_for_catchup('jwt_auth');
my $events = 'SELECT string_agg(id || event, $$,$$ ORDER BY id) FROM jwt_auth.auth_event';
is(ask($subscriber, $events), ask($publisher, $events), 'the subscriber has the audit, with its numbers');
$publisher->safe_psql('postgres', q(INSERT INTO jwt_auth.auth_event (at, event) VALUES ('2020-02-02', 'logout')));
$publisher->wait_for_catchup('jwt_auth');
is(ask($publisher, "CALL jwt_auth.purge_events('1 year')"), '', 'the publisher cuts its audit');
is(ask($subscriber, "SELECT count(*) FROM jwt_auth.auth_event WHERE at < '2021-01-01'"), '1', 'and the subscriber keeps its own');
$publisher->safe_psql('postgres', 'CREATE PUBLICATION everything FOR ALL TABLES');
$publisher->safe_psql('postgres', q(INSERT INTO jwt_auth.auth_event (at, event) VALUES ('2020-02-02', 'logout')));
is(ask($publisher, "CALL jwt_auth.purge_events('1 year')"), 'error 55000', 'where deletes are published, the audit needs a replica identity');
$publisher->safe_psql('postgres', 'ALTER TABLE jwt_auth.auth_event REPLICA IDENTITY FULL');
is(ask($publisher, "CALL jwt_auth.purge_events('1 year')"), '', 'with one it is cut');

# A subscriber may take over.
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION jwt_auth');
$publisher->stop;
my ($setval) = slurp_file(source_file('docs/operations.md')) =~ /`(SELECT setval\('jwt_auth\.auth_event_id_seq'.*?)`/;
like(ask($subscriber, $setval), qr/^\d+$/, 'its numbering follows that of the publisher');
is(log_in($subscriber, 'dan')->{status}, 'ok', 'on its own it goes on with the same key');
# As if it had been made without the secret: nothing makes a new one, under which those who were forgotten would not be found.
$subscriber->safe_psql('postgres', 'DELETE FROM jwt_auth.cutoff; DELETE FROM jwt_auth.server_secret');
is(ask($subscriber, 'CALL jwt_auth.purge_expired()'), '', 'a purge without the secret');
like(ask($subscriber, 'SELECT jwt_auth.create_signing_key(activate => false)'), qr/^[\w-]{43}$/, 'a key without the secret');
is(ask($subscriber, 'SELECT count(*) FROM jwt_auth.server_secret'), '0', 'neither makes one');
is(ask($subscriber, "SELECT jwt_auth.verify_token('$of_flora', 'link')"), 'error JW009', 'the token of a user who was forgotten is still refused');
is(ask($subscriber, 'SELECT jwt_auth.proof_nonce()'), 'error 55000', 'what needs one says so');
is(ask($subscriber, 'SELECT jwt_auth.revoke_all_tokens()'), '', 'with all tokens refused');
is(ask($subscriber, 'SELECT jwt_auth.proof_nonce() IS NOT NULL'), 't', 'a new one is made');
is(ask($subscriber, "SELECT jwt_auth.verify_token('$of_flora', 'link')"), 'error JW009', 'and that token is refused as all are');
is(ask($subscriber, 'SELECT count(*) - count(DISTINCT id) FROM jwt_auth.auth_event'), '0', 'and no event has the number of another');
$subscriber->stop;

done_testing();
