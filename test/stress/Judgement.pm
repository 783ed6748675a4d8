# A server under stress, and the judgement of what it did: shared by the run and the crash.
package Judgement;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Stress;
use Test::More;

our @EXPORT_OK = qw(stressed_node new_stress judge);

use constant USERS => 12;

sub stressed_node
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', join("\n", "log_statement = none", 'max_connections = 60', @settings) . "\n");
	$node->start;
	$node->safe_psql('postgres', q{
		CREATE EXTENSION jwt_auth;
		SELECT jwt_auth.create_signing_key('HS256');
		SELECT jwt_auth.set_session_class('app', max_sessions => 2), jwt_auth.set_session_class('passing', max_sessions => 2), jwt_auth.set_session_class('service', listed => false),
		  jwt_auth.set_session_class('imported', max_sessions => 0);
		CREATE TABLE app_user (name text PRIMARY KEY, password_hash uuid);
		CREATE TABLE forgotten (name text, since timestamptz, seen pg_snapshot DEFAULT pg_current_snapshot());
		INSERT INTO app_user SELECT 'user ' || n FROM generate_series(0, 99) n;
		CREATE TRIGGER revoke AFTER UPDATE ON app_user FOR EACH ROW
		  WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.name IS DISTINCT FROM NEW.name)
		  EXECUTE FUNCTION jwt_auth.revoke_on_password_change('name');
	});
	return $node;
}

sub new_stress
{
	my ($node, @options) = @_;
	my $seed = $ENV{JWT_AUTH_STRESS_SEED} // int rand 2**31;
	note "seed $seed";
	return Stress->new(psql => [ 'psql', '-d', $node->connstr('postgres') ], clients => 12, users => USERS, seed => $seed, @options);
}

my $ENDINGS = q{'evicted', 'replaced', 'reuse_detected', 'unknown_rotation', 'ip_mismatch', 'fingerprint_mismatch', 'expired', 'logout',
	'session_revoked', 'others_revoked', 'user_revoked', 'all_revoked', 'locked'};

# What the rows say against what the model knows, once everything is quiet.
sub judge
{
	my ($node, $stress) = @_;
	diag $stress->summary;
	$node->safe_psql('postgres', 'CALL jwt_auth.purge_expired()');
	$stress->judge;
	my @problems = $stress->problems;
	is(scalar @problems, 0, 'no answer contradicts another') or diag join "\n", @problems[ 0 .. ($#problems > 20 ? 20 : $#problems) ];

	is( $node->safe_psql('postgres', "SELECT count(*) FROM (SELECT class, count(*) AS n FROM jwt_auth.refresh_session WHERE actor IS NULL GROUP BY user_id, class) s WHERE n > CASE class WHEN 'app' THEN 2 WHEN 'passing' THEN 2 WHEN 'service' THEN 3 WHEN 'imported' THEN n ELSE 5 END"),
		'0', 'no user is above the limit of a class, or of sessions without one');
	is( $node->safe_psql('postgres', 'SELECT count(*) FROM (SELECT FROM jwt_auth.refresh_session WHERE device_hash IS NOT NULL GROUP BY user_id, class, device_hash HAVING count(*) > 1) s'),
		'0', 'no device has two sessions of a class');
	is( $node->safe_psql('postgres', qq{
		SELECT l.session_id, s.session_id IS NOT NULL, ARRAY(SELECT (e.id, e.at, e.event, e.user_id, e.detail) FROM jwt_auth.auth_event e WHERE e.session_id = l.session_id ORDER BY id)
		FROM (SELECT DISTINCT session_id FROM jwt_auth.auth_event WHERE event IN ('login', 'imported') AND session_id IS NOT NULL) l
		LEFT JOIN jwt_auth.refresh_session s USING (session_id)
		WHERE (s.session_id IS NULL)::integer <> (SELECT count(*) FROM jwt_auth.auth_event e WHERE e.session_id = l.session_id AND e.event IN ($ENDINGS))}),
		'', 'each session is there, or has exactly one event that says why not');
	is( $node->safe_psql('postgres', "SELECT count(*) FROM jwt_auth.refresh_session s WHERE NOT EXISTS (SELECT FROM jwt_auth.auth_event e WHERE e.session_id = s.session_id AND e.event = CASE WHEN s.actor IS NOT NULL THEN 'impersonated' WHEN s.class = 'imported' THEN 'imported' ELSE 'login' END)"),
		'0', 'each session has its beginning in the audit');
	# Events of tokens are written beside whoever forgets, and may come after. Where the clock jumps, "before" is what the transaction saw.
	my $before = $stress->{clock_jumps} ? 'pg_visible_in_snapshot(e.xmin::text::xid8, f.seen)' : 'e.at < f.since';
	is( $node->safe_psql('postgres', "SELECT count(DISTINCT e.id) FROM jwt_auth.auth_event e JOIN forgotten f ON f.name = e.user_id WHERE $before AND e.session_id IS NOT NULL AND e.event NOT IN ('token_denied', 'token_consumed', 'impersonated')"),
		'0', 'nothing in the audit names who was forgotten since');
	is( $node->safe_psql('postgres', 'SELECT count(*) FROM (SELECT session_id FROM jwt_auth.session_data UNION ALL SELECT session_id FROM jwt_auth.imported_token) d WHERE NOT EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.session_id = d.session_id)'),
		'0', 'no data and no imported token is left of a session that is gone');

	my %row = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', 'SELECT session_id FROM jwt_auth.refresh_session');
	my $presentations = "SET jwt_auth.refresh_reuse_interval = '1d';\n";
	for my $session ($stress->sessions)
	{
		$presentations .= "SELECT '$session->{id}', status FROM jwt_auth.refresh_session('$session->{tokens}{ $session->{latest} }');\n";
	}
	my %status = map { split /\|/ } split /\n/, $node->safe_psql('postgres', $presentations);
	my (@wrong, $alive, $over);
	for my $session ($stress->sessions)
	{
		my $there = $row{ $session->{id} };
		push @wrong, "$session->{id} has ended and is there" if $there && grep { $_->{definite} } @{ $session->{ends} };
		push @wrong, "$session->{id} has not ended and is gone" if !$there && !@{ $session->{ends} };
		my $expected = $there ? ($session->{unanswered} ? qr/^(ok|replayed)$/ : qr/^ok$/) : qr/^invalid$/;
		my $status = $status{ $session->{id} };
		push @wrong, "the last token of $session->{id} answers $status" unless $status =~ $expected;
		$there ? $alive++ : $over++;
	}
	is(scalar @wrong, 0, "each client's last token refreshes, or its session was ended: $alive alive, $over over")
	  or diag join "\n", @wrong[ 0 .. ($#wrong > 20 ? 20 : $#wrong) ];
	# Whether any is alive is chance: the last thing that happened may have cut off everybody.
	cmp_ok($alive + $over, '>', 0, 'there were sessions to judge');
	cmp_ok($over, '>', 0, 'some are over');
	return;
}

1;
