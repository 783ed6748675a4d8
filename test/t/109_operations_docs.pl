# Every statement that the operations page tells a DBA to type does run, in the order of the page.
use strict;
use warnings;
use lib '.';
use Ask;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $page = slurp_file(source_file('docs/operations.md'));
my $key_file = PostgreSQL::Test::Utils::tempdir() . '/key';

my $node = PostgreSQL::Test::Cluster->new('dba');
$node->init(allows_streaming => 'logical');
$node->append_conf("postgresql.conf", "log_statement = none\n");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE backend; CREATE ROLE api; CREATE ROLE keeper');

# Fenced blocks, statement by statement, comments taken away; and statements in the text.
my @statements;
while ($page =~ /^```\n(.*?)^```$|`((?:SELECT|CREATE INDEX) [^`]*)`/msg)
{
	my $code = defined $1 ? $1 : "$2;";
	$code =~ s/--.*$//mg;
	push @statements, grep { /^(?:SELECT|ALTER|CREATE|CALL|GRANT|VACUUM)\b/ } map { s/^\s+|\s+$//gr } split /;/, $code;
}
cmp_ok(scalar(@statements), '>=', 24, 'the page has its statements (' . scalar(@statements) . ')');

my %seen;
for my $statement (@statements)
{
	my $sql = $statement;
	# Need what is not here: a second server, pg_cron (which have tests of their own).
	next if $sql =~ /^SELECT cron\./ || $sql =~ /^CREATE SUBSCRIPTION/;
	if ($sql =~ s/'\/etc\/postgresql\/jwt_auth\.key'/'$key_file'/)
	{
		append_to_file($key_file, ('7c' x 32) . "\n");
		chmod 0600, $key_file or die;
	}
	# The databases of an example.
	$sql =~ s/'mydb, other'/'postgres'/;
	# An example's argument.
	$sql =~ s/explain_session\(id\)/explain_session(gen_random_uuid())/;
	my $answer = ask($node, $sql);
	unlike($answer, qr/^(?:error|psql)/, $statement =~ s/\s+/ /gr);
	# As the page says right there.
	$node->restart if $sql =~ /shared_preload_libraries/;
	$seen{$1} = $answer if $sql =~ /jwt_auth\.(\w+)\(/;
}
is($seen{seal_signing_keys}, '1', 'the key was sealed on the way');
is($seen{revoke_all_tokens}, '', 'everybody was cut off');
is(ask($node, "SELECT string_agg(state || coalesce(' ' || sealed, ''), ', ' ORDER BY state) FROM jwt_auth.signing_keys"), 'active true, verify_only true',
	'the keys are as the page says');
is(ask($node, "SELECT count(*) FROM jwt_auth.doctor() WHERE severity IN ('error', 'warning')"), '0', 'and the doctor is content');
is(ask($node, "SET ROLE backend; SELECT status FROM jwt_auth.issue_refresh_session('ann')"), 'ok', 'the backend logs users in');
is(ask($node, "SET ROLE api; SELECT status FROM jwt_auth.issue_refresh_session('ann')"), 'error 42501', 'and the verifier does not');

# Uninstall: refused while something depends on it; CASCADE takes the policy, the trigger and the default, and the table then shows nothing.
$node->safe_psql('postgres', q{
	CREATE TABLE member (id text DEFAULT jwt_auth.current_user_id());
	INSERT INTO member VALUES ('ann');
	ALTER TABLE member ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON member USING (id = jwt_auth.current_user_id());
	CREATE TRIGGER gone AFTER DELETE ON member FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_change('id');
	GRANT SELECT ON member TO api;
});
is(ask($node, 'DROP EXTENSION jwt_auth'), 'error 2BP01', 'the extension is not dropped while something depends on it');
is(ask($node, 'SELECT count(*) FROM jwt_auth.signing_keys'), '2', 'and nothing is lost');
is(ask($node, 'DROP EXTENSION jwt_auth CASCADE; SELECT (SELECT count(*) FROM pg_policy), (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),'
	  . ' (SELECT count(*) FROM pg_attrdef)'), '0|0|0', 'CASCADE takes what depends on it');
is(ask($node, 'SET ROLE api; SELECT count(*) FROM member'), '0', 'and the table shows nothing any more');
$node->stop;

done_testing();
