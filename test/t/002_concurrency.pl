# Races as a crowd makes them: a user's log-ins all at once, one refresh token presented all at once.
use strict;
use warnings;
use lib '.';
use JwtAuth qw(start_node at_once);
use Test::More;

# A retry counts as one however slow the machine is.
my $node = start_node('crowd', "jwt_auth.refresh_reuse_interval = '1h'");

# The gate stands behind the first snapshot, so at REPEATABLE READ nobody can see anybody else's work.
my $behind_the_gate = "SELECT count(*) >= 0 FROM jwt_auth.refresh_session;\nSELECT pg_advisory_xact_lock_shared(42);\n";

for my $isolation ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my $user = lc $isolation =~ s/ .*//r;
	my @log_ins = at_once($node, 16, <<"EOS");
BEGIN ISOLATION LEVEL $isolation;
$behind_the_gate
SELECT 'status ' || status FROM jwt_auth.issue_refresh_session('$user');
COMMIT;
EOS
	my $ok = grep { $_->{output} =~ /^status ok$/m && $_->{error} eq '' } @log_ins;
	my $serialization = grep { $_->{error} =~ /ERROR:  40001$/m } @log_ins;
	is($ok + $serialization, 16, "$isolation: each of 16 log-ins is answered or fails with 40001");
	is($ok, 16, "$isolation: all are answered") if $isolation eq 'READ COMMITTED';
	cmp_ok($ok, '>=', 1, "$isolation: at least one is answered ($ok)");
	my $live = $node->safe_psql('postgres', "SELECT count(*) FROM jwt_auth.user_sessions('$user')");
	cmp_ok($live, '<=', 5, "$isolation: at most 5 sessions live ($live)");
	is($live, $ok < 5 ? $ok : 5, "$isolation: as many as were answered, up to the limit");
	is( $node->safe_psql('postgres', "SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = '$user'"),
		$live, "$isolation: and no other row is left");
}

for my $isolation ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my $user = 'refresh ' . lc $isolation;
	my $token = $node->safe_psql('postgres', "SELECT refresh_token FROM jwt_auth.issue_refresh_session('$user')");
	my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM jwt_auth.auth_event');
	my @refreshes = at_once($node, 20, <<"EOS");
BEGIN ISOLATION LEVEL $isolation;
$behind_the_gate
SELECT 'answer ' || status || ' ' || refresh_token FROM jwt_auth.refresh_session('$token');
COMMIT;
EOS
	my (%status, %successor);
	for my $refresh (@refreshes)
	{
		if ($refresh->{output} =~ /^answer (\S+) (\S+)$/m && $refresh->{error} eq '')
		{
			$status{$1}++;
			$successor{$2}++;
		}
		elsif ($refresh->{error} =~ /ERROR:  40001$/m) { $status{40001}++; }
		else { $status{"$refresh->{output} $refresh->{error}"}++; }
	}
	is($status{ok}, 1, "$isolation: exactly one of 20 refreshes rotates");
	is(scalar(keys %successor), 1, "$isolation: everybody gets the same successor");
	if ($isolation eq 'READ COMMITTED')
	{
		is_deeply(\%status, { ok => 1, replayed => 19 }, "$isolation: the other 19 are replays");
	}
	else
	{
		is(($status{ok} // 0) + ($status{replayed} // 0) + ($status{40001} // 0), 20,
			"$isolation: the others are replays or fail with 40001 (" . join(', ', map { "$_ $status{$_}" } sort keys %status) . ')');
	}
	my ($successor) = keys %successor;
	is($node->safe_psql('postgres', "SELECT status FROM jwt_auth.refresh_session('$successor')"),
		'ok', "$isolation: the session goes on with it");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM jwt_auth.auth_event'), $before, "$isolation: nobody was taken for a thief");
}

# Single statements in autocommit mode, as most applications call it.
{
	my $token = $node->safe_psql('postgres', "SELECT refresh_token FROM jwt_auth.issue_refresh_session('plain')");
	my @refreshes = at_once($node, 20, <<"EOS");
SELECT pg_advisory_xact_lock_shared(42);
SELECT status || ' ' || refresh_token FROM jwt_auth.refresh_session('$token');
EOS
	my (%status, %successor);
	for (@refreshes)
	{
		$_->{output} =~ /^(\S+) (\S+)$/m or next;
		$status{$1}++;
		$successor{$2}++;
	}
	is_deeply(\%status, { ok => 1, replayed => 19 }, 'autocommit: one rotates, 19 are replays');
	is(scalar(keys %successor), 1, 'autocommit: the same successor for all');
}

$node->stop;
done_testing();
