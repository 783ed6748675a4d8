# A clock for a server that can be set (libfaketime): new() answers nothing where there is no libfaketime, ->environment is for the start
# of the server, ->set(seconds) off the right time, ->jump(seconds) in a process of its own until ->settle.
package Clock;

use strict;
use warnings;
use POSIX ();
use PostgreSQL::Test::Utils ();

sub new
{
	my ($class) = @_;
	my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
	return undef unless defined $library;
	my $self = bless { library => $library, file => PostgreSQL::Test::Utils::tempdir() . '/clock' }, $class;
	$self->set(0);
	return $self;
}

# Time that only passes is not touched: latches wait by it.
sub environment
{
	my ($self) = @_;
	return (LD_PRELOAD => $self->{library}, FAKETIME_TIMESTAMP_FILE => $self->{file}, FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1, DONT_FAKE_MONOTONIC => 1);
}

sub set
{
	my ($self, $offset) = @_;
	open my $file, '>', "$self->{file}.new" or die $!;
	printf $file "%+d\n", $offset;
	close $file or die $!;
	rename "$self->{file}.new", $self->{file} or die $!;
	return;
}

# Each new time is up to $most seconds off, in either direction.
sub jump
{
	my ($self, $most) = @_;
	my $parent = $$;
	$self->{jumper} = fork // die "fork: $!";
	return if $self->{jumper};
	# It ends as well if the test does, and stops no servers then: that is for the test.
	while (getppid == $parent)
	{
		eval { $self->set(int(rand(2 * $most + 1)) - $most); 1 } or last;
		select(undef, undef, undef, 0.02);
	}
	POSIX::_exit(0);
}

sub settle
{
	my ($self) = @_;
	kill 'KILL', $self->{jumper};
	waitpid $self->{jumper}, 0;
	delete $self->{jumper};
	return $self->set(0);
}

1;
