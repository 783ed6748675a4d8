#!/usr/bin/env perl
# prepare.pl DIRECTORY: makes a database ready for backend.cpp. Needs psql's environment and the extension. Makes the fixtures of
# test/t/Calls.pm, the table of the functions' arguments, a seed of each function in DIRECTORY/seeds, and DIRECTORY/words, a
# dictionary of signatures and fixtures.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../../t";
use Calls;

# What Calls.pm asks of a node.
package Database;
sub new { my ($class, $directory) = @_; return bless { directory => $directory }, $class }
sub basedir { return $_[0]{directory} }

sub safe_psql
{
	my ($self, $database, $sql) = @_;
	open my $file, '>', "$self->{directory}/statement.sql" or die "$self->{directory}: $!";
	print $file $sql;
	close $file or die $!;
	my $answer = `psql -XAtq -v ON_ERROR_STOP=1 -d $database -f $self->{directory}/statement.sql`;
	die 'psql failed' if $? != 0;
	chomp $answer;
	return $answer;
}

package main;

my $directory = shift or die 'usage: prepare.pl DIRECTORY';
my $database = Database->new($directory);
my @calls = prepare_calls($database);
$database->safe_psql('postgres', "INSERT INTO fixture VALUES ('key_file', '$directory/fixture.pem'), ('proof', fixture_proof())");

# Triggers have no call of their own, and a procedure ends transactions.
$database->safe_psql('postgres', <<'EOS');
CREATE SCHEMA fuzz;
CREATE TABLE fuzz.argument AS
SELECT p.oid::regprocedure::text AS signature, format('%I.%I', n.nspname, p.proname) AS name, a.accepts, u.n, p.proargnames[u.n] AS argument,
  format_type(u.type, NULL) AS type, u.n > p.pronargs - p.pronargdefaults AS optional, false AS planted
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'jwt_auth'
LEFT JOIN unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u(type, n) ON true
-- Those that accept a token of the server's own, and when they do.
LEFT JOIN (VALUES ('authenticate', 'token', 'r IS NOT NULL'), ('jwt_verify', 'token', 'r IS NOT NULL'), ('verify_token', 'token', 'r IS NOT NULL'),
  ('consume_token', 'token', $$r::text <> 'false'$$), ('introspect', 'token', $$(r ->> 'active')::boolean$$),
  ('refresh_session', 'refresh_token', $$r.status IN ('ok', 'replayed')$$), ('exchange_api_key', 'api_key', $$r.status IN ('ok', 'replayed')$$)) AS a(name, first, accepts)
  ON a.name = p.proname AND a.first = p.proargnames[1] AND p.proargnames[2] IS DISTINCT FROM 'key'
WHERE p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype;
-- A function that breaks promises: fuzz.sh sees first that they are noticed.
CREATE FUNCTION fuzz.planted(how text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
  CASE how
    WHEN 'internal' THEN RAISE EXCEPTION SQLSTATE 'XX000' USING MESSAGE = 'planted';
    WHEN 'lock' THEN PERFORM pg_advisory_lock(1);
    WHEN 'message' THEN RAISE EXCEPTION 'it was %', (SELECT value FROM fuzz.fixture WHERE name = 'text_refresh');
    WHEN 'token' THEN RAISE EXCEPTION 'it was %', (SELECT value FROM fuzz.fixture WHERE name = 'jwt_text');
    WHEN 'path' THEN PERFORM set_config('search_path', 'pg_temp', false);
    WHEN 'role' THEN PERFORM set_config('role', 'somebody', false);
    WHEN 'none' THEN RETURN NULL;
    ELSE NULL;
  END CASE;
  RETURN how;
END $$;
INSERT INTO fuzz.argument VALUES ('fuzz.planted(text)', 'fuzz.planted', $$r = 'accepted'$$, 1, 'how', 'text', false, true);
CREATE TABLE fuzz.fixture AS SELECT name, value, name ~ '^(oct|secret|rsa|ec|pem)$' OR value ~ '^(eyJ|jwtauth_)' AS secret FROM fixture;
CREATE FUNCTION fuzz.run(arguments text[]) RETURNS void LANGUAGE c AS '$libdir/jwt_auth', 'jwt_auth_fuzz';
EOS

my %fixture = map { my ($name, $value) = split /\t/, $_, 2; $value =~ s/\\n/\n/g; ($value => $name) } split /\n/,
  $database->safe_psql('postgres', "SELECT name || E'\\t' || replace(value, E'\\n', '\\n') FROM fixture ORDER BY name DESC");
# The arguments' values as texts, by one statement: each is hex, so that any text is one line.
@calls = grep { $_->{kind} eq 'f' } @calls;
my @expressions = map { my (undef, $type, $value) = @$_; $value =~ s/^fixture_(proof|registration|answer)\(\)$/fixture('$1')/ if defined $value; defined $value ? "encode(convert_to((($value)::$type)::text, 'UTF8'), 'hex')" : () } map { @{ $_->{arguments} } } @calls;
my @values = map { pack 'H*', $_ } split /\n/, $database->safe_psql('postgres', join ";\n", map { "SELECT $_" } @expressions);
die 'an argument is NULL' unless @values == @expressions;

# A value of the fixtures by its name, be it all of a text or, if it is long, a part of it.
sub by_name
{
	my ($text) = @_;
	return "\${$fixture{$text}}" if defined $fixture{$text};
	for my $value (sort { length $b <=> length $a || $fixture{$a} cmp $fixture{$b} } keys %fixture)
	{
		$text =~ s/\Q$value\E/\${$fixture{$value}}/g if length $value >= 16;
	}
	return $text;
}

mkdir "$directory/seeds" or die "$directory/seeds: $!";
my %seed;
for my $call (@calls)
{
	$seed{ $call->{signature} } = join "\0", $call->{signature}, map { defined $_->[2] ? by_name(shift @values) : '\\D' } @{ $call->{arguments} };
}
for my $call (@calls)
{
	# Who asks for the current user has authenticated before.
	my $before = $call->{before} =~ /^SELECT jwt_auth\.authenticate\('([^']+)'/ ? (grep { /\bauthenticate\(/ } keys %seed)[0] . "\0\${$fixture{$1}}\0" . "192.0.2.1\1" : '';
	(my $file = $call->{signature}) =~ s/[^a-z0-9_]+/-/g;
	open my $seed, '>', "$directory/seeds/$file" or die $!;
	print $seed $before . $seed{ $call->{signature} };
	close $seed or die $!;
}
open my $words, '>', "$directory/words" or die $!;
print $words "\"$_\"\n" for (sort keys %seed), (map { "\${$_}" } sort values %fixture), '\\\\N', '\\\\D', '\\x00', '\\x01', 'infinity', '-infinity', '-1', '2147483647', '1 day';
close $words or die $!;
print scalar(@calls) . " functions\n";
