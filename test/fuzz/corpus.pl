#!/usr/bin/env perl
# The corpus of the SQL functions' fuzzer: files of one input each for libFuzzer, and lines of text to keep in the repository.
#   corpus.pl unpack FILE DIRECTORY      a file in DIRECTORY for each line of FILE
#   corpus.pl pack DIRECTORY             prints a line for each file in DIRECTORY
#   corpus.pl list DIRECTORY...          prints the control file that has libFuzzer measure each file there (-merge_inner)
#   corpus.pl choose CONTROL_FILE        prints the measured files, smallest first, that together reach all that any reaches
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);

sub contents
{
	my ($path) = @_;
	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar(<$file>) // '';
}
sub files_in { return grep { -f } map { glob("$_/*") } @_ }

my ($what, @arguments) = @ARGV;
if (($what // '') eq 'unpack' && @arguments == 2)
{
	for my $line (split /\n/, contents($arguments[0]))
	{
		next if $line =~ /^#/;
		$line =~ s/\\(\\|x([0-9a-f]{2}))/$1 eq '\\' ? '\\' : chr hex $2/ge;
		open my $file, '>:raw', "$arguments[1]/" . sha1_hex($line) or die "$arguments[1]: $!";
		print $file $line;
		close $file or die $!;
	}
}
elsif (($what // '') eq 'pack' && @arguments == 1)
{
	my @inputs = sort map { contents($_) } files_in(@arguments);
	s/([^ -~]|^#)|\\/defined $1 ? sprintf('\\x%02x', ord $1) : '\\\\'/ge for @inputs;
	print "$_\n" for @inputs;
}
elsif (($what // '') eq 'list' && @arguments)
{
	my @files = files_in(@arguments);
	print scalar(@files) . "\n0\n", map { "$_\n" } @files;
}
elsif (($what // '') eq 'choose' && @arguments == 1)
{
	my @lines = split /\n/, contents($arguments[0]);
	my $count = shift @lines;
	shift @lines;
	my @files = splice @lines, 0, $count;
	my (%size, %features, %reached);
	for my $line (@lines)
	{
		$size{$1} = $2 if $line =~ /^STARTED (\d+) (\d+)/;
		$features{$1} = [ split / /, $2 // '' ] if $line =~ /^FT (\d+)(?: (.*))?$/;
	}
	for my $i (sort { $size{$a} <=> $size{$b} || $files[$a] cmp $files[$b] } keys %features)
	{
		my @new = grep { !$reached{$_} } @{ $features{$i} } or next;
		$reached{$_} = 1 for @new;
		print "$files[$i]\n";
	}
}
else
{
	die "usage: corpus.pl unpack FILE DIRECTORY | pack DIRECTORY | list DIRECTORY... | choose CONTROL_FILE\n";
}
