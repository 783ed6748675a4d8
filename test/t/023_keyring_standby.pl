# A hot standby: it verifies and signs, hears of each change, and changes nothing itself.
use strict;
use warnings;
use lib '.';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = PostgreSQL::Test::Utils::tempdir();
append_to_file("$directory/kek", unpack('H*', pack('C*', 1 .. 32)));
chmod 0600, "$directory/kek";

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
# What a vacuum removes would end a long transaction on the standby.
$primary->append_conf('postgresql.conf', "autovacuum = off\nshared_preload_libraries = 'jwt_auth'\njwt_auth.key_encryption_key_file = '$directory/kek'\n");
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');
my $first = $primary->safe_psql('postgres', "SELECT jwt_auth.create_signing_key('HS256')");
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# One session on the standby, open all the time: what reaches it, reaches it by invalidation.
my ($in, $out) = ('', '');
my $timer = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
my $psql = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $standby->connstr('postgres') ],
	'<', \$in, '>&', \$out, $timer);
sub ask
{
	my ($sql) = @_;
	$out = '';
	$in .= "$sql;\n\\echo asked\n";
	$timer->start;
	$psql->pump until $out =~ /asked/;
	return $out =~ /ERROR:  (\w+)/ ? $1 : (split /\n/, $out)[0];
}
my $caught_up = sub { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('write')) };
my $signer = "SELECT header ->> 'kid' FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{\"sub\": \"ann\"}'))";

$caught_up->();
is(ask($signer), $first, 'the standby signs with the sealed key of the primary');
my $of_first = ask("SELECT jwt_auth.jwt_sign('{\"sub\": \"standby\"}')");
is($primary->safe_psql('postgres', "SELECT jwt_auth.jwt_verify('$of_first') ->> 'sub'"), 'standby', 'and the primary accepts it');
is(ask("SELECT jwt_auth.jwt_sign('{\"exp\": 4102444800}')"), '25006', 'a token that would have to be recorded is not signed');
$primary->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('{\"exp\": 4102444800}')");
$caught_up->();
is(ask("SELECT length(jwt_auth.jwt_sign('{\"exp\": 4102444800}')) > 0"), 't', 'unless one that lives as long has been recorded on the primary');
is(ask('SELECT pg_is_in_recovery()'), 't', 'all this on a standby');

# A rotation, one that is rolled back, a retirement.
my $second = $primary->safe_psql('postgres', "SELECT jwt_auth.rotate_signing_key('ES256')");
$caught_up->();
is(ask($signer), $second, 'a rotation on the primary reaches an open session on the standby');
is(ask("SELECT jwt_auth.jwt_verify('$of_first') ->> 'sub'"), 'standby', 'what the old key signed is good there');
is(ask("SELECT jwt_auth.jwks() #>> '{keys,0,kid}'"), $second, 'the new one is published there');
my $of_second = ask("SELECT jwt_auth.jwt_sign('{\"sub\": \"second\"}')");
$primary->safe_psql('postgres', 'BEGIN; SELECT jwt_auth.rotate_signing_key(); ROLLBACK');
$caught_up->();
is(ask($signer), $second, 'one that was rolled back does not');
is(ask('BEGIN ISOLATION LEVEL REPEATABLE READ'), 'asked', 'a long transaction on the standby');
is(ask($signer), $second, 'signs');
$primary->safe_psql('postgres', "SELECT jwt_auth.retire_signing_key('$first')");
my $third = $primary->safe_psql('postgres', "SELECT jwt_auth.rotate_signing_key('EdDSA')");
$caught_up->();
is(ask($signer), $third, 'and hears of a rotation');
is(ask("DO \$\$ BEGIN PERFORM jwt_auth.jwt_verify('$of_first'); EXCEPTION WHEN SQLSTATE 'JW008' THEN PERFORM set_config('test.refused', 'yes', false); END \$\$"),
	'asked', 'and of a retirement');
is(ask("SELECT current_setting('test.refused', true)"), 'yes', 'which refuses the token');
is(ask('COMMIT'), 'asked', 'the end of that transaction');
$primary->safe_psql('postgres', "UPDATE jwt_auth.signing_key SET state = 'retired' WHERE kid = '$second'");
$caught_up->();
is(ask("SELECT jwt_auth.jwt_verify('$of_second')"), 'JW008', 'an administrator\'s own UPDATE is heard of as well');

# Nothing is changed from here.
for my $change ("create_signing_key()", "create_signing_key(activate => false)", "rotate_signing_key()", "retire_signing_key('$third')",
	"seal_signing_keys()", "import_signing_key(jwt_auth.jwk_generate('ES256')::text)", "distrust_issuer('x')",
	"trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(jwt_auth.jwk_generate('ES256')))))")
{
	is(ask("SELECT jwt_auth.$change"), '25006', "$change is refused on a standby");
}
is(ask("BEGIN; SELECT jwt_auth.rotate_signing_key(); ROLLBACK"), '25006', 'in a transaction too');

# Without the file it signs nothing, and verifies what public keys verify.
my $of_third = $primary->safe_psql('postgres', "SELECT jwt_auth.jwt_sign('{\"sub\": \"third\"}')");
$standby->append_conf('postgresql.conf', "jwt_auth.key_encryption_key_file = '$directory/none'\n");
$standby->reload;
$standby->poll_query_until('postgres', "SELECT current_setting('jwt_auth.key_encryption_key_file') = '$directory/none'") or die 'no reload';
my $refused = '';
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	last if ($refused = ask($signer)) eq 'JW022';
	select(undef, undef, undef, 0.1);
}
is($refused, 'JW022', 'a standby without the file does not sign');
is(ask("SELECT jwt_auth.jwt_verify('$of_third') ->> 'sub'"), 'third', 'but verifies');
$standby->append_conf('postgresql.conf', "jwt_auth.key_encryption_key_file = '$directory/kek'\n");
$standby->reload;
$standby->poll_query_until('postgres', "SELECT current_setting('jwt_auth.key_encryption_key_file') = '$directory/kek'") or die 'no reload';

# Promoted, it takes over.
$primary->stop;
$standby->promote;
is($standby->safe_psql('postgres', "SELECT jwt_auth.jwt_verify('$of_third') ->> 'sub'"), 'third', 'promoted, it verifies');
my $fourth = $standby->safe_psql('postgres', 'SELECT jwt_auth.rotate_signing_key()');
is(ask($signer), $fourth, 'rotates, and its open session notices');
$in .= "\\q\n";
$timer->start;
$psql->finish;
done_testing();
