# The monitoring kit with Debian's own programs: the exporter with our queries as a role that may do nothing else, Prometheus with our
# rules on top of it, and every expression of the dashboard.
use strict;
use warnings;
use lib '.';
use Ask;
use HTTP::Tiny;
use IPC::Run ();
use JSON::PP ();
use JwtAuth qw(start_node);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my %program;
for my $name (qw(prometheus-postgres-exporter prometheus promtool))
{
	($program{$name}) = grep { -x } map { "$_/$name" } split(/:/, $ENV{PATH}), '/usr/bin', '/usr/local/bin';
}

# The files say what is there before anything is started.
my $kit = source_file('examples/monitoring');
my $dashboard = JSON::PP->new->decode(slurp_file("$kit/dashboard.json"));
my @expressions = map { $_->{expr} } map { @{ $_->{targets} } } @{ $dashboard->{panels} };
cmp_ok(scalar(@expressions), '>=', 13, 'the dashboard has its expressions');
my %used = map { $_ => 1 } map { /\b(jwt_auth_[a-z_]+)/g } @expressions, slurp_file("$kit/rules.yml") =~ /^ *expr: (.*(?:\n {10}.*)*)/mg;
is_deeply([ sort grep { /\b(?:live_sessions|auth_event|signing_key)\b/ } slurp_file("$kit/queries.yaml") =~ /query: (.*)/g ], [], 'no query asks for more than grant_monitor gives');

my @started;
END { $_->kill_kill for @started }

SKIP:
{
	my @lacking = grep { !defined $program{$_} } sort keys %program;
	skip "not installed: @lacking (Debian: prometheus-postgres-exporter, prometheus)", 12 if @lacking;

	my ($checked, $why) = run_command([ $program{promtool}, 'check', 'rules', "$kit/rules.yml" ]);
	like($checked, qr/SUCCESS: 6 rules found/, 'promtool finds nothing wrong with the rules') or diag($why);
	($checked, $why) = run_command([ $program{promtool}, 'test', 'rules', "$kit/rules.test.yml" ]);
	like("$checked$why", qr/SUCCESS/, 'and their tests pass') or diag("$checked$why");

	my $node = start_node('monitored', "shared_preload_libraries = 'jwt_auth'");
	$node->safe_psql('postgres', "CREATE ROLE prometheus LOGIN; SELECT jwt_auth.grant_monitor('prometheus')");
	log_in($node, $_) for qw(ann ben cy);
	my $old = log_in($node, 'dan')->{refresh_token};
	refresh($node, refresh($node, $old)->{refresh_token});
	is(refresh($node, $old)->{status}, 'reuse_detected', 'there is something to see');
	is(ask($node, "SELECT error_code FROM jwt_auth.jwt_try_verify('no token')"), 'JW001', 'and a refusal');

	my $directory = PostgreSQL::Test::Utils::tempdir();
	my ($exporter_port, $prometheus_port) = (PostgreSQL::Test::Cluster::get_free_port(), PostgreSQL::Test::Cluster::get_free_port());
	my $start = sub {
		my ($name, @arguments) = @_;
		push @started, IPC::Run::start([ $program{$name}, @arguments ], '<', \undef, '>&', "$directory/$name.log");
		return;
	};
	# What the address answers as soon as it answers what is waited for.
	my $http = HTTP::Tiny->new(timeout => 10);
	my $get = sub {
		my ($address, $awaited) = @_;
		my $answer;
		for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
		{
			$answer = $http->get("http://127.0.0.1:$address");
			last if $answer->{content} =~ $awaited;
			select(undef, undef, undef, 0.1);
		}
		return $answer->{content};
	};

	{
		local $ENV{DATA_SOURCE_NAME} = 'user=prometheus dbname=postgres sslmode=disable host=' . $node->host . ' port=' . $node->port;
		# No collector of its own; their names differ between its versions.
		my ($help, $more_help) = run_command([ $program{'prometheus-postgres-exporter'}, '--help' ]);
		my @collectors = "$help$more_help" =~ /--(?:\[no-\])?collector\.([a-z_]+)/g;
		$start->('prometheus-postgres-exporter', "--web.listen-address=127.0.0.1:$exporter_port", "--extend.query-path=$kit/queries.yaml",
			'--disable-default-metrics', '--disable-settings-metrics', map { "--no-collector.$_" } @collectors);
	}
	my $metrics = $get->("$exporter_port/metrics", qr/^jwt_auth_table_bytes/m);
	my $value = sub {
		my ($metric, %labels) = @_;
		my @lines = grep { my $line = $_; !grep { index($line, qq{$_="$labels{$_}"}) < 0 } keys %labels } $metrics =~ /^($metric\{.*)$/mg;
		return @lines == 1 ? (split / /, $lines[0])[-1] : 'lines: ' . @lines;
	};
	is(join(' ', $value->('jwt_auth_outcomes_total', what => 'login', outcome => 'ok'), $value->('jwt_auth_outcomes_total', what => 'refresh', outcome => 'ok'),
			$value->('jwt_auth_outcomes_total', what => 'event', outcome => 'reuse_detected'), $value->('jwt_auth_outcomes_total', what => 'verify', outcome => 'JW001')),
		'4 2 1 1', 'the counts are what happened');
	is(join(' ', map { $value->('jwt_auth_check_failed', name => $_) } qw(active_key keyring_triggers unsealed_keys not_preloaded)), '0 0 1 0', 'so are the checks');
	is($value->('jwt_auth_keys_count', state => 'active', algorithm => 'ES256'), '1', 'and the keys');
	cmp_ok($value->('jwt_auth_table_bytes', table => 'refresh_session'), '>', 8192, 'and a size');
	unlike($metrics, qr/ann|192\.0\.2\.1/, 'nobody is named');
	is_deeply([ sort grep { $metrics !~ /^\Q$_\E\{/m } keys %used ], [], 'every metric that the rules and the dashboard use is there');

	append_to_file("$directory/prometheus.yml", <<"EOS");
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['$kit/rules.yml']
scrape_configs: [{job_name: postgres, static_configs: [{targets: ['127.0.0.1:$exporter_port']}]}]
EOS
	$start->('prometheus', "--config.file=$directory/prometheus.yml", "--storage.tsdb.path=$directory/data", "--web.listen-address=127.0.0.1:$prometheus_port");
	$node->safe_psql('postgres', "UPDATE jwt_auth.signing_key SET state = 'pending', activated_at = NULL");
	like($get->("$prometheus_port/api/v1/alerts", qr/"alertname":"JwtAuthBroken"/), qr/"name":"active_key"/, 'without an active key an alert is on its way');
	my @refused;
	for my $expression (@expressions)
	{
		(my $query = $expression) =~ s/\$server/.*/g;
		$query =~ s/\$__rate_interval/1m/g;
		my $answer = $http->post_form("http://127.0.0.1:$prometheus_port/api/v1/query", { query => $query });
		push @refused, "$query: $answer->{content}" unless $answer->{content} =~ /^\{"status":"success"/;
	}
	is_deeply(\@refused, [], 'Prometheus takes every expression of the dashboard');

	while (my $started = pop @started)
	{
		$started->signal('TERM');
		$started->finish;
	}
	$node->stop;
}
done_testing();
