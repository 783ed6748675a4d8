# The page on keys, command by command: each block runs, in order, and answers what it says.
use strict;
use warnings;
use lib '.';
use Ask qw(source_file);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $page = slurp_file(source_file('docs/keys.md'));
my @blocks;
push @blocks, { language => $1, text => $2 } while $page =~ /^```(\w+)\n(.*?)^```$/msg;
cmp_ok(scalar(@blocks), '>=', 20, 'the page has its blocks');
is(join(' ', sort keys %{ { map { $_->{language} => 1 } @blocks } }), 'sh sql', 'of two kinds');
is(scalar(() = $page =~ /^```/mg), 2 * @blocks, 'and nothing else is fenced');

my $directory = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('keys');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', <<'EOS');
CREATE EXTENSION jwt_auth;
-- pg_cron belongs to others; this runs at once what it would run later, and keeps the times.
CREATE SCHEMA cron;
CREATE TABLE cron.job (name text, schedule text, command text);
CREATE FUNCTION cron.schedule(name text, schedule text, command text) RETURNS bigint LANGUAGE sql AS
  $$ INSERT INTO cron.job VALUES (name, schedule, command); SELECT count(*) FROM cron.job $$;
EOS
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{PGDATABASE} = 'app';

for my $n (0 .. $#blocks)
{
	my ($language, $text) = @{ $blocks[$n] }{qw(language text)};
	my ($first_line) = split /\n/, $text;
	my $name = 'block ' . ($n + 1) . ": $first_line";
	$text =~ s{/etc/jwt_auth}{$directory}g;
	$text =~ s{-o postgres }{}g;    # whoever runs the test runs the server
	if ($language eq 'sh')
	{
		my ($out, $err) = run_command([ 'bash', '-euo', 'pipefail', '-c', $text ]);
		is($err, '', "$name: no complaint");
		is($? >> 8, 0, "$name: done");
		next;
	}
	# What stands before an expected answer gives it.
	my $out = '';
	$text =~ s/^-- => (.*)$/\\echo => $1/mg;
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-v', 'ON_ERROR_STOP=1' ],
		'<', \$text, '>&', \$out, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	my @lines = split /\n/, $out;
	unlike($out, qr/ERROR/, "$name: no error");
	for my $i (grep { $lines[$_] =~ /^=> / } 0 .. $#lines)
	{
		my ($expected) = $lines[$i] =~ /^=> (.*)$/;
		is($lines[ $i - 1 ], $expected, "$name: answers $expected");
	}
	is(scalar(grep { /^=> / } @lines), scalar(() = $text =~ /^\\echo => /mg), "$name: ran to its end");
	if ($text =~ /pg_reload_conf/)
	{
		my ($setting) = $text =~ /SET jwt_auth.(key_encryption_key_file) = '/;
		my ($value) = $text =~ /SET jwt_auth.key_encryption_key_file = '(.*?)'/;
		$node->poll_query_until('app', "SELECT current_setting('jwt_auth.$setting') = '$value'") or die 'no reload' if defined $setting;
	}
	# The schedule's commands run, in their order.
	for my $command ($text =~ /cron\.schedule\('.*?', '.*?', \$\$(.*?)\$\$\)/g)
	{
		my ($status, undef, $stderr) = $node->psql('app', $command);
		is("$status$stderr", '0', "$name: $command");
	}
}
is($node->safe_psql('app', 'SELECT count(*) FROM cron.job'), 3, 'three jobs were scheduled');
is($node->safe_psql('app', "SELECT bool_and(sealed) FROM jwt_auth.signing_keys WHERE state <> 'retired'"), 't', 'nothing lies in the clear at the end');
is($node->safe_psql('restored', "SELECT count(*) FROM jwt_auth.signing_keys WHERE state = 'active'"), 1, 'the restored database has its key');
done_testing();
