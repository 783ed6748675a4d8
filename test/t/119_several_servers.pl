# Users spread over plain servers: the ring comes by logical replication, a server answers JW018 for users that are not its own, and a
# range of users moves to a further server while they go on refreshing, and nobody is logged out.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my %servers;
for my $name (qw(first second third))
{
	my $node = $servers{$name} = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\njwt_auth.refresh_reuse_interval = '1min'\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');
}
my ($first, $second, $third) = @servers{qw(first second third)};

sub set_range
{
	my ($node, $range) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET jwt_auth.user_key_range = '$range'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('jwt_auth.user_key_range') = '$range'") or die;
	return;
}

# The ring, the trusted issuers and the cutoff for everybody are the first server's.
my $ring = 'jwt_auth.signing_key, jwt_auth.token_lifetime, jwt_auth.trusted_issuer, jwt_auth.cutoff, jwt_auth.server_secret, jwt_auth.session_class';
$first->safe_psql('postgres', "CREATE PUBLICATION ring FOR TABLE $ring; SELECT jwt_auth.create_signing_key()");
for my $node ($second, $third)
{
	my $name = $node->name;
	$node->safe_psql('postgres', "CREATE SUBSCRIPTION of_$name CONNECTION '" . ($first->connstr('postgres') =~ s/'/''/gr) . "' PUBLICATION ring");
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM jwt_auth.signing_key WHERE state = 'active'") or die;
	$node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM jwt_auth.server_secret') or die;
}
set_range($first, '-2147483648..-1');
set_range($second, '0..2147483647');
set_range($third, '2147483647..2147483647');

sub key_of { return ask($first, "SELECT jwt_auth.user_key('$_[0]')") }
my @users = map { "user $_" } 1 .. 12;
my %home = map { $_ => key_of($_) < 0 ? $first : $second } @users;
my ($here) = grep { $home{$_} == $first } @users;
my ($there) = grep { $home{$_} == $second } @users;

my $session = log_in($second, $there);
is(ask($first, "SELECT jwt_auth.token_user_key('$session->{access_token}') = jwt_auth.user_key('$there')"), 't', 'any server says whose token it is');
is(ask($first, "SELECT jwt_auth.token_user_key('$session->{refresh_token}') = jwt_auth.user_key('$there')"), 't', 'of a refresh token too');
is(ask($second, "SELECT jwt_auth.jwt_verify('$session->{access_token}') ->> 'sub'"), $there, 'its own server verifies it');
is(ask($first, "SELECT jwt_auth.jwt_verify('$session->{access_token}')"), 'error JW018', 'another one says that it is of another server');
is(ask($first, "SELECT status FROM jwt_auth.refresh_session('$session->{refresh_token}')"), 'error JW018', 'as to a refresh');
is(ask($first, "SELECT status FROM jwt_auth.issue_refresh_session('$there')"), 'error JW018', 'to a log-in');
is(ask($first, "SELECT jwt_auth.revoke_user_tokens('$there')"), 'error JW018', 'and to a revocation');
is(refresh($second, $session->{refresh_token})->{status}, 'ok', 'nothing has happened to the session');
my $signed = ask($second, "SELECT jwt_auth.jwt_sign('{\"sub\": \"$there\"}')");
is(ask($first, "SELECT jwt_auth.jwt_verify('$signed') ->> 'sub'"), $there, 'a token without a session is verified anywhere');
my $local = log_in($first, $here);

# A range moves from the second server to the third one, under load: each user refreshes all the time, at the server that says nothing of
# JW018.
my ($from, $to) = (0, 1073741823);
my @moving = grep { my $key = key_of($_); $key >= $from && $key <= $to } map { "mover $_" } 1 .. 40;
@moving = @moving[ 0 .. 3 ];
my %pid;
my $results = PostgreSQL::Test::Utils::tempdir();
my $stop = "$results/stop";
# Answers where the user was at the end, how often he refreshed, and what went wrong, if anything.
sub keep_refreshing
{
	my ($n) = @_;
	my @at = map { open_session($_) } $second, $third;
	my ($place, $moved, $good) = (0, 0, 0);
	my ($status, $token) = split /\|/, $at[0]->ask("SELECT status, refresh_token FROM jwt_auth.issue_refresh_session('$moving[$n]', metadata => '{\"device\": $n}')");
	return "0 0 log-in: $status" if $status ne 'ok';
	until (-e $stop && $moved)
	{
		my $answer = $at[$place]->ask("SELECT status, refresh_token FROM jwt_auth.refresh_session('$token')");
		if ($answer eq 'error JW018')
		{
			$place = 1 - $place;
			$moved = 1 if $good;
			next;
		}
		my ($new_status, $new_token) = split /\|/, $answer;
		return "$place $good $answer" if ($new_status // '') ne 'ok';
		$token = $new_token;
		return "$place $good no end" if ++$good > 20000;
	}
	return "$place $good ";
}
for my $n (0 .. $#moving)
{
	defined($pid{$n} = fork) or die "fork: $!";
	next if $pid{$n};
	# A child that died would stop the servers on its way out, since they are the parent's objects.
	my $outcome = eval { keep_refreshing($n) } // '0 0 died: ' . ($@ =~ s/\n.*//sr);
	append_to_file("$results/$n", $outcome);
	require POSIX;
	POSIX::_exit(0);
}
$second->poll_query_until('postgres', "SELECT count(*) = " . @moving . " FROM jwt_auth.refresh_session WHERE generation > 5 AND user_id LIKE 'mover %'") or die;

# Somebody of the first server acts for a user of the second one and is revoked there. The account that says so has to last, and where
# the user moves without it, the token has to end.
my $acting = ask($second, "SELECT access_token FROM jwt_auth.impersonate('$moving[0]', '$here', '10 minutes')");
is(ask($second, "SELECT jwt_auth.jwt_verify('$acting') -> 'act' ->> 'sub'"), $here, 'somebody of another server acts for a user');
is(ask($second, 'CALL jwt_auth.purge_expired()'), '', 'a purge');
is(ask($second, "SELECT jwt_auth.jwt_verify('$acting') -> 'act' ->> 'sub'"), $here, 'ends nothing of it');
is(ask($second, "SELECT jwt_auth.revoke_user_tokens('$here') IS NOT NULL"), 't', 'and whoever acts is still revoked here');
is(ask($second, "SELECT jwt_auth.jwt_verify('$acting')"), 'error JW010', 'which refuses the token');
# Who has an API key and never logged in is no such actor.
my ($machine) = grep { my $key = key_of($_); $key >= $from && $key <= $to } map { "machine $_" } 1 .. 40;
is(ask($second, "SELECT count(*) FROM jwt_auth.create_api_key('$machine', 'job')"), '1', 'a user with nothing but an API key');

# A token of a trusted issuer is denied at its subject's server. The denial's key says nothing of the subject.
my $issuer_key = ask($first, "SELECT jwt_auth.jwk_generate('ES256')");
$first->safe_psql('postgres', "SELECT jwt_auth.trust_issuer('https://idp.example', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public('$issuer_key'))))");
my $foreign = ask($first, "SELECT jwt_auth.jwt_sign(jsonb_build_object('iss', 'https://idp.example', 'sub', '$moving[0]', 'exp', extract(epoch FROM now())::bigint + 3600), '$issuer_key'::jsonb)");
$_->poll_query_until('postgres', 'SELECT count(*) = 1 FROM jwt_auth.trusted_issuer') or die for $second, $third;
is(ask($third, "SELECT jwt_auth.jwt_verify('$foreign') ->> 'sub'"), $moving[0], 'a trusted issuer\'s token is good before it is denied');
is(ask($second, "SELECT jwt_auth.deny_token('$foreign') IS NOT NULL"), 't', 'and is denied at the server of its subject');

is(ask($second, "SELECT count(*) FROM jwt_auth.hand_over_users($from, $to)"), 'error 55000', 'what is still its own is not handed over');
is(ask($third, "SELECT jwt_auth.drop_handed_over_users($from, $to)"), '0', 'nothing is left at the third server from before');
set_range($second, ($to + 1) . '..2147483647');
my $rows = $second->safe_psql('postgres', "COPY (SELECT relation, contents FROM jwt_auth.hand_over_users($from, $to)) TO STDOUT");
is(ask($second, "SELECT jwt_auth.revoke_user_tokens('$machine')"), 'error JW018', 'a user who never logged in is no longer revoked where the range was');
append_to_file("$results/rows", "$rows\n");
$third->safe_psql('postgres', "CREATE TEMP TABLE arrived (relation text, contents jsonb);\n\\copy arrived FROM '$results/rows'\nSELECT jwt_auth.take_over_users(relation, contents) FROM arrived");
set_range($third, "$from..$to");
append_to_file($stop, '');
my $lost = 0;
for my $n (sort keys %pid)
{
	waitpid $pid{$n}, 0;
	my ($place, $good, $failure) = split / /, slurp_file("$results/$n"), 3;
	$lost++ if $failure ne '';
	is("$place $failure", '1 ', "$moving[$n] was not logged out: $good refreshes, the last one at the third server");
}
is($lost, 0, 'nobody was');
my $in_range = "user_key BETWEEN $from AND $to";
is(ask($third, "SELECT count(*) FROM jwt_auth.refresh_session WHERE $in_range AND actor IS NULL"), scalar(@moving) + ($home{$there} == $second && key_of($there) <= $to ? 1 : 0), 'every session is there');
is(ask($third, "SELECT count(*) FROM jwt_auth.session_data WHERE $in_range AND metadata ->> 'device' IS NOT NULL AND metadata ->> 'device' <> 'phone'"), scalar(@moving), 'with its data');
cmp_ok(ask($second, "SELECT jwt_auth.drop_handed_over_users($from, $to)"), '>', 0, 'the second server drops them');
is(ask($second, "SELECT count(*) FROM jwt_auth.refresh_session WHERE $in_range"), '0', 'and has none left');
is(ask($third, "SELECT jwt_auth.jwt_verify('$acting')"), 'error JW010', 'a revoked actor does not come back with the user');
is(ask($_, "SELECT jwt_auth.jwt_verify('$foreign')"), 'error JW011', 'the denied token stays denied at ' . $_->name) for $second, $third;

# What holds for everybody comes from the first server, and what fails without it is only that.
is(ask($first, "SELECT jwt_auth.rotate_signing_key() IS NOT NULL"), 't', 'the ring is rotated at the first server');
my $kid = ask($first, "SELECT kid FROM jwt_auth.signing_keys WHERE state = 'active'");
$_->poll_query_until('postgres', "SELECT count(*) = 1 FROM jwt_auth.signing_key WHERE state = 'active' AND kid = '$kid'") or die for $second, $third;
my $newer = ask($third, "SELECT access_token FROM jwt_auth.issue_refresh_session('$moving[0]')");
$first->stop('immediate');
is(ask($third, "SELECT jwt_auth.jwt_verify('$newer') ->> 'sub'"), $moving[0], 'with the first server down the others verify');
is(ask($third, "SELECT status FROM jwt_auth.issue_refresh_session('$moving[1]')"), 'ok', 'and log in');
$first->start;
is(ask($first, "SELECT jwt_auth.jwt_verify('$local->{access_token}') ->> 'sub'"), $here, 'the first server is back');
is(ask($first, "SELECT jwt_auth.revoke_all_tokens() IS NOT NULL"), 't', 'a cutoff for everybody');
$_->poll_query_until('postgres', 'SELECT count(*) = 1 FROM jwt_auth.cutoff') or die for $second, $third;
is(ask($third, "SELECT jwt_auth.jwt_verify('$newer')"), 'error JW010', 'holds on every server');

$_->stop for $third, $second, $first;
done_testing();
