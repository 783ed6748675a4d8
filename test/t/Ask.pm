# Short questions to a server, for tests of operation: the answer or the SQLSTATE; log-ins and refreshes as hashes.
package Ask;

use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(dirname);
use IPC::Run ();
use PostgreSQL::Test::Utils ();

our @EXPORT = qw(ask log_in refresh table_contents table_columns jwt_auth_tables open_session source_file);

# A file of the project, wherever the test is started from.
sub source_file { return dirname(__FILE__) . "/../../$_[0]" }

# What the statement answers, or "error XXXXX".
sub ask
{
	my ($node, $sql, $database) = @_;
	my ($status, $output, $error) = $node->psql($database // 'postgres', $sql, extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
	return "error $1" if $error =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5})\s*$/m;
	return $status == 0 ? $output : "psql: $error";
}

my @columns = qw(status access_token refresh_token session_id);

sub _response
{
	my ($node, $call, $database) = @_;
	my $row = $node->safe_psql($database // 'postgres',
		'SELECT ' . join(', ', map { "coalesce($_\::text, '')" } @columns) . " FROM jwt_auth.$call");
	my %response;
	@response{@columns} = split /\|/, $row, -1;
	return \%response;
}

sub log_in
{
	my ($node, $user, $database) = @_;
	return _response($node, "issue_refresh_session('$user', ip => '192.0.2.1', user_agent => 'test',"
		  . " claims => '{\"role\": \"member\"}', metadata => '{\"device\": \"phone\"}')", $database);
}

sub refresh
{
	my ($node, $token, $database) = @_;
	return _response($node, "refresh_session('$token', ip => '192.0.2.2')", $database);
}

sub jwt_auth_tables
{
	my ($node, $database) = @_;
	return split /\n/, $node->safe_psql($database // 'postgres',
		"SELECT oid::regclass FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' ORDER BY oid::regclass::text");
}

# The columns of each table of the extension.
sub table_columns
{
	my ($node, $database) = @_;
	return map { split /: /, $_, 2 } split /\n/, $node->safe_psql($database // 'postgres',
		"SELECT attrelid::regclass || ': ' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
		  . " WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped GROUP BY attrelid");
}

# Every row of every table of the extension, sorted; with a third argument only these columns of these tables.
sub table_contents
{
	my ($node, $database, $columns) = @_;
	my $contents = '';
	$columns //= { table_columns($node, $database) };
	for my $table (sort keys %$columns)
	{
		$contents .= "== $table\n"
		  . $node->safe_psql($database // 'postgres', "SET timezone = 'UTC'; SELECT ROW($columns->{$table})::text FROM $table AS t ORDER BY 1") . "\n";
	}
	return $contents;
}

# A psql that stays open: ->ask(SQL) as above, ->send(SQL) without waiting, ->answer for what was sent, ->kill, ->close. The time
# that it may take is that of one answer, however long the session lasts.
sub open_session
{
	my ($node, $database) = @_;
	my $timer = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	my $self = bless { in => '', out => '', err => '', sent => 0, node => $node, timer => $timer }, 'Ask::Session';
	$self->{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr($database // 'postgres') ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err}, $timer);
	$self->{pid} = $self->ask('SELECT pg_backend_pid()');
	return $self;
}

package Ask::Session;

sub send
{
	my ($self, $sql) = @_;
	($self->{out}, $self->{err}) = ('', '');
	$self->{sent}++;
	# \warn, too: it says that all of standard error is there.
	$self->{in} .= "$sql;\n\\echo done $self->{sent}\n\\warn done $self->{sent}\n";
	$self->{timer}->start;
	$self->{run}->pump_nb;
	return;
}

sub answer
{
	my ($self) = @_;
	my $mark = qr/^done $self->{sent}\n/m;
	# What the test did since it sent the statement is no part of it.
	$self->{timer}->start;
	$self->{run}->pump until $self->{out} =~ $mark && $self->{err} =~ $mark;
	return "error $1" if $self->{err} =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5})\s*$/m;
	(my $answer = $self->{out}) =~ s/$mark//;
	chomp $answer;
	return $answer;
}

sub ask
{
	my ($self, $sql) = @_;
	$self->send($sql);
	return $self->answer;
}

sub close
{
	my ($self) = @_;
	$self->{in} .= "\\q\n";
	$self->{timer}->start;
	$self->{run}->finish;
	return;
}

sub kill
{
	my ($self) = @_;
	$self->{run}->kill_kill;
	return;
}

1;
