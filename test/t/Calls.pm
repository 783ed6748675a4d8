# A call that succeeds of every function and procedure that the catalog lists, with what it needs: users of each type of id, their
# sessions, keys, tokens and proofs. For tests that disturb calls: without a disturbance, the call has its usual answer.
package Calls;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(functions_of prepare_calls store_calls calls_without_answer);

# Of each function, procedure and trigger function: name, kind (f, p, or t for a trigger), parallel safety, whether it sets settings,
# signature, and name and type of each argument.
sub functions_of
{
	my ($node) = @_;
	return map {
		my ($name, $kind, $safety, $has_settings, $signature, @arguments) = split /\t/;
		{ name => $name, kind => $kind, safety => $safety, has_settings => $has_settings, signature => $signature, arguments => [ map { [ split /=/, $_, 2 ] } @arguments ] }
	} split /\n/, $node->safe_psql('postgres', <<'EOS');
SELECT concat_ws(E'\t', format('%I.%I', n.nspname, p.proname), CASE WHEN p.prorettype = 'trigger'::regtype THEN 't' ELSE p.prokind::text END, p.proparallel,
  (p.proconfig IS NOT NULL)::integer, p.oid::regprocedure,
  (SELECT string_agg(format('%s=%s', coalesce(p.proargnames[u.n], ''), format_type(u.type, NULL)), E'\t' ORDER BY u.n)
   FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u(type, n)))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'jwt_auth'
ORDER BY p.proname, p.oid
EOS
}

my $fixture = <<'EOS';
CREATE TABLE fixture (name text PRIMARY KEY, value text NOT NULL);
CREATE ROLE somebody;
CREATE TABLE app_user (id text PRIMARY KEY, password_hash text, role text);
CREATE TRIGGER revoke AFTER UPDATE OF password_hash ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
CREATE TRIGGER change AFTER DELETE ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_change('id', 'deleted');
CREATE TRIGGER refresh AFTER UPDATE OF role ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.require_refresh_on_change('id');
INSERT INTO app_user VALUES ('ann', 'x', 'reader');

INSERT INTO fixture SELECT 'oct', jwt_auth.jwk_generate('HS256') - '{kid,use,key_ops}'::text[];
INSERT INTO fixture SELECT 'secret', '\x' || encode(jwt_auth.base64url_decode(value::jsonb ->> 'k'), 'hex') FROM fixture WHERE name = 'oct';
INSERT INTO fixture SELECT 'ec', jwt_auth.jwk_generate('ES256') - '{kid,alg,use,key_ops}'::text[];
INSERT INTO fixture SELECT 'rsa', jwt_auth.jwk_generate('RS256') - '{kid,alg,use,key_ops}'::text[];
INSERT INTO fixture SELECT 'ec_public', jwt_auth.jwk_public(value::jsonb) FROM fixture WHERE name = 'ec';
INSERT INTO fixture SELECT 'rsa_public', jwt_auth.jwk_public(value::jsonb) FROM fixture WHERE name = 'rsa';
INSERT INTO fixture SELECT 'pem', jwt_auth.jwk_to_pem(value::jsonb) FROM fixture WHERE name = 'ec';
CREATE FUNCTION fixture(name text) RETURNS text LANGUAGE sql STABLE AS 'SELECT value FROM fixture f WHERE f.name = $1';
-- A proof is good for a short time, so each call has its own.
CREATE FUNCTION fixture_proof() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', 'a', 'htm', 'POST', 'htu', 'https://api.example.com/refresh',
    'iat', floor(extract(epoch FROM clock_timestamp())))::text, 'UTF8'), fixture('ec'), NULL, jsonb_build_object('typ', 'dpop+jwt', 'jwk', fixture('ec_public')::jsonb))
$$;
SELECT jwt_auth.create_signing_key('ES256', false);
SELECT jwt_auth.set_session_class('kiosk', max_sessions => 1);
SELECT jwt_auth.trust_issuer('https://issuer.example', jsonb_build_object('keys', jsonb_build_array(fixture('rsa_public')::jsonb)));

CREATE PROCEDURE fixture_user(type text, id text) LANGUAGE plpgsql AS $$
DECLARE
  first jwt_auth.token_response;
  other jwt_auth.token_response;
  device jwt_auth.token_response;
  key record;
