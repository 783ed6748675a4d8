# Nothing that was handed out can be found in what the server keeps.
use strict;
use warnings;
use lib '.';
use File::Find;
use JwtAuth qw(start_node refresh_token_parts encode_base64url);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;

# The retry counts as one however slow the machine is.
my $node = start_node('secrets', "jwt_auth.refresh_reuse_interval = '1h'");

# Sessions in every state: fresh, rotated, replayed, evicted, stolen, logged out, revoked.
my %handed_out;
my $keep = sub {
	my ($sql) = @_;
	my ($token) = grep { /\S/ } split /\n/, $node->safe_psql('postgres', $sql);
	$handed_out{$token} = 1 if defined $token;
	return $token;
};
my $issue = sub { $keep->("SELECT refresh_token FROM jwt_auth.issue_refresh_session('$_[0]', ip => '192.0.2.1', user_agent => 'test',"
		  . " fingerprint => 'device', claims => '{\"a\": 1}', metadata => '{\"b\": 2}')") };
my $refresh = sub { $keep->("SELECT refresh_token FROM jwt_auth.refresh_session('$_[0]', ip => '192.0.2.2')") };

my $first = $issue->('ann');
my $second = $refresh->($first);
is($refresh->($first), $second, 'a replayed token has the same successor');
my $third = $refresh->($second);
is($node->safe_psql('postgres', "SELECT status FROM jwt_auth.refresh_session('$first')"), 'reuse_detected', 'a theft is noticed');
$issue->('bob') for 1 .. 7;
my $logged_out = $issue->('cy');
is($node->safe_psql('postgres', "SELECT jwt_auth.revoke_refresh_token('$logged_out')"), 't', 'a log-out');
$refresh->($refresh->($issue->('dan')));
$issue->('eve');
is($node->safe_psql('postgres', "SELECT jwt_auth.revoke_user_tokens('eve')"), '1', 'a revocation');
is(scalar(keys %handed_out), 15, 'so many different refresh tokens were handed out');

# Every way that a secret might be written down.
my %needle;
for my $token (keys %handed_out)
{
	my ($prefix, $session, $generation, $family, $secret) = refresh_token_parts($token);
	is(length($secret), 32, 'the token ends in a secret of 32 bytes') if $token eq $first;
	$needle{$token} = 'a token';
	$needle{ substr($token, length($prefix)) } = 'a token without its prefix';
	for ([ 'family secret', $family ], [ 'secret', $secret ])
	{
		my ($what, $bytes) = @$_;
		$needle{$bytes} = "$what, raw";
		$needle{ unpack('H*', $bytes) } = "$what, hex";
		$needle{ uc unpack('H*', $bytes) } = "$what, upper-case hex";
		(my $base64 = encode_base64($bytes, '')) =~ s/=+$//;
		$needle{$base64} = "$what, base64";
		$needle{ encode_base64url($bytes) } = "$what, base64url";
		$needle{ join '', map { $_ == 92 ? '\\\\' : $_ < 32 || $_ > 126 ? sprintf('\\%03o', $_) : chr } unpack('C*', $bytes) }
		  = "$what, as bytea_output = escape";
	}
	# As they stand inside the token, whatever the alignment: 8 bytes' worth from the middle of the secret.
	$needle{ substr($token, -32) } = 'the end of a token';
}

sub found_in
{
	my ($haystack) = @_;
	return join ', ', sort map { $needle{$_} } grep { index($haystack, $_) >= 0 } keys %needle;
}
is(found_in("x$first"), 'a token, a token without its prefix, secret, base64url, the end of a token', 'the search finds what is there');

for my $output ('hex', 'escape')
{
	my @tables = split /\n/, $node->safe_psql('postgres',
		"SELECT oid::regclass FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'S', 'v') ORDER BY 1");
	cmp_ok(scalar(@tables), '>=', 6, 'the schema has its tables');
	my $dump = '';
	for my $table (@tables)
	{
		$dump .= $node->safe_psql('postgres', "SET bytea_output = '$output'; COPY (SELECT * FROM $table) TO STDOUT") . "\n";
	}
	like($dump, qr/reuse_detected/, "the dump ($output) has the audit in it");
	is(found_in($dump), '', "a text dump of every table ($output) holds no refresh token and no secret");
}

my ($pg_dump) = run_command([ 'pg_dump', '-d', $node->connstr('postgres') ]);
like($pg_dump, qr/COPY jwt_auth\.refresh_session/, 'pg_dump dumps the sessions');
is(found_in($pg_dump), '', 'the output of pg_dump holds no refresh token and no secret');

# Tables, indexes and the write-ahead log, as they lie on disk.
$node->safe_psql('postgres', 'CHECKPOINT');
$node->stop;
my ($files, $where) = (0, '');
find(
	sub {
		return unless -f $_;
		my $contents = slurp_file($_);
		my $found = found_in($contents);
		$where .= "$File::Find::name: $found\n" if $found ne '';
		$files++;
	},
	$node->data_dir);
cmp_ok($files, '>', 500, 'the data directory has its files');
is($where, '', 'no file of the data directory holds a refresh token or a secret');

done_testing();
