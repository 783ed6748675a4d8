# A random run of many clients against a model of it all. JWT_AUTH_STRESS_SECONDS (a minute) and JWT_AUTH_STRESS_SEED (random).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../stress";
use Judgement qw(stressed_node new_stress judge);
use Test::More;

my $node = stressed_node('stress');
my $stress = new_stress($node);
$stress->connect_clients;
ok($stress->run($ENV{JWT_AUTH_STRESS_SECONDS} // 60), 'every client was answered');
$stress->disconnect_clients;
judge($node, $stress);
$node->stop;
done_testing();