BEGIN
  first := jwt_auth.issue_refresh_session(id, '192.0.2.1', 'a client', 'a fingerprint', '{"role": "somebody"}', '{"device": "phone"}');
  other := jwt_auth.issue_refresh_session(id, '192.0.2.2');
  device := jwt_auth.issue_refresh_session(id);
  key := jwt_auth.create_api_key(id, 'fixture', '{read}');
  INSERT INTO fixture VALUES (type || '_user', id), (type || '_session', first.session_id), (type || '_access', first.access_token),
    (type || '_refresh', first.refresh_token), (type || '_other', other.session_id), (type || '_key', key.key_id), (type || '_api', key.api_key),
    (type || '_unbound', device.session_id);
END $$;
CALL fixture_user('text', 'ann');
CALL fixture_user('uuid', '11111111-1111-4111-8111-111111111111');
CALL fixture_user('bigint', '42');
INSERT INTO fixture SELECT 'registration', jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', jwt_auth.device_challenge(fixture('text_unbound')::uuid))::text, 'UTF8'),
  fixture('ec'), NULL, jsonb_build_object('typ', 'dbsc+jwt', 'jwk', fixture('ec_public')::jsonb));
INSERT INTO fixture SELECT 'device', session_id FROM jwt_auth.issue_refresh_session('device user');
SELECT jwt_auth.bind_device(fixture('device')::uuid, jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', jwt_auth.device_challenge(fixture('device')::uuid))::text, 'UTF8'),
  fixture('ec'), NULL, jsonb_build_object('typ', 'dbsc+jwt', 'jwk', fixture('ec_public')::jsonb)));
INSERT INTO fixture SELECT 'answer', jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', jwt_auth.device_challenge(fixture('device')::uuid))::text, 'UTF8'),
  fixture('ec'), NULL, '{"typ": "dbsc+jwt"}');
-- A challenge is good for ten minutes.
CREATE FUNCTION fixture_registration() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', jwt_auth.device_challenge(fixture('text_unbound')::uuid))::text, 'UTF8'),
    fixture('ec'), NULL, jsonb_build_object('typ', 'dbsc+jwt', 'jwk', fixture('ec_public')::jsonb))
$$;
CREATE FUNCTION fixture_answer() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', jwt_auth.device_challenge(fixture('device')::uuid))::text, 'UTF8'),
    fixture('ec'), NULL, '{"typ": "dbsc+jwt"}')
$$;
INSERT INTO fixture SELECT 'link', jwt_auth.issue_token('invitation', 'ann', '1 day');
INSERT INTO fixture SELECT 'plain', jwt_auth.jwt_sign(jsonb_build_object('sub', 'ann', 'exp', floor(extract(epoch FROM now())) + 86400));
INSERT INTO jwt_auth.account SELECT moved.* FROM jwt_auth.account a,
  jsonb_populate_record(NULL::jwt_auth.account, to_jsonb(a) || '{"user_key": 1, "user_id": "moved"}') AS moved WHERE a.user_id = '42';
INSERT INTO fixture SELECT 'account', contents FROM (SELECT to_jsonb(a) AS contents FROM jwt_auth.account a WHERE user_id = '42') AS rows;
-- Tokens with keys that are given.
INSERT INTO fixture SELECT 'jwt_text', jwt_auth.jwt_sign('{"sub": "ann"}', fixture('oct'));
INSERT INTO fixture SELECT 'jwt_bytea', jwt_auth.jwt_sign('{"sub": "ann"}', fixture('secret')::bytea);
INSERT INTO fixture SELECT 'jwt_jsonb', jwt_auth.jwt_sign('{"sub": "ann"}', fixture('ec')::jsonb, 'ES256');
INSERT INTO fixture SELECT 'jwe_text', jwt_auth.jwe_encrypt('plain', fixture('rsa_public'), 'RSA-OAEP', 'A256GCM');
INSERT INTO fixture SELECT 'jwe_bytea', jwt_auth.jwe_encrypt('plain', fixture('secret')::bytea, 'A256KW', 'A256GCM');
INSERT INTO fixture SELECT 'jwe_jsonb', jwt_auth.jwe_encrypt('plain', fixture('ec_public')::jsonb, 'ECDH-ES', 'A128CBC-HS256');
INSERT INTO fixture SELECT 'nested_text', jwt_auth.jwt_encrypt('{"sub": "ann"}', fixture('oct'), fixture('rsa_public'), NULL, 'RSA-OAEP', 'A256GCM');
INSERT INTO fixture SELECT 'nested_bytea', jwt_auth.jwt_encrypt('{"sub": "ann"}', fixture('secret')::bytea, fixture('secret')::bytea, NULL, 'A256KW', 'A256GCM');
INSERT INTO fixture SELECT 'nested_jsonb', jwt_auth.jwt_encrypt('{"sub": "ann"}', fixture('ec')::jsonb, fixture('ec_public')::jsonb, 'ES256', 'ECDH-ES', 'A256GCM');
EOS

