# What the TAP tests share: a server with the extension, tokens made by hand, many sessions at once.
package JwtAuth;

use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use Exporter 'import';
use File::Basename qw(dirname);
use IPC::Run ();
use MIME::Base64 qw(encode_base64url decode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT_OK = qw(start_node start_primary start_standby token_with encode_base64url decode_base64url at_once refresh_token_parts build_library);

# A server with the extension in database postgres and an active key.
sub start_node
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', join("\n", "log_statement = none", "max_connections = 60", @settings) . "\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
	return $node;
}

# The same as a server that may have standbys.
sub start_primary
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => 1);
	$node->append_conf('postgresql.conf', join("\n", "shared_preload_libraries = 'jwt_auth'", @settings) . "\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key()');
	return $node;
}

# A standby of it, which begins with what it has now.
sub start_standby
{
	my ($primary, $name, @settings) = @_;
	$primary->backup($name);
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init_from_backup($primary, $name, has_streaming => 1);
	$node->append_conf('postgresql.conf', join("\n", @settings) . "\n") if @settings;
	$node->start;
	return $node;
}

# An HS256 token of any bytes: what no library would sign.
sub token_with
{
	my ($secret, $payload, $header) = @_;
	$header = '{"alg":"HS256"}' unless defined $header;
	my $input = encode_base64url($header) . '.' . encode_base64url($payload);
	return $input . '.' . encode_base64url(hmac_sha256($input, $secret));
}

# prefix, session id, generation, family secret and secret of a refresh token, the last four as bytes.
sub refresh_token_parts
{
	my ($token) = @_;
	my $prefix = substr($token, 0, length($token) - 91);
	return ($prefix, unpack('a16 a4 a16 a32', decode_base64url(substr($token, -91))));
}

# Runs the script in $count psql sessions. Each waits at the gate, SELECT pg_advisory_xact_lock_shared(42), until all are there.
# Answers what each one printed.
sub at_once
{
	my ($node, $count, $script) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
	append_to_file($file, $script);
	my @psql = ('psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres'));

	my $timeout = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	my ($in, $out) = ("SELECT pg_advisory_lock(42);\n\\echo shut\n", '');
	my $gate = IPC::Run::start(\@psql, '<', \$in, '>', \$out, $timeout);
	$gate->pump until $out =~ /shut/;

	my (@sessions, @output, @errors);
	for my $n (0 .. $count - 1)
	{
		push @sessions, IPC::Run::start([ @psql, '-f', $file ], '<', \undef, '>', \$output[$n], '2>', \$errors[$n], $timeout);
	}
	my $waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted";
	while ($node->safe_psql('postgres', $waiting) < $count)
	{
		$_->pump_nb for @sessions;
		die "a session did not come to the gate: @output @errors" if grep { !$_->pumpable } @sessions;
		select(undef, undef, undef, 0.05);
	}
	$in .= "SELECT pg_advisory_unlock(42);\n\\q\n";
	# Each gets the whole time anew.
	for my $session ($gate, @sessions)
	{
		$timeout->start;
		$session->finish;
	}
	return map { { output => $output[$_], error => $errors[$_] } } 0 .. $count - 1;
}

# Builds test/support/$name.cpp, with the server's headers if wanted, into a library of which the path is answered; nothing where there
# is no compiler or there are no headers. What does not compile where they are is a failure, not something to skip.
sub build_library
{
	my ($name, $major) = @_;
	my $library = PostgreSQL::Test::Utils::tempdir() . "/$name.so";
	my @headers;
	if (defined $major)
	{
		my ($pg_config) = grep { defined && -x } $ENV{PG_CONFIG}, "/usr/lib/postgresql/$major/bin/pg_config";
		return undef unless defined $pg_config;
		chomp(my $directory = `$pg_config --includedir-server`);
		return undef unless -e "$directory/postgres.h";
		@headers = ('-isystem', $directory);
	}
	# A compiler is what makes a library of next to nothing, which takes a linker and the headers of C and C++ as well.
	my $trial = PostgreSQL::Test::Utils::tempdir() . '/trial';
	append_to_file("$trial.cpp", "#include <cstdlib>\n#include <unistd.h>\n");
	return undef unless defined compile("$trial.cpp", "$trial.so") && -e "$trial.so";
	my $message = compile(dirname(__FILE__) . "/../support/$name.cpp", $library, '-Wno-register', @headers);
	die "test/support/$name.cpp does not compile:\n$message" unless -e $library;
	return $library;
}

# What the compiler said, or nothing where there is none.
sub compile
{
	my ($source, $library, @options) = @_;
	my @compiler = split ' ', $ENV{CXX} // 'g++';
	my $output = '';
	my $ran = eval { IPC::Run::run([ @compiler, '-std=c++17', '-O1', '-fPIC', '-shared', @options, '-o', $library, $source, '-ldl', '-lrt' ], '>&', \$output); 1 };
	return $ran ? $output : undef;
}

1;
