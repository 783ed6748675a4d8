# Security events are sent to the channel that jwt_auth.notify_channel names, once each and only when they commit.
use strict;
use warnings;
use lib '.';
use JwtAuth qw(start_node);
use Test::More;

my $node = start_node('told', "jwt_auth.notify_channel = 'auth_events'", "shared_preload_libraries = 'jwt_auth'");

# What a listener hears of a script, as "event user session? ip?" lines; and that no token is in it.
sub heard
{
	my ($script) = @_;
	my $output = $node->safe_psql('postgres', "LISTEN auth_events;\n$script\nSELECT 1;");
	my @heard;
	while ($output =~ /^Asynchronous notification "auth_events" with payload "(.*)" received/mg)
	{
		my $payload = $1;
		unlike($payload, qr/jwtauth_r1_|eyJ/, 'no token in the payload');
		my %member = $payload =~ /"(\w+)": "((?:[^"\\]|\\.)*)"/g;
		like(delete $member{at}, qr/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'and a time');
		$member{session_id} = 'session' if ($member{session_id} // '') =~ /^[0-9a-f-]{36}$/;
		push @heard, join ' ', (map { $member{$_} // () } qw(event user_id session_id ip)), $payload =~ /"enforced": false/ ? 'unenforced' : ();
	}
	return join "\n", @heard;
}

my $log_in = sub { my ($user, $name) = @_; return "SELECT * FROM jwt_auth.issue_refresh_session('$user', '192.0.2.7') \\gset ${name}_\n" };
my $alice = $log_in->('alice', 'a');

is(heard($alice . "SELECT status FROM jwt_auth.refresh_session(:'a_refresh_token', '192.0.2.7');"), '', 'log-in and refresh are routine');
is(heard("SET jwt_auth.max_sessions_per_user = 1;\n$alice$alice"), '', 'so is an eviction');
is(heard($alice . "SELECT jwt_auth.revoke_refresh_token(:'a_refresh_token');"), '', 'and a log-out');
is(heard($alice . "SELECT jwt_auth.revoke_refresh_session(:'a_session_id');"), 'session_revoked alice session', 'a revoked session');
is(heard(qq{$alice
SELECT * FROM jwt_auth.refresh_session(:'a_refresh_token', '192.0.2.7') \\gset b_
SELECT * FROM jwt_auth.refresh_session(:'b_refresh_token', '192.0.2.7') \\gset c_
SELECT status FROM jwt_auth.refresh_session(:'a_refresh_token', '203.0.113.66');}),
	'reuse_detected alice session 203.0.113.66', 'theft, and from where');
is(heard(qq{SET jwt_auth.refresh_reuse_interval = 0;
$alice SELECT status FROM jwt_auth.refresh_session(:'a_refresh_token', '192.0.2.7');
SELECT status FROM jwt_auth.refresh_session(:'a_refresh_token', '203.0.113.66');}),
	'late_replay alice session 203.0.113.66', 'a lost answer that was given again late');
is(heard(qq{SET jwt_auth.ip_binding = 'exact';\n$alice SELECT status FROM jwt_auth.refresh_session(:'a_refresh_token', '203.0.113.66');}),
	'ip_mismatch alice session 203.0.113.66', 'another address');
is(heard(qq{SET jwt_auth.ip_binding = 'log';\n$alice SELECT status FROM jwt_auth.refresh_session(:'a_refresh_token', '203.0.113.66');}),
	'ip_mismatch alice session 203.0.113.66 unenforced', 'another address, of which the policy only takes note');
is(heard("$alice$alice SELECT jwt_auth.revoke_user_tokens('alice');"), 'user_revoked alice', 'a revoked user, once, however many sessions');
is(heard("$alice SELECT jwt_auth.revoke_other_sessions('alice', :'a_session_id');"), 'others_revoked alice', 'the others');
is(heard("SELECT jwt_auth.deny_token(jwt_auth.jwt_sign('{\"sub\": \"alice\"}'));"), 'token_denied alice', 'a denied token');
is(heard("SELECT jwt_auth.revoke_all_tokens();"), 'all_revoked', 'everybody');
is(heard("BEGIN;\nSELECT jwt_auth.revoke_user_tokens('alice');\nROLLBACK;"), '', 'what rolls back is not told');
my $odd = "E'\\x01\"\\\\' || repeat('x', 1000)";
like(heard("SELECT jwt_auth.revoke_user_tokens($odd);"), qr/^user_revoked \\u0001\\"\\\\x{1000}$/, 'a long user id of odd characters');
is(heard("SET jwt_auth.notify_channel = '';\nSELECT jwt_auth.revoke_user_tokens('alice');"), '', 'nothing without a channel');
$node->stop;
done_testing();
