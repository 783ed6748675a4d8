# A standby that lagged is promoted: rotations are lost. A client whose refresh token is newer than its row is not called a
# thief; one who presents an old token is, whatever generation he writes into it.
use strict;
use warnings;
use lib '.';
use Ask;
use JwtAuth qw(encode_base64url refresh_token_parts start_primary start_standby);
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = start_primary('primary', "jwt_auth.notify_channel = 'security'");
my $standby = start_standby($primary, 'standby');

sub altered
{
	my ($token, $generation) = @_;
	my ($prefix, $id, undef, $family, $secret) = refresh_token_parts($token);
	return $prefix . encode_base64url($id . pack('N', $generation) . $family . $secret);
}

my %tokens;
for my $user (qw(honest thief old))
{
	push @{ $tokens{$user} }, log_in($primary, $user)->{refresh_token};
	push @{ $tokens{$user} }, refresh($primary, $tokens{$user}[-1])->{refresh_token} for 1 .. 2;
}
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
$standby->stop;
for my $user (qw(honest thief old))
{
	push @{ $tokens{$user} }, refresh($primary, $tokens{$user}[-1])->{refresh_token} for 1 .. 3;
}
$primary->stop('immediate');
$standby->start;
$standby->promote;

my $answer = sub {
	my ($user, $token) = @_;
	my $output = $standby->safe_psql('postgres', "LISTEN security; SELECT status FROM jwt_auth.refresh_session('$token');
		SELECT event || ' ' || (detail ->> 'presented') FROM jwt_auth.auth_event WHERE user_id = '$user' AND event NOT IN ('login', 'refreshed');");
	my $told = $output =~ s/^Asynchronous notification "security" with payload.*\n?//mg ? 'told' : 'not told';
	return join ', ', split(/\n/, $output), $told;
};
is($answer->('honest', $tokens{honest}[5]), 'invalid, unknown_rotation newer, not told', 'the newest token, which the promoted server never saw');
is($answer->('old', $tokens{old}[4]), 'invalid, unknown_rotation newer, not told', 'one of those between, too');
is($answer->('thief', altered($tokens{thief}[0], 0xFFFFFFFF)), 'reuse_detected, reuse_detected old, told',
	'an old token with the highest generation is theft, and the user is told');
is(log_in($standby, 'honest')->{status}, 'ok', 'everybody logs in again');
$standby->stop;
done_testing();
