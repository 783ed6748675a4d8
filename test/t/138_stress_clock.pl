# The random run against the model while the server's clock jumps both ways, by up to forty minutes, fifty times a second (libfaketime).
# JWT_AUTH_STRESS_SECONDS (8) and JWT_AUTH_STRESS_SEED (random). What a set clock does once is in 131_clock_jumps.pl.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../stress";
use Clock;
use Judgement qw(stressed_node new_stress judge);
use Test::More;

my $clock = Clock->new;
unless (defined $clock)
{
  SKIP: { skip 'no libfaketime', 1 }
	done_testing();
	exit;
}
my $node;
{
	my %environment = $clock->environment;
	local @ENV{ keys %environment } = values %environment;
	# A token is of the time of its signer: the leeway is for what another time refuses.
	# Without leeway, a token of another time has run out or is not yet valid, which the model knows nothing of.
	$node = stressed_node('stress_clock', 'jwt_auth.leeway = 3600');
}
$clock->set(1200);
is($node->safe_psql('postgres', "SELECT round(extract(epoch FROM clock_timestamp() - '" . scalar(gmtime) . " UTC'::timestamptz) / 60)"), '20', 'the clock of the server can be set');
my $stress = new_stress($node, clock_jumps => 1);
$stress->connect_clients;
$clock->jump(1200);
ok($stress->run($ENV{JWT_AUTH_STRESS_SECONDS} // 8), 'every client was answered');
$clock->settle;
$stress->disconnect_clients;
judge($node, $stress);
$node->stop;
done_testing();
