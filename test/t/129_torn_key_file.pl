# The file with the key-encryption key is torn, at each length that could be taken for another key, and is rewritten in place again and
# again while connections sign: a signature is made with the right key or refused with JW022, public keys verify on, nothing is stored
# under half a key, and the whole file is noticed without a restart. (What else a file can be is in 020_keyring_sealing.pl.)
use strict;
use warnings;
use lib '.';
use Ask;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('torn');
my $file = PostgreSQL::Test::Utils::tempdir() . '/kek';
my $whole = '00112233445566778899aabbccddeeff0fedcba9876543210123456789abcdef';

# In place, as `>` in a shell and some tools of deployment do.
sub write_in_place
{
	my (@parts) = @_;
	open my $handle, '>', $file or die "$file: $!";
	$handle->autoflush(1);
	for my $part (@parts)
	{
		print $handle $part;
		select(undef, undef, undef, 0.002) if @parts > 1;
	}
	close $handle;
	return;
}
umask 077;
write_in_place($whole);
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jwt_auth'\nautovacuum = off\njwt_auth.key_encryption_key_file = '$file'\n");
$node->start;
$node->safe_psql('postgres', "CREATE EXTENSION jwt_auth; SELECT jwt_auth.create_signing_key('ES256')");
my $token = log_in($node, 'ann')->{access_token};
# The public key that was there before, and not what the keyring holds by then, says whether the signature is right.
my $public = ask($node, 'SELECT jwt_auth.jwks()');
my $sign = "SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{\"sub\": \"ann\"}'), '$public'::jsonb) ->> 'sub' = 'ann'";
my $verify = "SELECT jwt_auth.jwt_verify('$token') ->> 'sub'";
my $doctor = "SELECT string_agg(finding, '; ') FROM jwt_auth.doctor() WHERE severity = 'error'";
my $keys = 'SELECT md5(string_agg(k::text, chr(10) ORDER BY kid)) FROM jwt_auth.signing_key k';
my $stored = ask($node, $keys);
my $waiting = open_session($node);

# 43 hex digits are 32 bytes in base64url, and 44 nearly.
for my $length (0, 1, 22, 32, 42, 43, 44, 63)
{
	write_in_place(substr $whole, 0, $length);
	my $session = open_session($node);
	is($session->ask($sign), 'error JW022', "$length digits: signing says JW022");
	is($session->ask('SELECT jwt_auth.rotate_signing_key()'), 'error JW022', "$length digits: nothing is rotated");
	is($session->ask('SELECT jwt_auth.create_signing_key(activate => false)'), 'error JW022', "$length digits: and no key is made");
	is($session->ask($verify), 'ann', "$length digits: a public key verifies");
	like($session->ask($doctor), qr/nobody can log in, for the active key can't sign/, "$length digits: doctor() says so");
	is($waiting->ask($sign), 'error JW022', "$length digits: so it is for one that waits") if $length == 43;
	write_in_place($whole);
	# A refusal holds for a second.
	select(undef, undef, undef, 1.2) if $length == 43;
	is($waiting->ask($sign), 't', 'the whole file is noticed by an open connection, without a reload') if $length == 43;
	$session->close;
}
is(ask($node, $keys), $stored, 'the keys are as they were');

my $seconds = $ENV{JWT_AUTH_TORN_SECONDS} // 4;
my $script = PostgreSQL::Test::Utils::tempdir() . '/sign.sql';
append_to_file($script, "\\c -\n$sign;\n$verify;\n" x 40);
my @clients;
for my $n (0 .. 2)
{
	my $client = { out => '', err => '' };
	$client->{start} = sub {
		$client->{run} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres'), '-f', $script ], '<', \undef, '>', \$client->{out}, '2>', \$client->{err},
			IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default + 5 * $seconds));
	};
	push @clients, $client;
}
my ($until, %seen) = (time + $seconds, t => 0, 'ERROR:  JW022' => 0, ann => 0);
# On a slow machine, until each has happened, or what must not.
my $at_last = $until + $PostgreSQL::Test::Utils::timeout_default;
# Torn most of the time, by a process of its own.
my $writer = fork // die "fork: $!";
if ($writer == 0)
{
	for (my $n = 1;; $n++)
	{
		write_in_place('', map { substr $whole, 8 * $_, 8 } 0 .. 7);
		kill 'HUP', $node->{_pid} if $n % 10 == 0;
		select(undef, undef, undef, 0.01);
	}
}
do
{
	$_->{start}->() for @clients;
	for my $client (@clients)
	{
		$client->{run}->finish;
		$seen{$_}++ for split(/\n/, $client->{out}), map { /(ERROR: .*)/ } split(/\n/, $client->{err});
		@$client{qw(out err)} = ('', '');
	}
} while (time < $until || time < $at_last && keys %seen == 3 && !($seen{t} && $seen{'ERROR:  JW022'}));
kill 'KILL', $writer;
waitpid $writer, 0;
write_in_place($whole);
my ($signed, $refused, $verified) = (delete @seen{ 't', 'ERROR:  JW022', 'ann' });
is(join(', ', map { "$_: $seen{$_}" } sort keys %seen), '', 'rewritten under load: signed or JW022, and verified, nothing else');
cmp_ok($signed, '>', 0, 'some signed, and the public key verifies each of these');
cmp_ok($refused, '>', 0, 'some were refused');
is($verified, $signed + $refused, 'and each verified, whether it could sign or not');
note "$signed signed, $refused refused";
is(ask($node, $sign), 't', 'with the whole file, all is well');
$waiting->close;
$node->stop;
done_testing();
