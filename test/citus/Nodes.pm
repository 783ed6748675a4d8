# A Citus cluster for the tests: a coordinator and two workers on Unix sockets, with the extension, distributed by scripts/citus.sql.
package Nodes;

use strict;
use warnings;
use Ask;
use Exporter 'import';
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(start_nodes start_node add_node distribute script_output address_of shard_of);

# The directory of the sockets and the port, as Citus names a node.
sub address_of
{
	my ($node) = @_;
	return ($node->host, $node->port);
}

# A server with both libraries, that is no part of the cluster yet.
sub start_node
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => 'logical');
	my $host = $node->host;
	# The key by which private keys are sealed is the same on each node.
	my $key = PostgreSQL::Test::Utils::tempdir() . "/$name.key";
	append_to_file($key, ('0123456789abcdef' x 4) . "\n");
	chmod 0600, $key or die $!;
	$node->append_conf('postgresql.conf', join("\n",
		"shared_preload_libraries = 'citus,jwt_auth'", 'max_prepared_transactions = 100', 'max_connections = 100', 'max_worker_processes = 20',
		"citus.local_hostname = '$host'", "citus.node_conninfo = 'sslmode=prefer'", 'citus.shard_count = 8',
		"citus.enable_statistics_collection = off", "citus.recover_2pc_interval = '2s'", "jwt_auth.key_encryption_key_file = '$key'",
		'log_statement = all', 'ssl = off', @settings) . "\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION citus');
	return $node;
}

sub add_node
{
	my ($coordinator, $node, $database) = @_;
	my ($host, $port) = address_of($node);
	return $coordinator->safe_psql($database // 'postgres', "SELECT citus_add_node('$host', $port)");
}

# Coordinator and two workers; the extension is there, and nothing is distributed.
sub start_nodes
{
	my (@settings) = @_;
	my ($coordinator, @workers) = map { start_node($_, @settings) } qw(coordinator worker_1 worker_2);
	my ($host, $port) = address_of($coordinator);
	$coordinator->safe_psql('postgres', "SELECT citus_set_coordinator_host('$host', $port)");
	add_node($coordinator, $_) for @workers;
	$coordinator->safe_psql('postgres', 'CREATE EXTENSION jwt_auth');
	return ($coordinator, @workers);
}

# Runs the script: standard output, standard error and whether it succeeded.
sub script_output
{
	my ($coordinator, $ring, $database, @more) = @_;
	my ($out, $err) = ('', '');
	my $good = IPC::Run::run([ 'psql', '-X', '-d', $coordinator->connstr($database // 'postgres'), (defined $ring ? ('-v', "ring=$ring") : ()), @more, '-f', source_file('scripts/citus.sql') ],
		'<', \undef, '>', \$out, '2>', \$err);
	return ($out, $err, $good);
}

sub distribute
{
	my ($coordinator, $ring) = @_;
	my ($out, $err, $good) = script_output($coordinator, $ring);
	die "the script failed: $err" unless $good;
	return $err;
}

# The shard of accounts that holds a user, and the port of the node where it is.
sub shard_of
{
	my ($node, $user) = @_;
	return split /\|/, ask($node, "SELECT shardid, nodeport FROM pg_dist_shard_placement WHERE shardid ="
		  . " get_shard_id_for_distribution_column('jwt_auth.account', jwt_auth.user_key('$user'))");
}

1;
