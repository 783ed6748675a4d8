# Users refresh on every node without a pause while shards move, and then while a worker is killed and comes back: no session is lost,
# and what was revoked is accepted nowhere.
use strict;
use warnings;
use Ask;
use Nodes;
use POSIX ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time sleep);
use Test::More;

my ($coordinator, @workers) = start_nodes("jwt_auth.refresh_reuse_interval = '1min'", 'citus.node_connection_timeout = 5s');
my @nodes = ($coordinator, @workers);
distribute($coordinator, 'every_node');
is(ask($coordinator, 'SELECT jwt_auth.create_signing_key() IS NOT NULL'), 't', 'a key');

my $results = PostgreSQL::Test::Utils::tempdir();
my @users = map { "user $_" } 0 .. 5;
my %first = map { $_ => log_in($coordinator, $_) } @users;

# One user at one node until the file `stop` is there: refreshes, and each access token is verified. Errors are tried again with the
# same token, at another node if a connection is gone. Answers how often the answer was ok or replayed, how many errors there were, the
# last token, and what went wrong.
sub keep_refreshing
{
	my ($user, $at) = @_;
	my $token = $first{$user}{refresh_token};
	my %count = (ok => 0, replayed => 0, errors => 0);
	my $session = open_session($nodes[$at]);
	my $since;
	until (-e "$results/stop" && !$since)
	{
		my $answer = eval { $session->ask("SELECT status, refresh_token, access_token FROM jwt_auth.refresh_session('$token')") } // 'error lost';
		if ($answer eq '' || $answer =~ /^error/)
		{
			$count{errors}++;
			$since //= time;
			return (\%count, $token, "errors for a minute: $answer") if time - $since > 60;
			sleep 0.1;
			if ($answer eq '' || $answer =~ /lost|57P|08/)
			{
				eval { $session->kill };
				$at = 0;
				$session = open_session($nodes[0]);
			}
			next;
		}
		my ($status, $next, $access) = split /\|/, $answer;
		return (\%count, $token, "status $status") if $status !~ /^(?:ok|replayed)$/;
		$since = undef;
		$count{$status}++;
		$token = $next;
		my $sub = eval { $session->ask("SELECT jwt_auth.jwt_verify('$access') ->> 'sub'") } // 'error lost';
		return (\%count, $token, "its access token: $sub") if $sub ne $user && $sub !~ /^(?:|error (?:lost|57P..|08...|XX000|55...))$/;
	}
	return (\%count, $token, '');
}

# Users who log in and are revoked, one after the other: after the answer no node accepts the token.
sub keep_revoking
{
	my %count = (ok => 0, replayed => 0, errors => 0);
	for (my $n = 0; !-e "$results/stop"; $n++)
	{
		my ($status, $access) = split /\|/, ask($coordinator, "SELECT status, access_token FROM jwt_auth.issue_refresh_session('leaver $n')");
		if ($status ne 'ok') { $count{errors}++; sleep 0.1; next; }
		my $revoked = ask($coordinator, "SELECT jwt_auth.revoke_user_tokens('leaver $n') IS NOT NULL");
		if ($revoked ne 't') { $count{errors}++; sleep 0.1; next; }
		$count{ok}++;
		for my $node (@nodes)
		{
			my $answer = ask($node, "SELECT jwt_auth.jwt_verify('$access') ->> 'sub'");
			return (\%count, '', "accepted after its revocation by " . $node->name) if $answer eq "leaver $n";
		}
	}
	return (\%count, '', '');
}

# Runs $body while all that goes on; answers what each of them said.
sub under_load
{
	my ($what, $places, $body) = @_;
	unlink "$results/stop";
	my %pid;
	for my $n (0 .. @users)
	{
		defined($pid{$n} = fork) or die "fork: $!";
		next if $pid{$n};
		# A child that died would stop the servers on its way out, since they are the parent's objects.
		my ($count, $token, $failure) = eval { $n < @users ? keep_refreshing($users[$n], $places->[ $n % @$places ]) : keep_revoking() };
		($count, $token, $failure) = ({ ok => 0, replayed => 0, errors => 0 }, '', 'died: ' . ($@ =~ s/\n.*//sr)) unless $count;
		append_to_file("$results/$what.$n", "$count->{ok} $count->{replayed} $count->{errors} $token $failure\n");
		POSIX::_exit(0);
	}
	sleep 2;
	$body->();
	sleep 2;
	append_to_file("$results/stop", '');
	for my $n (sort keys %pid)
	{
		waitpid $pid{$n}, 0;
		my ($ok, $replayed, $errors, $token, $failure) = split / /, slurp_file("$results/$what.$n") =~ s/\n\z//r, 5;
		my $who = $n < @users ? $users[$n] : 'whoever revokes';
		is($failure, '', "$what: $who: $ok times ok, $replayed replayed, $errors errors");
		cmp_ok($ok, '>', 3, "$what: $who got on");
		$first{$who}{refresh_token} = $token if $n < @users;
	}
	return;
}

my $moved = 0;
under_load('shards move', [ 0, 1, 2 ], sub {
	for my $round (1 .. 6)
	{
		my ($shard, $port) = shard_of($coordinator, $users[ $round % @users ]);
		my ($from) = grep { $_->port == $port } @workers;
		my ($to) = grep { $_->port != $port } @workers;
		my ($host, $at, $other, $there) = (address_of($from), address_of($to));
		my $mode = $round % 2 ? 'block_writes' : 'force_logical';
		my $answer = ask($coordinator, "SELECT citus_move_shard_placement($shard, '$host', $at, '$other', $there, '$mode')");
		is($answer, '', "a shard moves: $mode");
		$moved++ if $answer eq '';
	}
});
cmp_ok($moved, '>', 3, 'shards moved');

under_load('a worker dies', [ 0, 1 ], sub {
	$workers[1]->stop('immediate');
	my ($answered) = grep { (shard_of($coordinator, $_))[1] == $workers[0]->port } map { "calm $_" } 1 .. 30;
	my ($silent) = grep { (shard_of($coordinator, $_))[1] == $workers[1]->port } map { "mute $_" } 1 .. 30;
	is(ask($coordinator, "SELECT status FROM jwt_auth.issue_refresh_session('$answered')"), 'ok', 'users of the other worker log in');
	is(ask($coordinator, "SELECT status FROM jwt_auth.issue_refresh_session('$silent')"), 'error 08006', 'users of this one do not');
	is(ask($coordinator, 'SELECT jwt_auth.revoke_all_tokens()'), 'error 08006', 'nor is there a cutoff for everybody');
	sleep 2;
	$workers[1]->start;
});
is(ask($workers[1], 'SELECT count(*) FROM pg_prepared_xacts'), '0', 'nothing is left prepared') if $coordinator->poll_query_until('postgres', 'SELECT recover_prepared_transactions() = 0');

# The sessions are those of the beginning.
for my $user (@users)
{
	my $answer = refresh($workers[1], $first{$user}{refresh_token});
	like($answer->{status}, qr/^(?:ok|replayed)$/, "$user: goes on");
	is($answer->{session_id}, $first{$user}{session_id}, "$user: in the same session");
	is(ask($coordinator, "SELECT count(*) FROM jwt_auth.user_sessions('$user')"), '1', "$user: the only one");
}

done_testing();
