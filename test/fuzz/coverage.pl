#!/usr/bin/env perl
# Prints which share of the lines of each file was reached: coverage.pl DIRECTORY EXPORT, the JSON of `llvm-cov export`. Files outside
# DIRECTORY are left out.
use strict;
use warnings;
use Cwd qw(realpath);
use JSON::PP;

@ARGV == 2 or die "usage: coverage.pl DIRECTORY EXPORT\n";
my ($directory, $export) = @ARGV;
open my $file, '<', $export or die "$export: $!";
my $data = decode_json(do { local $/; <$file> })->{data}[0];

my ($reached, $all, $low) = (0, 0, 0);
# The compiler was run elsewhere, so its paths go up and down.
$_->{filename} = realpath($_->{filename}) for @{ $data->{files} };
for my $one (sort { $a->{filename} cmp $b->{filename} } @{ $data->{files} })
{
	next unless index($one->{filename}, $directory) == 0;
	my $lines = $one->{summary}{lines};
	next unless $lines->{count};
	$reached += $lines->{covered};
	$all += $lines->{count};
	my $share = 100 * $lines->{covered} / $lines->{count};
	$low++ if $share < 95;
	printf "%-44s %5d of %5d lines  %5.1f %%%s\n", substr($one->{filename}, length $directory), $lines->{covered}, $lines->{count}, $share,
	  $share < 95 ? '  below 95' : '';
}
$all or die "no file below $directory was counted\n";
printf "%-44s %5d of %5d lines  %5.1f %%, %d files below 95\n", 'total', $reached, $all, 100 * $reached / $all, $low;
