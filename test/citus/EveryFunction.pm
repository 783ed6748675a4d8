# Every public function once or more, on one node of a Citus cluster, with the answer that it has on a server alone.
package EveryFunction;

use strict;
use warnings;
use Ask;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(call_everything functions_not_called);

my %called;

# Answers and notes which functions were called.
sub try_it
{
	my ($node, $session, $sql) = @_;
	$called{$_} = 1 for $sql =~ /\bjwt_auth\.(\w+)\(/g;
	# What has settings or transactions of its own has a connection of its own.
	return $sql =~ /\b(?:SET|BEGIN|CALL)\b/ ? ask($node, $sql) : $session->ask($sql);
}

# What the catalog has and nobody called. The rest is for servers without an engine, for triggers, or moves nothing here.
sub functions_not_called
{
	my ($node) = @_;
	my %elsewhere = map { $_ => 1 } qw(check_handed_over drop_handed_over_users hand_over_users take_over_users tables_of_users
	  private_jwk_in_transit keyring_changed signing_key_demoted revoke_on_password_change revoke_on_change require_refresh_on_change partition_events base grant_functions);
	return join ' ', grep { !$called{$_} && !$elsewhere{$_} } split /\n/, $node->safe_psql('postgres',
		"SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace ORDER BY 1");
}

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# An expression that is a proof of a key: DPoP (RFC 9449) with a method and a URL, DBSC without.
sub proof
{
	my ($device, %claims) = @_;
	my $is_dpop = exists $claims{htm};
	my $iat = $is_dpop ? ", 'iat', floor(extract(epoch FROM clock_timestamp()))" : '';
	my $claims = join ', ', map { quoted($_) . ', ' . $claims{$_} } sort keys %claims;
	my $header = "jsonb_build_object('typ', '" . ($is_dpop ? 'dpop+jwt' : 'dbsc+jwt') . "', 'jwk', '$device->{public}'::jsonb)";
	return "jwt_auth.jws_sign(convert_to(jsonb_build_object($claims$iat)::text, 'UTF8'), '$device->{private}', NULL, $header)";
}

# Rows of a user are in two shards or one, on any node; so each thing is done for several users.
sub call_everything
{
	my ($node, $where, %option) = @_;
	my $session_of_node = open_session($node);
	my $run = sub { try_it($node, $session_of_node, $_[0]) };
	my $check = sub { my ($sql, $expected, $what) = @_; is($run->($sql), $expected, "$where: $what") };
	my $tag = $node->name;
	my $log_in = sub {
		my ($user, $more) = @_;
		my %response;
		@response{qw(status access refresh session)} = split /\|/, $run->(
			"SELECT status, access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session('$user'" . ($more // '') . ')');
		return \%response;
	};

	# The ring. A key to come is published first; the private part is in no statement of any node.
	my $first = $run->("SELECT jwt_auth.create_signing_key('ES256', activate => NOT EXISTS (SELECT FROM jwt_auth.signing_keys WHERE state = 'active'))");
	unlike($first, qr/^(?:error|psql)/, "$where: create_signing_key");
	my $signed = $run->("SELECT jwt_auth.jwt_sign('{\"sub\": \"signed $tag\"}')");
	$check->("SELECT jwt_auth.rotate_signing_key() IS NOT NULL", 't', 'rotate_signing_key');
	$check->("SELECT jwt_auth.jwt_verify('$signed') ->> 'sub'", "signed $tag", 'a token of the key before');
	$check->("SELECT claims ->> 'sub' FROM jwt_auth.jwt_try_verify('$signed')", "signed $tag", 'jwt_try_verify');
	my $long = $run->("SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'long', 'exp', extract(epoch FROM now())::bigint + 86400))");
	$check->("SELECT jwt_auth.jwt_verify('$long') ->> 'sub'", 'long', 'a token that lives for long');
	$check->("SELECT jwt_auth.jwks() -> 'keys' -> 0 ->> 'kty'", 'EC', 'jwks');
	$check->("SELECT length(body) > 0 FROM jwt_auth.jwks_http()", 't', 'jwks_http');
	my $imported = $run->("SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('ES256')::text, activate => false, verify_until => now() + interval '1 hour')");
	unlike($imported, qr/^(?:error|psql)/, "$where: import_signing_key");
	my $secret = $run->("SELECT jwt_auth.import_signing_secret(sha256('$tag' || random()::text::bytea), activate => false, verify_until => now() + interval '1 hour')");
	unlike($secret, qr/^(?:error|psql)/, "$where: import_signing_secret");
	my $pem = $run->("SELECT jwt_auth.jwk_to_pem(jwt_auth.jwk_generate('ES256'))");
	my $file = PostgreSQL::Test::Utils::tempdir() . '/key.pem';
	append_to_file($file, "$pem\n");
	chmod 0600, $file;
	my $from_file = $run->("SELECT jwt_auth.import_signing_key_from_file('$file', activate => false)");
	unlike($from_file, qr/^(?:error|psql)/, "$where: import_signing_key_from_file");
	$check->("SELECT jwt_auth.retire_signing_key('$_')", '', 'retire_signing_key') for $imported, $secret, $from_file;
	$check->("SELECT jwt_auth.seal_signing_keys() >= 0", 't', 'seal_signing_keys');
	$check->("SELECT count(*) FROM jwt_auth.signing_keys WHERE NOT sealed", '0', 'every private key is sealed') if $option{sealed};

	# Issuers and classes.
	my $idp = $run->("SELECT jwt_auth.jwk_generate('ES256')");
	my $trust = "jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public('$idp'::jsonb)))";
	$check->("SELECT jwt_auth.trust_issuer('https://$tag.example', $trust, subjects => 'ours', roles => '{member}')", '', 'trust_issuer');
	my $oct = '{"kty": "oct", "kid": "s", "alg": "HS256", "k": "' . ('c2VjcmV0' x 6) . '"}';
	$check->("SELECT jwt_auth.trust_issuer('https://hmac-$tag.example', '{\"keys\": [$oct]}')", '', 'trust_issuer with a secret');
	my $foreign = $run->("SELECT jwt_auth.jwt_sign(jsonb_build_object('iss', 'https://$tag.example', 'sub', 'foreign $tag', 'iat', extract(epoch FROM now())::bigint, 'exp', extract(epoch FROM now())::bigint + 600), '$idp'::jsonb)");
	$check->("SELECT jwt_auth.jwt_verify('$foreign') ->> 'sub'", "foreign $tag", 'a token of a trusted issuer');
	my $hmac = $run->("SELECT jwt_auth.jwt_sign(jsonb_build_object('iss', 'https://hmac-$tag.example', 'sub', 'h', 'iat', extract(epoch FROM now())::bigint, 'exp', extract(epoch FROM now())::bigint + 600), '$oct'::jsonb)");
	$check->("SELECT jwt_auth.jwt_verify('$hmac') ->> 'sub'", 'h', 'of one with a secret');
	$check->("SELECT jwt_auth.distrust_issuer('https://hmac-$tag.example')", 't', 'distrust_issuer');
	$check->("SELECT jwt_auth.jwt_verify('$hmac')", 'error JW008', 'and its token');
	$check->("SET intervalstyle = 'sql_standard'; SELECT jwt_auth.set_session_class('kiosk $tag', access_token_ttl => '5 minutes', max_age => '1 day 2 hours', max_sessions => 2)", '', 'set_session_class');
	$check->("SELECT max_age FROM jwt_auth.session_class WHERE name = 'kiosk $tag'", '1 day 02:00:00', 'an interval is stored as it was given');
	$check->("SELECT jwt_auth.set_session_class('hidden $tag', listed => false)", '', 'a class that is not listed');

	# Sessions, of several users.
	for my $n (1 .. 2)
	{
		my $user = "user $n of $tag";
		my $session = $log_in->($user, ", ip => '192.0.2.1', user_agent => 'browser', metadata => '{\"device\": \"phone\"}', claims => '{\"role\": \"member\"}'");
		is($session->{status}, 'ok', "$where: issue_refresh_session");
		my $hidden = $log_in->($user, ", class => 'hidden $tag'");
		my $second = $log_in->($user, ", class => 'kiosk $tag', device => 'd'");
		my $replaced = $log_in->($user, ", class => 'kiosk $tag', device => 'd'");
		$check->("SELECT jwt_auth.jwt_verify('$session->{access}') ->> 'role'", 'member', 'jwt_verify');
		$check->("SELECT jwt_auth.jwt_verify('$second->{access}')", 'error JW010', 'a session that was replaced');
		$check->("SELECT count(*), count(metadata) FROM jwt_auth.user_sessions('$user')", '2|1', 'user_sessions');
		my ($status, $refreshed, $access) = split /\|/, $run->("SELECT status, refresh_token, access_token FROM jwt_auth.refresh_session('$session->{refresh}', ip => '192.0.2.2')");
		is($status, 'ok', "$where: refresh_session");
		$check->("SELECT status FROM jwt_auth.refresh_session('$session->{refresh}')", 'replayed', 'a lost answer');
		$check->("SELECT jwt_auth.set_session_claims('$session->{session}', '{\"role\": \"admin\"}')", 't', 'set_session_claims');
		$check->("SELECT jwt_auth.jwt_verify('$access')", 'error JW016', 'and a token from before');
		($status, $refreshed, $access) = split /\|/, $run->("SELECT status, refresh_token, access_token FROM jwt_auth.refresh_session('$refreshed')");
		$check->("SELECT jwt_auth.jwt_verify('$access') ->> 'role'", 'admin', 'and one from after');
		$check->("SELECT jwt_auth.set_session_metadata('$session->{session}', '{\"device\": \"tablet\"}')", 't', 'set_session_metadata');
		$check->("SELECT status FROM jwt_auth.reauthenticate_session('$session->{session}', amr => '{otp}', acr => 'high')", 'ok', 'reauthenticate_session');
		$check->("SELECT jwt_auth.require_refresh('$user', 'role changed')", '', 'require_refresh');
		$check->("SELECT jwt_auth.jwt_verify('$access')", 'error JW016', 'and a token of that user');
		($status, $refreshed, $access) = split /\|/, $run->("SELECT status, refresh_token, access_token FROM jwt_auth.refresh_session('$refreshed')");
		$check->("SELECT who FROM (SELECT jwt_auth.authenticate('$access', acr => 'high') ->> 'sub' AS who OFFSET 0) one", $user, 'authenticate');
		$check->("BEGIN; SELECT FROM jwt_auth.authenticate('$access'); SELECT jwt_auth.current_user_id(), jwt_auth.current_session_id() = '$session->{session}', jwt_auth.current_claim('role'), jwt_auth.current_issuer(), jwt_auth.current_actor(), jwt_auth.current_claims() ? 'sub', jwt_auth.has_scope('x'); COMMIT", "$user|t|admin|||t|f", 'the identity');
		$check->("SELECT count(*) FROM jwt_auth.explain_session('$session->{session}')", '1', 'explain_session');
		$check->("SELECT count(*) FROM jwt_auth.session_history('$user', now() - interval '1 hour', NULL)", '4', 'session_history');
		$check->("SELECT jwt_auth.deny_token('$access', 'test') IS NOT NULL", 't', 'deny_token');
		$check->("SELECT jwt_auth.jwt_verify('$access')", 'error JW011', 'and the token');
		$check->("SELECT jwt_auth.revoke_own_session('nobody', '$session->{session}')", 'f', 'revoke_own_session of another user');
		$check->("SELECT jwt_auth.revoke_own_session('$user', '$session->{session}')", 't', 'revoke_own_session');
		$check->("SELECT status FROM jwt_auth.refresh_session('$refreshed')", 'invalid', 'and its token');
		my $one = $log_in->($user);
		my $two = $log_in->($user);
		$check->("SELECT jwt_auth.revoke_other_sessions('$user', '$one->{session}')", 3, 'revoke_other_sessions');
		$check->("SELECT jwt_auth.jwt_verify('$two->{access}')", 'error JW010', 'and another session');
		$check->("SELECT jwt_auth.revoke_refresh_session('$one->{session}')", 't', 'revoke_refresh_session');
		my $three = $log_in->($user);
		$check->("SELECT jwt_auth.revoke_refresh_token('$three->{refresh}')", 't', 'revoke_refresh_token');
		$check->("SELECT jwt_auth.jwt_verify('$three->{access}')", 'error JW010', 'and its session');
		my $four = $log_in->($user);
		$check->("SELECT jwt_auth.revoke_user_tokens('$user') IS NOT NULL", 't', 'revoke_user_tokens');
		$check->("SELECT jwt_auth.jwt_verify('$four->{access}')", 'error JW010', 'and a session of that user');
		my $reused = $log_in->($user);
		my $next = $run->("SELECT refresh_token FROM jwt_auth.refresh_session('$reused->{refresh}')");
		$run->("SELECT status FROM jwt_auth.refresh_session('$next')");
		$check->("SELECT status FROM jwt_auth.refresh_session('$reused->{refresh}')", 'reuse_detected', 'a stolen token');
		$check->("SELECT count(*) FROM jwt_auth.user_sessions('$user')", '0', 'ends its session');
		$check->("SELECT jwt_auth.set_user_policy('$user', max_sessions => 1)", '', 'set_user_policy');
		$log_in->($user);
		my $last = $log_in->($user);
		$check->("SELECT count(*) FROM jwt_auth.user_sessions('$user')", '1', 'one session is the limit');
		my $agent = "agent of $tag";
		my $acting = $run->("SELECT access_token FROM jwt_auth.impersonate('$user', '$agent', '10 minutes', reason => 'help')");
		$check->("SELECT jwt_auth.jwt_verify('$acting') -> 'act' ->> 'sub'", $agent, 'impersonate');
		$check->("SELECT jwt_auth.revoke_user_tokens('$agent') IS NOT NULL", 't', 'the agent is revoked');
		$check->("SELECT jwt_auth.jwt_verify('$acting')", 'error JW010', 'and acts no more');
		$check->("SELECT jwt_auth.lock_user('$user', 'test')", '1', 'lock_user');
		$check->("SELECT status FROM jwt_auth.issue_refresh_session('$user')", 'locked', 'and a log-in');
		$check->("SELECT jwt_auth.unlock_user('$user')", 't', 'unlock_user');
		my $link = $run->("SELECT jwt_auth.issue_token('mail', '$user', '1 hour')");
		$check->("SELECT jwt_auth.verify_token('$link', 'mail') ->> 'sub'", $user, 'verify_token');
		$check->("SELECT jwt_auth.consume_token('$link', 'mail') ->> 'sub'", $user, 'consume_token');
		$check->("SELECT jwt_auth.consume_token('$link', 'mail')", 'error JW011', 'once');
		my $import = $run->("SELECT jwt_auth.import_session('$user', 'old token $n $tag', clock_timestamp(), now() + interval '1 day')");
		unlike($import, qr/^(?:error|psql)/, "$where: import_session");
		$check->("SELECT status FROM jwt_auth.refresh_session('old token $n $tag')", 'ok', 'and its first refresh');

		# API keys.
		my ($key_id, $key) = split /\|/, $run->("SELECT key_id, api_key FROM jwt_auth.create_api_key('$user', 'job', '{orders:read}', allowed_from => '{192.0.2.0/24}', claims => '{\"team\": 7}')");
		$check->("SELECT jwt_auth.authenticate('$key', '192.0.2.9') ->> 'sub'", $user, 'an API key');
		my $exchanged = $run->("SELECT access_token FROM jwt_auth.exchange_api_key('$key', '192.0.2.9')");
		$check->("SELECT jwt_auth.jwt_verify('$exchanged') ->> 'scope'", 'orders:read', 'exchange_api_key');
		$check->("SELECT count(*), count(last_used_at) FROM jwt_auth.user_api_keys('$user')", '1|1', 'user_api_keys');
		$check->("SELECT jwt_auth.introspect('$exchanged') ->> 'active'", 'true', 'introspect');
		$check->("SELECT jwt_auth.revoke_own_api_key('$user', '$key_id')", 't', 'revoke_own_api_key');
		$check->("SELECT jwt_auth.jwt_verify('$exchanged')", 'error JW010', 'and what it was exchanged for');
		($key_id, $key) = split /\|/, $run->("SELECT key_id, api_key FROM jwt_auth.create_api_key('$user', 'other')");
		$check->("SELECT jwt_auth.revoke_api_key('$key_id')", 't', 'revoke_api_key');

		# Bound sessions.
		my $private = $run->("SELECT jwt_auth.jwk_generate('ES256') - 'kid'");
		my $device = { private => $private, public => $run->("SELECT jwt_auth.jwk_public('$private'::jsonb) - '{kid,alg,use,key_ops}'::text[]") };
		my %at_log_in = (htm => "'POST'", htu => "'https://api.example.com/auth'");
		my $shown = $run->('SELECT ' . proof($device, %at_log_in, jti => 'gen_random_uuid()'));
		$check->("SELECT jkt IS NOT NULL FROM jwt_auth.verify_proof('$shown', 'POST', 'https://api.example.com/auth')", 't', 'verify_proof');
		my $bound = $log_in->($user, ", proof => '$shown', proof_method => 'POST', proof_url => 'https://api.example.com/auth'");
		is($bound->{status}, 'ok', "$where: a log-in with a proof");
		is($log_in->($user, ", proof => '$shown', proof_method => 'POST', proof_url => 'https://api.example.com/auth'")->{status}, 'proof_invalid', "$where: the proof is good once");
		$check->("SELECT status FROM jwt_auth.refresh_session('$bound->{refresh}')", 'proof_required', 'a refresh without a proof');
		$check->("SELECT status FROM jwt_auth.refresh_session('$bound->{refresh}', proof => " . proof($device, %at_log_in, jti => 'gen_random_uuid()') . ", proof_method => 'POST', proof_url => 'https://api.example.com/auth')", 'ok', 'and with one');
		my $browser = $log_in->($user);
		my $challenge = $run->("SELECT jwt_auth.device_challenge('$browser->{session}')");
		$check->("SELECT jwt_auth.bind_device('$browser->{session}', " . proof($device, jti => "'$challenge'") . ')', 't', 'bind_device');
		$challenge = $run->("SELECT jwt_auth.device_challenge('$browser->{session}')");
		my $answer = "jwt_auth.jws_sign(convert_to('{\"jti\": \"$challenge\"}', 'UTF8'), '$private', NULL, '{\"typ\": \"dbsc+jwt\"}')";
		$check->("SELECT status FROM jwt_auth.refresh_bound_session('$browser->{session}', $answer)", 'ok', 'refresh_bound_session');

		# The end of a person.
		$check->("SELECT jwt_auth.record_event('app.export', '$user', '{\"rows\": 1}')", '', 'record_event');
		my $before = $run->("SELECT jwt_auth.issue_token('mail', '$user', '1 hour')");
		$check->("SELECT jwt_auth.forget_user('$user')", 't', 'forget_user');
		$check->("SELECT jwt_auth.verify_token('$before', 'mail')", 'error JW009', 'what was issued before stays refused');
		$check->("SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = '$user'", '0', 'no session is left');
		$check->("SELECT count(*) FROM jwt_auth.auth_event WHERE user_id = '$user'", '0', 'and no event that names the user here');
		is($log_in->($user)->{status}, 'ok', "$where: the id may be used again");
	}
	$check->("SELECT jwt_auth.drop_session_class('hidden $tag')", 't', 'drop_session_class');

	# Settings of a client that change how values are written.
	my $odd = "SET datestyle = 'SQL, DMY'; SET intervalstyle = 'iso_8601'; SET bytea_output = escape; SET standard_conforming_strings = off; SET escape_string_warning = off;"
	  . " SET plan_cache_mode = force_generic_plan; SET timezone = 'America/St_Johns'; SET extra_float_digits = 0";
	my $user = 'back\\slash \'quote\' of ' . $tag;
	# Within a string that standard_conforming_strings = off reads, the backslash is doubled.
	my $id = quoted($user =~ s/\\/\\\\/gr);
	my ($status, $access, $refresh, $session) = split /\|/, $run->("$odd; SELECT status, access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session($id, user_agent => 'a\\\\b', metadata => '{\"n\": \"a\\\\\\\\b\"}')");
	is($status, 'ok', "$where: a log-in under other settings");
	$check->("SELECT jwt_auth.jwt_verify('$access') ->> 'sub'", $user, 'the user id is right');
	$check->("SELECT user_id = " . quoted($user) . " AND user_agent = 'a\\b' AND octet_length(current_hash) = 32 AND created_at BETWEEN now() - interval '1 minute' AND now() FROM jwt_auth.refresh_session WHERE session_id = '$session'", 't', 'the row is right');
	$check->("$odd; SELECT status FROM jwt_auth.refresh_session('$refresh')", 'ok', 'a refresh under other settings');
	$check->("$odd; SELECT jwt_auth.deny_token('$access') IS NOT NULL", 't', 'a denial under other settings');
	$check->("SELECT jwt_auth.jwt_verify('$access')", 'error JW011', 'denies the token');
	$check->("$odd; SELECT jwt_auth.revoke_user_tokens($id) IS NOT NULL", 't', 'a revocation under other settings');
	$check->("SELECT not_before BETWEEN now() - interval '1 minute' AND now() FROM jwt_auth.account WHERE user_id = " . quoted($user), 't', 'has its time');

	# Endpoints and helpers.
	my $shown = $log_in->("shown of $tag");
	my $web = $log_in->("web of $tag");
	$check->("SELECT jwt_auth.revoke('$web->{refresh}')", '', 'revoke');
	$check->("SELECT jwt_auth.jwt_verify('$web->{access}')", 'error JW010', 'and the session');
	$check->("SELECT count(*) > 4 FROM jwt_auth.revocations()", 't', 'revocations');
	$check->("SELECT length(jwt_auth.proof_nonce()) > 20", 't', 'proof_nonce');
	$check->("SELECT jwt_auth.user_key('x') = jwt_auth.token_user_key(jwt_auth.jwt_sign('{\"sub\": \"x\"}'))", 't', 'user_key, token_user_key');
	$check->("SET request.headers = '{\"authorization\": \"Bearer $signed\"}'; BEGIN; SELECT FROM jwt_auth.pre_config(); SELECT jwt_auth.pre_request(); SELECT jwt_auth.current_user_id(); COMMIT", "\nsigned $tag", 'pre_request');
	$check->("SELECT jwt_auth.request_ip()", '', 'request_ip');
	$check->("SELECT jwt_auth.current_user_uuid(), jwt_auth.current_user_bigint()", '|', 'nobody is authenticated');
	$check->("SELECT jwt_auth.base64url_decode(jwt_auth.base64url_encode('x'))", '\x78', 'base64url');
	$check->("SELECT jwt_auth.$_ IS NOT NULL", 't', $_ =~ s/\(.*//sr)
	  for "refresh_cookie('$shown->{refresh}')", "device_registration_header('$shown->{session}', '/device')", "device_challenge_header('$shown->{session}')",
	  "device_instructions('$shown->{session}', '/refresh', 'session')", "header_string('x')", "jwk_thumbprint('$idp'::jsonb)", "jwk_from_pem('$pem')",
	  "jwt_decode_unverified('$signed')";
	my $encryption = $run->("SELECT jwt_auth.jwk_generate('A256KW')");
	$check->("SELECT jwt_auth.jws_verify(jwt_auth.jws_sign('x', '$idp'::jsonb), '$idp'::jsonb) IS NOT NULL", 't', 'jws_sign, jws_verify');
	$check->("SELECT convert_from(jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('x', '$encryption'::jsonb, 'A256KW', 'A256GCM'), '$encryption'::jsonb), 'UTF8')", 'x', 'jwe_encrypt, jwe_decrypt');
	$check->("SELECT jwt_auth.jwt_decrypt(jwt_auth.jwt_encrypt('{\"a\": 1}', '$idp'::jsonb, '$encryption'::jsonb), '$encryption'::jsonb, '$idp'::jsonb) ->> 'a'", '1', 'jwt_encrypt, jwt_decrypt');

	# Views and clean-up.
	$check->("SELECT count(*) > 0 FROM jwt_auth.$_", 't', $_) for qw(signing_keys key_ages table_health stats checks live_sessions);
	$check->("SELECT count(*) FROM jwt_auth.counters()", $run->('SELECT count(*) FROM jwt_auth.counters()'), 'counters');
	$check->("SELECT count(*) > 50 FROM jwt_auth.privileges()", 't', 'privileges');
	$check->("SELECT count(*) FROM jwt_auth.privilege_differences()", $option{differences} // '0', 'privilege_differences');
	$check->("SELECT string_agg(finding, '; ') FROM jwt_auth.doctor() WHERE severity = 'error' OR subject = 'citus'", '', 'doctor finds nothing');
	$check->("CALL jwt_auth.purge_expired(10)", '', 'purge_expired');
	$check->("CALL jwt_auth.purge_events('1 day', 10)", '', 'purge_events');

	# Everybody. After a pause, for the cutoff is compared with whole seconds where a token has no more.
	my $everybody = $log_in->("last of $tag");
	$check->("SELECT jwt_auth.revoke_all_tokens('test')", '', 'revoke_all_tokens');
	$check->("SELECT jwt_auth.jwt_verify('$everybody->{access}')", 'error JW010', 'and a session');
	$check->("CALL jwt_auth.purge_expired()", '', 'purge_expired of what the cutoff ended');
	$check->("SELECT count(*) FROM jwt_auth.refresh_session", '0', 'no session is left');
	$check->("SELECT count(*) FROM jwt_auth.session_data", '0', 'nor data of one');
	$check->("SELECT count(*) FROM jwt_auth.imported_token", '0', 'nor a token that was imported');
	$check->("SELECT count(*) FROM jwt_auth.api_key_use", '0', 'nor a note of an API key');
	$check->("SELECT jwt_auth.distrust_issuer('https://$tag.example')", 't', 'distrust_issuer');

	# Roles and triggers of an application.
	$check->("CREATE ROLE verifier_$tag; CREATE ROLE issuer_$tag; CREATE ROLE monitor_$tag", '', 'roles') unless $option{no_roles};
	$check->("SELECT jwt_auth.grant_$_('${_}_$tag')", '', "grant_$_") for $option{no_roles} ? () : qw(verifier issuer monitor);
	$session_of_node->close;
	return;
}

1;