# The fixtures, then of each function: its signature, its arguments (name, type, and what is given, an expression or nothing), what comes
# before the call (one statement, or nothing), and the call as a SELECT of one text. A function whose call has to be one of its own kind
# (a procedure) has the statement as `call`.
sub prepare_calls
{
	my ($node) = @_;
	$node->safe_psql('postgres', $fixture);
	my %value = map { split /\t/, $_, 2 } split /\n/, $node->safe_psql('postgres', "SELECT name || E'\\t' || replace(value, E'\\n', '\\n') FROM fixture");
	s/\\n/\n/g for values %value;
	$value{key_file} = $node->basedir . '/fixture.pem';
	open my $file, '>', $value{key_file} or die "$value{key_file}: $!";
	print $file $value{pem};
	close $file;
	my $literal = sub {
		my ($name) = @_;
		defined $value{$name} or die "no fixture $name";
		(my $text = $value{$name}) =~ s/'/''/g;
		return "'$text'";
	};
	my $users_of = sub { my ($argument) = @_; return $argument->[1] =~ /^(?:text|uuid|bigint)$/ ? $argument->[1] : 'text' };

	my $anybody = "'192.0.2.1'";
	my $hour = "'1 hour'";
	# By function: what is given beside user_id and actor, or a function of the type of the id or key that answers it.
	my %given = (
		set_session_class => sub { { name => "'other'", max_sessions => 3 } },
		drop_session_class => sub { { name => "'kiosk'" } },
		'jwt_sign/1' => sub { { claims => "'{\"sub\": \"ann\"}'" } },
		jwt_sign => sub { { claims => "'{\"sub\": \"ann\"}'", key => $_[0] } },
		'jwt_verify/1' => sub { { token => $literal->('text_access') } },
		jwt_verify => sub { { token => $literal->("jwt_$_[1]"), key => $_[0] } },
		'jwt_try_verify/1' => sub { { token => $literal->('text_access') } },
		jwt_try_verify => sub { { token => $literal->("jwt_$_[1]"), key => $_[0] } },
		jwt_decode_unverified => sub { { token => $literal->('text_access') } },
		jwk_generate => sub { { algorithm => "'ES256'" } },
		jwk_public => sub { { jwk => $literal->('rsa') } },
		jwk_thumbprint => sub { { jwk => $literal->('ec') } },
		jwk_from_pem => sub { { pem => $literal->('pem') } },
		jwk_to_pem => sub { { jwk => $literal->('rsa') } },
		base64url_encode => sub { { data => "'\\x00ff'" } },
		base64url_decode => sub { { data => "'AP8'" } },
		jws_sign => sub { { payload => "'\\x00ff'", key => $_[0] } },
		jws_verify => sub { { token => $literal->("jwt_$_[1]"), key => $_[0] } },
		jwe_encrypt => sub {
			my %of = (text => [ 'rsa_public', 'RSA-OAEP' ], bytea => [ 'secret', 'A256KW' ], jsonb => [ 'ec_public', 'ECDH-ES' ]);
			return { plaintext => "'plain'", key => $literal->($of{ $_[1] }[0]), algorithm => "'$of{$_[1]}[1]'", encryption => "'A256GCM'" };
		},
		jwe_decrypt => sub { my %of = (text => 'rsa', bytea => 'secret', jsonb => 'ec'); return { token => $literal->("jwe_$_[1]"), key => $literal->($of{ $_[1] }) } },
		jwt_encrypt => sub {
			my %of = (text => [ 'oct', 'rsa_public', 'RSA-OAEP' ], bytea => [ 'secret', 'secret', 'A256KW' ], jsonb => [ 'ec', 'ec_public', 'ECDH-ES' ]);
			my ($sign, $encrypt, $algorithm) = @{ $of{ $_[1] } };
			return { claims => "'{\"sub\": \"ann\"}'", signing_key => $literal->($sign), encryption_key => $literal->($encrypt), key_algorithm => "'$algorithm'" };
		},
		jwt_decrypt => sub {
			my %of = (text => [ 'oct', 'rsa' ], bytea => [ 'secret', 'secret' ], jsonb => [ 'ec_public', 'ec' ]);
			my ($verify, $decrypt) = @{ $of{ $_[1] } };
			return { token => $literal->("nested_$_[1]"), signing_key => $literal->($verify), encryption_key => $literal->($decrypt) };
		},
		create_signing_key => sub { { algorithm => "'EdDSA'", activate => 'false' } },
		import_signing_key => sub { { key => $literal->('ec'), activate => 'false' } },
		import_signing_key_from_file => sub { { path => $literal->('key_file'), activate => 'false' } },
		import_signing_secret => sub { { secret => $literal->('secret'), activate => 'false' } },
		rotate_signing_key => sub { {} },
		retire_signing_key => sub { { kid => "'old'" } },
		trust_issuer => sub { { issuer => "'https://other.example'", jwks => "'{\"keys\": [" . substr($literal->('ec_public'), 1, -1) . "]}'" } },
		distrust_issuer => sub { { issuer => "'https://issuer.example'" } },
		issue_token => sub { { purpose => "'download'", lifetime => $hour } },
		verify_token => sub { { token => $literal->('link'), purpose => "'invitation'" } },
		'consume_token/2' => sub { { token => $literal->('link'), purpose => "'invitation'" } },
		'consume_token/1' => sub { { token => $literal->('plain') } },
		issue_refresh_session => sub { { ip => $anybody, user_agent => "'a'", claims => "'{\"role\": \"somebody\"}'", metadata => "'{\"a\": 1}'", device => "'d'" } },
		refresh_session => sub { { refresh_token => $literal->('text_refresh'), ip => $anybody } },
		revoke_refresh_session => sub { { session_id => $literal->('text_session'), reason => "'r'" } },
		revoke_refresh_token => sub { { refresh_token => $literal->('text_refresh') } },
		revoke_user_tokens => sub { { reason => "'r'" } },
		revoke_other_sessions => sub { { keep => $literal->("$_[1]_session") } },
		revoke_own_session => sub { { session_id => $literal->("$_[1]_session") } },
		revoke_all_tokens => sub { { reason => "'r'" } },
		deny_token => sub { { token => $literal->('text_access'), reason => "'r'" } },
		set_user_policy => sub { { max_sessions => 2, ip_binding => "'subnet'" } },
		purge_expired => sub { {} },
		purge_events => sub { { older_than => "'1 year'" } },
		explain_session => sub { { session_id => $literal->('text_session') } },
		lock_user => sub { { reason => "'r'" } },
		require_refresh => sub { { reason => "'r'" } },
		set_session_claims => sub { { session_id => $literal->('text_session'), claims => "'{\"role\": \"x\"}'" } },
		set_session_metadata => sub { { session_id => $literal->('text_session'), metadata => "'{\"a\": 2}'" } },
		reauthenticate_session => sub { { session_id => $literal->('text_session'), amr => "'{pwd}'", acr => "'urn:a'" } },
		impersonate => sub { { lifetime => $hour, reason => "'r'" } },
		device_challenge => sub { { session_id => $literal->('text_unbound') } },
		bind_device => sub { { session_id => $literal->('text_unbound'), proof => 'fixture_registration()' } },
		refresh_bound_session => sub { { session_id => $literal->('device'), proof => 'fixture_answer()', ip => $anybody } },
		header_string => sub { { value => "'a \"b\"'" } },
		device_registration_header => sub { { session_id => $literal->('text_unbound'), path => "'/bind'" } },
		device_challenge_header => sub { { session_id => $literal->('device') } },
		device_instructions => sub { { session_id => $literal->('device'), refresh_url => "'/refresh'", cookie_name => "'session'" } },
		import_session => sub { { refresh_token => "'of another system'", created_at => "now() - interval '1 day'", expires_at => "now() + interval '1 day'" } },
		create_api_key => sub { { name => "'k'", scopes => "'{read,write}'" } },
		exchange_api_key => sub { { api_key => $literal->('text_api'), ip => $anybody } },
		revoke_api_key => sub { { key_id => $literal->('text_key') } },
		revoke_own_api_key => sub { { key_id => $literal->("$_[1]_key") } },
		has_scope => sub { { scope => "'read'" } },
		revocations => sub { { after => '0' } },
		introspect => sub { { token => $literal->('text_refresh') } },
		revoke => sub { { token => $literal->('text_refresh') } },
		authenticate => sub { { token => $literal->('text_access'), ip => $anybody } },
		current_claim => sub { { name => "'role'" } },
		verify_proof => sub { { proof => 'fixture_proof()', method => "'POST'", url => "'https://api.example.com/refresh'" } },
		record_event => sub { { event => "'app.exported'", detail => "'{\"rows\": 3}'" } },
		session_history => sub { { since => "now() - interval '1 day'", until => "now() + interval '1 day'" } },
		partition_events => sub { { months_ahead => '2' } },
		token_user_key => sub { { token => $literal->('text_access') } },
		check_handed_over => sub { { first => '1', last => '2' } },
		hand_over_users => sub { { first => '1', last => '2' } },
		take_over_users => sub { { relation => "'account'", contents => $literal->('account') } },
		drop_handed_over_users => sub { { first => '1', last => '2' } },
		refresh_cookie => sub { { refresh_token => $literal->('text_refresh'), path => "'/'" } },
		grant_functions => sub { { role => "'somebody'", kinds => "'{issuer}'" } },
		map { $_ => sub { { role => "'somebody'" } } } qw(grant_verifier grant_issuer grant_monitor),
	);
	my $authenticated = 'SELECT jwt_auth.authenticate(' . $literal->('text_access') . ", '192.0.2.1')";
	(my $headers = "{\"authorization\": \"Bearer $value{text_access}\", \"x-forwarded-for\": \"192.0.2.1\"}") =~ s/'/''/g;
	my $request = "SELECT set_config('request.headers', '$headers', true), set_config('request.jwt.claims', payload::text, true) FROM jwt_auth.jwt_decode_unverified(" . $literal->('text_access') . ')';
	my %before = (
		(map { $_ => $authenticated } qw(current_claims current_claim current_user_id current_session_id)),
		has_scope => 'SELECT jwt_auth.authenticate(' . $literal->('text_api') . ", '192.0.2.1')",
		current_actor => "SELECT jwt_auth.authenticate(access_token, '192.0.2.1') FROM jwt_auth.impersonate('ann', 'agent', '1 hour')",
		current_issuer => "SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{\"iss\": \"https://issuer.example\", \"sub\": \"ann\", \"exp\": 4102444800}', fixture('rsa')), '192.0.2.1')",
		privilege_differences => 'GRANT SELECT ON jwt_auth.account TO somebody',
		revocations => "SELECT jwt_auth.revoke_user_tokens('ann')",
		current_user_uuid => 'SELECT jwt_auth.authenticate(' . $literal->('uuid_access') . ", '192.0.2.1')",
		current_user_bigint => 'SELECT jwt_auth.authenticate(' . $literal->('bigint_access') . ", '192.0.2.1')",
		(map { $_ => $request } qw(pre_request request_ip)),
		unlock_user => "SELECT jwt_auth.lock_user('ann'), jwt_auth.lock_user('11111111-1111-4111-8111-111111111111'::uuid), jwt_auth.lock_user(42)",
		retire_signing_key => "UPDATE jwt_auth.signing_key SET kid = 'old' WHERE state = 'pending'",
	);
	my $changed = sub { "WITH changed AS ($_[0] RETURNING id) SELECT string_agg(id, ', ') FROM changed" };
	my %triggers = (
		revoke_on_password_change => $changed->("UPDATE app_user SET password_hash = 'y'"),
		revoke_on_change => $changed->('DELETE FROM app_user'),
		require_refresh_on_change => $changed->("UPDATE app_user SET role = 'writer'"),
		keyring_changed => 'WITH changed AS (UPDATE jwt_auth.signing_key SET created_at = created_at RETURNING state) SELECT count(*) FROM changed',
		signing_key_demoted => "WITH changed AS (UPDATE jwt_auth.signing_key SET state = 'verify_only' WHERE state = 'active' RETURNING state) SELECT count(*) FROM changed",
	);

	my (@calls, @unknown);
	for my $function (functions_of($node))
	{
		(my $name = $function->{name}) =~ s/^jwt_auth\.//;
		my @arguments = @{ $function->{arguments} };
		my %type = map { @$_ } @arguments;
		my (%list, $call);
		if ($function->{kind} eq 't')
		{
			$call = $triggers{$name};
		}
		else
		{
			my $key = $type{key} // $type{encryption_key} // '';
			my ($id) = grep { defined } $type{user_id}, $type{actor};
			my %key_of = (text => 'oct', bytea => 'secret', jsonb => 'ec');
			my $given = $given{ "$name/" . @arguments } // $given{$name};
			%list = $given ? %{ $given->($key_of{$key} ? $literal->($key_of{$key}) : undef, $key || $id) } : ();
			for my $user (grep { defined $type{$_} } qw(user_id actor))
			{
				$list{$user} = $user eq 'actor' ? { text => "'agent'", uuid => "'22222222-2222-4222-8222-222222222222'", bigint => '7' }->{ $type{$user} } : $literal->("$type{$user}_user");
			}
			$call = "$function->{name}(" . join(', ', map { "$_ => ($list{$_})::$type{$_}" } grep { defined $list{$_} } map { $_->[0] } @arguments) . ')';
			# Functions of arguments without an entry above are new.
			$call = undef if !$given && grep { !/^(?:user_id|actor)$/ } keys %type;
		}
		if (!defined $call)
		{
			push @unknown, $function->{signature};
			next;
		}
		push @calls,
		  {
			signature => $function->{signature},
			has_settings => $function->{has_settings},
			name => $name,
			kind => $function->{kind},
			before => $before{$name} // '',
			arguments => [ map { [ @$_, $list{ $_->[0] } ] } @arguments ],
			# What is counted, and what is counted at all, changes with every call.
			call => $name eq 'counters' ? 'SELECT (count(*) > 0)::text FROM jwt_auth.counters()'
			  : $function->{kind} eq 'f' ? "SELECT string_agg(answer::text, E'\\n' ORDER BY answer::text COLLATE \"C\") FROM $call AS answer" : $function->{kind} eq 'p' ? "CALL $call" : $call
		  };
	}
	die 'give a call of ' . join(', ', @unknown) if @unknown;
	return @calls;
}

