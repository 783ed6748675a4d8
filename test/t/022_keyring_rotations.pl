# A crowd rotates at once; nobody who signs or verifies meanwhile notices.
use strict;
use warnings;
use lib '.';
use JwtAuth qw(start_node at_once);
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('rotations');
my $ask = sub { $node->safe_psql('postgres', $_[0]) };

# The gate stands behind the first snapshot, so at REPEATABLE READ nobody can see anybody else's work.
my $behind_the_gate = "SELECT count(*) >= 0 FROM jwt_auth.signing_key;\nSELECT pg_advisory_xact_lock_shared(42);\n";
for my $isolation ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	for my $pending (0, 1)
	{
		my $what = $isolation . ($pending ? ', a key pending' : '');
		$ask->('TRUNCATE jwt_auth.signing_key, jwt_auth.auth_event; SELECT jwt_auth.create_signing_key()');
		my $next = $pending ? $ask->('SELECT jwt_auth.create_signing_key(activate => false)') : '';
		my $token = $ask->("SELECT jwt_auth.jwt_sign('{\"sub\": \"before\"}')");
		my @rotations = at_once($node, 16, <<"EOS");
BEGIN ISOLATION LEVEL $isolation;
$behind_the_gate
SELECT 'kid ' || jwt_auth.rotate_signing_key();
COMMIT;
EOS
		my %kid = map { $_->{output} =~ /^kid (\S+)$/m && $_->{error} eq '' ? ($1 => 1) : () } @rotations;
		my $rotated = keys %kid;
		my $serialization = grep { $_->{error} =~ /ERROR:  40001$/m } @rotations;
		is($rotated + $serialization, 16, "$what: each of 16 rotations is made or fails with 40001");
		is($rotated, 16, "$what: all are made, one after the other") if $isolation eq 'READ COMMITTED';
		cmp_ok($rotated, '>=', 1, "$what: at least one is made ($rotated)");
		is($ask->("SELECT count(*) FROM jwt_auth.signing_keys WHERE state = 'active'"), 1, "$what: one key is active");
		is($ask->("SELECT count(*) FROM jwt_auth.signing_keys WHERE state = 'verify_only'"), $rotated, "$what: the others verify");
		is($ask->("SELECT count(*) FROM jwt_auth.signing_keys"), $rotated + 1, "$what: and there are no more");
		is($ask->("SELECT count(*) FROM jwt_auth.auth_event WHERE event = 'key_rotated'"), $rotated, "$what: each is in the audit");
		ok($kid{$next}, "$what: the pending key was used") if $pending;
		is($ask->("SELECT jwt_auth.jwt_verify('$token') ->> 'sub'"), 'before', "$what: what was signed before is good");
		is($ask->("SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{\"sub\": \"after\"}')) ->> 'sub'"), 'after', "$what: as is what is signed now");
	}
}

# Sixteen log-ins of a new installation: each makes the first key.
for my $isolation ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	$ask->('TRUNCATE jwt_auth.signing_key');
	my @creations = at_once($node, 16, "BEGIN ISOLATION LEVEL $isolation;\n$behind_the_gate\nSELECT 'kid ' || jwt_auth.create_signing_key();\nCOMMIT;\n");
	is(scalar(grep { $_->{output} =~ /^kid \S+$/m } @creations), 1, "$isolation: one of 16 makes the first key");
	is(scalar(grep { $_->{error} =~ /ERROR:  (55000|40001)$/m } @creations), 15, "$isolation: the others are told");
	is($ask->("SELECT count(*) FROM jwt_auth.signing_keys WHERE state = 'active'"), 1, "$isolation: one key is active");
}

# At noon on a busy day: others sign and verify, also with tokens that live long, and keys change under them.
$ask->('TRUNCATE jwt_auth.signing_key; SELECT jwt_auth.create_signing_key()');
$ask->('CREATE TABLE issued (token text)');
my $directory = PostgreSQL::Test::Utils::tempdir();
append_to_file("$directory/work.sql", <<'EOS');
INSERT INTO issued SELECT jwt_auth.jwt_sign(CASE WHEN random() < 0.1
  THEN jsonb_build_object('sub', 'busy', 'exp', extract(epoch FROM clock_timestamp())::bigint + (1800 + random() * 86400)::bigint)
  ELSE '{"sub": "busy"}' END);
SELECT jwt_auth.jwt_verify(token) FROM (SELECT token FROM issued ORDER BY random() LIMIT 5) AS t;
EOS
append_to_file("$directory/rotate.sql", "SELECT jwt_auth.rotate_signing_key();\nSELECT pg_sleep(0.05);\n");
my $timer = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
my $rotating = IPC::Run::start([ 'pgbench', '-n', '-c', '2', '-t', '40', '-f', "$directory/rotate.sql", $node->connstr('postgres') ],
	'>', \my $rotating_out, '2>&1', $timer);
my ($out, $err) = run_command([ 'pgbench', '-n', '-c', '6', '-t', '60', '-f', "$directory/work.sql", $node->connstr('postgres') ]);
$timer->start;
$rotating->finish;
like($out, qr{transactions actually processed: 360/360}, 'everybody signs and verifies while keys are rotated');
unlike($err, qr/ERROR/, 'and nobody meets an error');
like($rotating_out, qr{transactions actually processed: 80/80}, 'all 80 rotations are made');
is($ask->("SELECT count(*) FROM issued WHERE jwt_auth.jwt_verify(token) ->> 'sub' = 'busy'"), 360, 'each token that was issued is good');
is( $ask->("SELECT count(*) FROM issued CROSS JOIN jwt_auth.jwt_decode_unverified(token) JOIN jwt_auth.signing_keys ON kid = header ->> 'kid'"
		  . " WHERE state = 'verify_only' AND verify_until < to_timestamp((payload ->> 'exp')::bigint)"),
	0, 'and no key is to end before the last of its tokens');
done_testing();