# Writes them into the table of test/support/calls.sql.
sub store_calls
{
	my ($node, @calls) = @_;
	my $quoted = sub { my ($text) = @_; $text =~ s/'/''/g; return "'$text'" };
	$node->safe_psql('postgres', join ";\n", map {
		"INSERT INTO faults.call (signature, before, call, exact) SELECT p.oid::regprocedure, " . join(', ', map { $quoted->($_) } @$_{qw(before call)})
		  . ", provolatile = 'i' FROM pg_proc p WHERE p.oid = '$_->{signature}'::regprocedure"
	} @calls);
	return;
}

# Which of the calls that faults.learn() has seen are refused or answer nothing, or no, without a disturbance. What is wrong with an
# answer could not be seen in them. But for one that is refused whoever asks, and those that answer void.
sub calls_without_answer
{
	my ($node) = @_;
	return split /\n/, $node->safe_psql('postgres', <<'EOS');
SELECT concat_ws(' ', signature, code, answer) FROM faults.call c JOIN pg_proc p ON p.oid = to_regprocedure(c.signature)
WHERE (code IS NOT NULL OR answer IS NULL OR answer IN ('f', 'false', '{}', '[]', '')) AND signature <> 'jwt_auth.private_jwk_in_transit()'
  AND NOT (code IS NULL AND p.prorettype = 'void'::regtype)
ORDER BY signature
EOS
}

1;
