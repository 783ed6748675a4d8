# Many clients at random against one server, and a model of it all outside the database.
#
# One process drives the clients, each a psql with one transaction at a time, at a random isolation level. Every answer is kept
# with the moments between which it came about; what an answer allows is judged when all are known, so an answer counts against
# another only where one was over before the other began.
package Stress;

use strict;
use warnings;
use IO::Select;
use IPC::Open3;
use MIME::Base64 qw(decode_base64url);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use constant FOREVER => 9e99;

my @LEVELS = ('READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

# What a client does, and how often.
my %WEIGHTS = (
	login => 14, refresh => 40, retry => 10, replay_old => 2, garbage => 2, verify => 30, logout => 2, revoke_session => 2,
	revoke_others => 1, revoke_user => 0.4, change_password => 0.4, revoke_all => 0.05, mint_link => 3, consume => 6, deny => 2,
	purge => 0.5, change_class => 0.5, forget => 0.3, lock => 0.3, unlock => 0.6, require_refresh => 1, impersonate => 2, verify_acting => 4,
	import => 2, set_claims => 1, revoke_own => 2, reauthenticate => 3, make_class => 0.6, drop_class => 0.6,
);

sub new
{
	my ($class, %arguments) = @_;
	my $self = bless {
		psql => $arguments{psql}, clients => $arguments{clients}, users => $arguments{users}, seed => $arguments{seed},
		sessions => {}, by_user => {}, links => [], waiting => [], workers => [], claims => [], problems => [], count => {},
		operations => 0, revoked => {}, locks => {}, unlocks => {}, changes => {}, acting => [], made_classes => [], dropped_classes => [],
		clock_jumps => $arguments{clock_jumps},
	}, $class;
	srand($self->{seed});
	$self->{operations_by_weight} = [ map { ($_) x ($WEIGHTS{$_} * 20) } sort keys %WEIGHTS ];
	return $self;
}

# ---- Clients ---------------------------------------------------------------------------------------------------------------

sub connect_clients
{
	my ($self) = @_;
	for my $n (1 .. $self->{clients})
	{
		my $pid = open3(my $in, my $out, undef, @{ $self->{psql} }, '-XAtq', '-v', 'VERBOSITY=sqlstate');
		$in->autoflush(1);
		$out->blocking(0);
		# For every fourth, a retry always comes late.
		my $late = $n % 4 == 0;
		print $in "SET jwt_auth.refresh_reuse_interval = '" . ($late ? '0' : '1h') . "'; SET jwt_auth.session_limit_policy = '"
		  . ($n % 3 ? 'evict_oldest' : 'evict_idle') . "';\n";
		push @{ $self->{workers} }, { pid => $pid, in => $in, out => $out, buffer => '', operation => undef, late => $late };
	}
	return;
}

# Closes every client; what was under way may or may not have happened.
sub disconnect_clients
{
	my ($self) = @_;
	for my $worker (@{ $self->{workers} })
	{
		$self->lost($worker->{operation}) if $worker->{operation};
		close $worker->{in};
		close $worker->{out};
		kill 'KILL', $worker->{pid};
		waitpid $worker->{pid}, 0;
	}
	$self->{workers} = [];
	return;
}

# By a clock that nobody sets: these are compared only with each other.
sub moment { return clock_gettime(CLOCK_MONOTONIC) }

sub send_operation
{
	my ($self, $worker, $operation) = @_;
	my $level = $LEVELS[ rand @LEVELS ];
	$operation->{rolled_back} = $operation->{kind} ne 'purge' && rand() < 0.03;
	my $end = $operation->{rolled_back} ? 'ROLLBACK' : 'COMMIT';
	$operation->{level} = $level;
	$operation->{late} = $worker->{late};
	$operation->{start} = moment();
	$worker->{operation} = $operation;
	my $script = $operation->{kind} eq 'purge' ? "$operation->{sql};" : "BEGIN ISOLATION LEVEL $level; $operation->{sql}; $end;";
	local $SIG{PIPE} = 'IGNORE';
	print { $worker->{in} } "$script\n\\echo END\n";
	return;
}

# Runs for so many seconds, or until all that is under way has been answered.
sub run
{
	my ($self, $seconds) = @_;
	my $until = moment() + $seconds;
	for (;;)
	{
		for my $worker (@{ $self->{workers} })
		{
			next if $worker->{operation} || moment() >= $until;
			$self->send_operation($worker, $self->choose);
		}
		my @busy = grep { $_->{operation} } @{ $self->{workers} };
		return 1 unless @busy;
		my $select = IO::Select->new(map { $_->{out} } @busy);
		my %ready = map { $_ => 1 } $select->can_read(180);
		unless (%ready)
		{
			$self->problem('no answer for three minutes: ' . join(', ', map { $_->{operation}{kind} } @busy));
			return 0;
		}
		for my $worker (grep { $ready{ $_->{out} } } @busy)
		{
			my $read = sysread($worker->{out}, $worker->{buffer}, 65536, length $worker->{buffer});
			return 0 if defined $read && $read == 0;
			next unless $worker->{buffer} =~ s/\A(.*?)^END\n//ms;
			my ($answer, $operation) = ($1, $worker->{operation});
			$worker->{operation} = undef;
			return 0 if $answer =~ /server closed|connection to server|terminating connection/;
			$operation->{end} = moment();
			$self->answered($operation, $answer);
		}
	}
}

# ---- What to do ------------------------------------------------------------------------------------------------------------

sub any_of { my ($list) = @_; return $list->[ rand @$list ] }

sub any_user { my ($self) = @_; return 'user ' . int rand $self->{users} }

# A session that may be alive, mostly; else any.
sub any_session
{
	my ($self) = @_;
	my $sessions = $self->{by_user}{ $self->any_user } or return undef;
	my @alive = grep { !$_->{over} } @$sessions;
	return any_of(@alive && rand() < 0.95 ? \@alive : $sessions);
}

my $FIELDS = 'status, refresh_token, access_token, session_id, evicted_sessions';

sub choose
{
	my ($self) = @_;
	$self->{operations}++;
	for (1 .. 50)
	{
		my $kind = any_of($self->{operations_by_weight});
		my $operation = $self->can("do_$kind")->($self) or next;
		return { %$operation, kind => $kind };
	}
	return { %{ $self->do_login }, kind => 'login' };
}

sub do_login
{
	my ($self) = @_;
	my $user = $self->any_user;
	my $class = any_of([ undef, undef, 'app', 'service', 'passing' ]);
	# Sessions of the class "service" are not limited, so each has one of a few devices.
	my $device = rand() < 0.3 || ($class // '') eq 'service' ? 'device ' . int rand 3 : undef;
	my $arguments = join '', map { ", $_->[0] => '$_->[1]'" } grep { defined $_->[1] } [ class => $class ], [ device => $device ];
	return { user => $user, class => $class, sql => "SELECT $FIELDS FROM jwt_auth.issue_refresh_session('$user'$arguments)" };
}

# A session of another system's, whose client has that one's refresh token. Its class has no limit. One that began long ago, before
# anything here did, is refused after the first revocation.
sub do_import
{
	my ($self) = @_;
	my $user = $self->any_user;
	my $token = join '', map { sprintf '%08x', rand 2**32 } 1 .. 8;
	my $is_old = rand() < 0.2;
	my $age = $is_old ? '1 hour' : '0';
	return { user => $user, token => $token, is_old => $is_old,
		sql => "SELECT jwt_auth.import_session('$user', '$token', clock_timestamp() - interval '$age', clock_timestamp() + interval '1 day', class => 'imported')" };
}

sub do_set_claims
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	return { session => $session, sql => "SELECT jwt_auth.set_session_claims('$session->{id}', '{\"turn\": " . int(rand 100) . "}')" };
}

sub present
{
	my ($session, $generation) = @_;
	my $token = $session->{tokens}{$generation} or return undef;
	return { session => $session, user => $session->{user}, generation => $generation, token => $token,
		sql => "SELECT $FIELDS FROM jwt_auth.refresh_session('$token')" };
}

sub do_refresh { my ($self) = @_; my $s = $self->any_session or return; return present($s, $s->{latest}) }
sub do_retry { my ($self) = @_; my $s = $self->any_session or return; return present($s, $s->{latest} - 1) }

sub do_replay_old
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	return if $session->{latest} < 2;
	return present($session, int rand($session->{latest} - 1));
}

# The right session, another family secret: nothing may end.
sub do_garbage
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	my $token = $session->{tokens}{ $session->{latest} };
	my $character = substr($token, 45, 1) eq 'A' ? 'B' : 'A';
	substr($token, 45, 1) = $character;
	return { session => undef, sql => "SELECT $FIELDS FROM jwt_auth.refresh_session('$token')" };
}

sub do_verify
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	return unless @{ $session->{access} };
	my $access = any_of($session->{access});
	return { session => $session, access => $access, sql => "SELECT jwt_auth.jwt_verify('$access->{token}') ->> 'sub'" };
}

sub do_deny
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	return unless @{ $session->{access} };
	my $access = any_of($session->{access});
	return { session => $session, access => $access, sql => "SELECT jwt_auth.deny_token('$access->{token}')" };
}

sub do_logout
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	my $token = any_of([ values %{ $session->{tokens} } ]);
	return { session => $session, sql => "SELECT jwt_auth.revoke_refresh_token('$token')" };
}

sub do_revoke_session
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	return { session => $session, sql => "SELECT jwt_auth.revoke_refresh_session('$session->{id}')" };
}

# By somebody who says that it is theirs, which every other time is not so.
sub do_revoke_own
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	my $user = rand() < 0.5 ? $session->{user} : $self->any_user;
	return { session => $session, user => $user, sql => "SELECT jwt_auth.revoke_own_session('$user', '$session->{id}')" };
}

sub do_reauthenticate
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	return { session => $session, user => $session->{user},
		sql => "SELECT status, access_token FROM jwt_auth.reauthenticate_session('$session->{id}', amr => '{pwd}')" };
}

sub do_revoke_others
{
	my ($self) = @_;
	my $session = $self->any_session or return;
	return { user => $session->{user}, keep => $session,
		sql => "SELECT jwt_auth.revoke_other_sessions('$session->{user}', '$session->{id}')" };
}

sub do_revoke_user { my ($self) = @_; my $u = $self->any_user; return { user => $u, sql => "SELECT jwt_auth.revoke_user_tokens('$u')" } }

sub do_change_password
{
	my ($self) = @_;
	my $user = $self->any_user;
	return { user => $user, sql => "UPDATE app_user SET password_hash = gen_random_uuid() WHERE name = '$user' RETURNING 1" };
}

sub do_revoke_all { return { sql => "SELECT 'done', jwt_auth.revoke_all_tokens()" } }
# Its limit stays, so that it can be judged by the rows.
sub do_change_class
{
	return { sql => "SELECT 'done', jwt_auth.set_session_class('app', refresh_token_ttl => '" . (1 + int rand 9) . " days', max_sessions => 2)" };
}

# This one comes and goes; it has the same limit whenever it is there.
sub do_make_class { return { sql => "SELECT 'done', jwt_auth.set_session_class('passing', max_sessions => 2)" } }
sub do_drop_class { return { sql => "SELECT jwt_auth.drop_session_class('passing')" } }

# The row says since when, and what could be seen then: whatever was recorded before is to name the user no more.
sub do_forget
{
	my ($self) = @_;
	my $user = $self->any_user;
	return { user => $user, sql => "INSERT INTO forgotten SELECT '$user', clock_timestamp(); SELECT jwt_auth.forget_user('$user')" };
}

sub do_lock { my ($self) = @_; my $u = $self->any_user; return { user => $u, sql => "SELECT jwt_auth.lock_user('$u')" } }

sub do_unlock
{
	my ($self) = @_;
	my @locked = sort keys %{ $self->{locks} };
	my $user = @locked ? any_of(\@locked) : $self->any_user;
	return { user => $user, sql => "SELECT jwt_auth.unlock_user('$user')" };
}

sub do_require_refresh
{
	my ($self) = @_;
	my $user = $self->any_user;
	return { user => $user, sql => "SELECT 'done', jwt_auth.require_refresh('$user')" };
}

sub do_impersonate
{
	my ($self) = @_;
	my ($user, $actor) = ($self->any_user, $self->any_user);
	return if $user eq $actor;
	return { user => $user, actor => $actor, sql => "SELECT status, access_token FROM jwt_auth.impersonate('$user', '$actor', '1 hour')" };
}

sub do_verify_acting
{
	my ($self) = @_;
	return unless @{ $self->{acting} };
	my $recent = @{ $self->{acting} } > 20 ? 20 : scalar @{ $self->{acting} };
	my $acting = $self->{acting}[ -1 - int rand $recent ];
	return { acting => $acting, sql => "SELECT jwt_auth.jwt_verify('$acting->{token}') ->> 'sub'" };
}

sub do_purge { return { sql => 'CALL jwt_auth.purge_expired(' . (1 + int rand 20) . ')' } }

sub do_mint_link
{
	my ($self) = @_;
	my $user = $self->any_user;
	return { user => $user, sql => qq{SELECT jwt_auth.jwt_sign('{"sub": "$user", "purpose": "link"}')} };
}

sub do_consume
{
	my ($self) = @_;
	return unless @{ $self->{links} };
	my $recent = @{ $self->{links} } > 8 ? 8 : scalar @{ $self->{links} };
	my $link = $self->{links}[ -1 - int rand $recent ];
	return { link => $link, user => $link->{user}, sql => "SELECT jwt_auth.consume_token('$link->{token}') ->> 'purpose'" };
}

# ---- What came of it -------------------------------------------------------------------------------------------------------

sub problem { my ($self, $text) = @_; push @{ $self->{problems} }, $text; return }

sub generation_in { my ($token) = @_; return unpack('N', substr(decode_base64url(substr($token, 11)), 16, 4)) }

# A session may have ended between the two moments; surely, if `definite`.
sub ended
{
	my ($self, $session, $operation, $definite) = @_;
	push @{ $session->{ends} }, { start => $operation->{start}, end => $operation->{end}, definite => $definite };
	$session->{over} = 1 if $definite;
	return;
}

sub ended_many
{
	my ($self, $operation) = @_;
	my @users = defined $operation->{user} ? ($operation->{user}) : keys %{ $self->{by_user} };
	for my $session (map { @{ $self->{by_user}{$_} || [] } } @users)
	{
		next if $operation->{keep} && $operation->{keep} == $session;
		$self->ended($session, $operation, $operation->{sure} && $session->{login}{end} < $operation->{start});
	}
	# Log-ins that are under way have no session in the model yet.
	push @{ $self->{revocations} }, $operation;
	# Cutoffs, for what has no session.
	push @{ $self->{ $operation->{keep} ? 'others' : 'revoked' }{ $operation->{user} // '' } }, $operation;
	return;
}

sub answered
{
	my ($self, $operation, $answer) = @_;
	my $kind = $operation->{kind};
	if ($answer =~ /^ERROR:  (\w{5})/m)
	{
		my $code = $1;
		$self->{count}{"$kind $code"}++;
		$self->problem("a deadlock: $kind at $operation->{level}") if $code eq '40P01';
		return if $code eq '40001';
		# Its beginning was read from the clock a moment before the clock was set back: it lies ahead.
		return if $code eq '22023' && $kind eq 'import' && $self->{clock_jumps} && !$operation->{is_old};
		return push @{ $self->{claims} }, { %$operation, result => $code } if $code eq '22023' && ($operation->{class} // '') eq 'passing';
		return push @{ $self->{claims} }, { %$operation, result => $code } if $code =~ /^JW0/ && $kind =~ /^(verify|consume|deny|verify_acting|import)$/;
		return $self->problem("$kind answered $code");
	}
	my ($line) = $answer =~ /^(.*)$/m;
	my ($result, @rest) = split /\|/, $line // '', -1;
	$result //= '';
	$self->{count}{ "$kind " . ($kind =~ /^(login|refresh|retry|replay_old|garbage|impersonate|reauthenticate)$/ ? $result : 'answered') . ($operation->{rolled_back} ? ' (rolled back)' : '') }++;
	return if $operation->{rolled_back};
	$operation->{sure} = 1;
	my $took = $self->can("took_$kind");
	$took->($self, $operation, $result, @rest) if $took;
	return;
}

sub took_login
{
	my ($self, $operation, $status, $refresh, $access, $id, $evicted) = @_;
	return $self->problem("a log-in answered $status") unless $status eq 'ok' || $status eq 'locked';
	push @{ $self->{claims} }, { %$operation, result => $status };
	return if $status eq 'locked';
	my $session = { id => $id, user => $operation->{user}, login => $operation, tokens => { 0 => $refresh }, latest => 0,
		access => [ { token => $access, made => $operation } ], ends => [], rotations => [] };
	$self->{sessions}{$id} = $session;
	push @{ $self->{by_user}{ $operation->{user} } }, $session;
	push @{ $operation->{evicted} }, $evicted =~ /([0-9a-f-]{36})/g;
	for my $other (map { $self->{sessions}{$_} } @{ $operation->{evicted} })
	{
		# One whose log-in has not been answered yet is looked up when all are.
		$self->ended($other, $operation, 1) if $other;
	}
	push @{ $self->{evictions} }, $operation if @{ $operation->{evicted} };
	return;
}

sub took_import
{
	my ($self, $operation, $id) = @_;
	push @{ $self->{claims} }, { %$operation, result => 'accepted' };
	my $session = { id => $id, user => $operation->{user}, login => $operation, tokens => { 0 => $operation->{token} }, latest => 0,
		access => [], ends => [], rotations => [] };
	$self->{sessions}{$id} = $session;
	push @{ $self->{by_user}{ $operation->{user} } }, $session;
	return;
}

sub took_set_claims
{
	my ($self, $operation, $done) = @_;
	push @{ $operation->{session}{changes} }, $operation if $done eq 't';
	return;
}

sub took_presentation
{
	my ($self, $operation, $status, $refresh, $access) = @_;
	push @{ $self->{claims} }, { %$operation, result => $status, successor => $refresh };
	my $session = $operation->{session};
	if ($status eq 'ok' || $status eq 'replayed')
	{
		my $generation = generation_in($refresh);
		$session->{tokens}{$generation} //= $refresh;
		$session->{latest} = $generation if $generation > $session->{latest};
		push @{ $session->{access} }, { token => $access, made => $operation };
		shift @{ $session->{access} } if @{ $session->{access} } > 3;
	}
	push @{ $session->{rotations} }, { from => $operation->{generation}, start => $operation->{start} } if $status eq 'ok';
	$self->ended($session, $operation, 1) if $status eq 'reuse_detected';
	return;
}
*took_refresh = \&took_presentation;
*took_retry = \&took_presentation;
*took_replay_old = \&took_presentation;

sub took_garbage { my ($self, $o, $status) = @_; $self->problem("garbage answered $status") if $status ne 'invalid'; return }
sub took_verify { my ($self, $o, $sub) = @_; push @{ $self->{claims} }, { %$o, result => 'accepted', sub => $sub }; return }
sub took_consume { my ($self, $o) = @_; push @{ $self->{claims} }, { %$o, result => 'accepted' }; return }
sub took_deny { my ($self, $o, $denied) = @_; push @{ $o->{access}{denials} }, $o; return }
sub took_logout { my ($self, $o, $ended) = @_; $self->ended($o->{session}, $o, 1) if $ended eq 't'; return }
*took_revoke_session = \&took_logout;

sub took_revoke_own
{
	my ($self, $o, $ended) = @_;
	return $self->problem("revoke_own at $o->{level}: ended a session of somebody else") if $ended eq 't' && $o->{user} ne $o->{session}{user};
	$self->took_logout($o, $ended);
	return;
}

sub took_reauthenticate
{
	my ($self, $operation, $status, $access) = @_;
	push @{ $self->{claims} }, { %$operation, result => $status };
	push @{ $operation->{session}{access} }, { token => $access, made => $operation } if $status eq 'ok';
	return;
}

sub took_make_class { my ($self, $o) = @_; push @{ $self->{made_classes} }, $o; return }
sub took_drop_class { my ($self, $o) = @_; push @{ $self->{dropped_classes} }, $o; return }
sub took_revoke_user { my ($self, $o) = @_; $self->ended_many($o); return }
*took_revoke_others = \&took_revoke_user;
*took_change_password = \&took_revoke_user;
*took_revoke_all = \&took_revoke_user;
*took_forget = \&took_revoke_user;
sub took_lock { my ($self, $o) = @_; push @{ $self->{locks}{ $o->{user} } }, $o; $self->ended_many($o); return }
sub took_unlock { my ($self, $o) = @_; push @{ $self->{unlocks}{ $o->{user} } }, $o; return }
sub took_require_refresh { my ($self, $o) = @_; push @{ $self->{changes}{ $o->{user} } }, $o; return }
sub took_verify_acting { my ($self, $o, $sub) = @_; push @{ $self->{claims} }, { %$o, result => 'accepted', sub => $sub }; return }

sub took_impersonate
{
	my ($self, $operation, $status, $token) = @_;
	return $self->problem("impersonate answered $status") unless $status eq 'ok' || $status eq 'locked';
	push @{ $self->{claims} }, { %$operation, result => $status };
	push @{ $self->{acting} }, { token => $token, user => $operation->{user}, actor => $operation->{actor}, made => $operation } if $status eq 'ok';
	return;
}

sub took_mint_link { my ($self, $o, $token) = @_; push @{ $self->{links} }, { token => $token, user => $o->{user}, made => $o }; return }

# No answer came: it may have happened at any time from its start on.
sub lost
{
	my ($self, $operation) = @_;
	my $kind = $operation->{kind};
	$self->{count}{"$kind unanswered"}++;
	return if $operation->{rolled_back};
	$operation->{end} = FOREVER;
	$operation->{sure} = 0;
	if ($kind eq 'login')
	{
		# A log-in of that user may have evicted any of them.
		$self->ended($_, $operation, 0) for @{ $self->{by_user}{ $operation->{user} } || [] };
	}
	elsif ($kind =~ /^(refresh|retry|replay_old)$/)
	{
		push @{ $operation->{session}{rotations} }, { from => $operation->{generation}, start => $operation->{start} };
		$operation->{session}{unanswered} = 1;
		$self->ended($operation->{session}, $operation, 0);
	}
	elsif ($kind eq 'revoke_own') { $self->ended($operation->{session}, $operation, 0) if $operation->{user} eq $operation->{session}{user} }
	elsif ($kind =~ /^(logout|revoke_session)$/) { $self->ended($operation->{session}, $operation, 0) }
	elsif ($kind =~ /^(revoke_user|revoke_others|change_password|revoke_all|forget)$/) { $self->ended_many($operation) }
	elsif ($kind eq 'set_claims') { $self->took_set_claims($operation, 't') }
	elsif ($kind =~ /^(lock|unlock|require_refresh|make_class|drop_class)$/) { $self->can("took_$kind")->($self, $operation) }
	elsif ($kind eq 'deny') { push @{ $operation->{access}{denials} }, $operation }
	elsif ($kind eq 'consume') { $operation->{link}{unanswered} = 1 }
	return;
}

# ---- The judgement ----------------------------------------------------------------------------------------------------------

# Ends that were written down before their session was known.
sub complete_ends
{
	my ($self) = @_;
	for my $login (@{ $self->{evictions} || [] })
	{
		for my $session (grep { $_ } map { $self->{sessions}{$_} } @{ $login->{evicted} })
		{
			$self->ended($session, $login, 1) unless grep { $_->{start} == $login->{start} && $_->{definite} } @{ $session->{ends} };
		}
	}
	for my $revocation (@{ $self->{revocations} || [] })
	{
		my @users = defined $revocation->{user} ? ($revocation->{user}) : keys %{ $self->{by_user} };
		for my $session (map { @{ $self->{by_user}{$_} || [] } } @users)
		{
			next if $revocation->{keep} && $revocation->{keep} == $session;
			next if $session->{login}{start} > $revocation->{end} || $session->{login}{end} < $revocation->{start};
			$self->ended($session, $revocation, 0);
		}
	}
	$self->{evictions} = $self->{revocations} = [];
	return;
}

# Whether the user was locked all the while; whether they may have been at some time of it. Forgetting ends a lock as well.
sub ends_of_locks { my ($self, $user) = @_; return (@{ $self->{unlocks}{$user} || [] }, grep { $_->{kind} eq 'forget' } @{ $self->{revoked}{$user} || [] }) }

sub surely_locked
{
	my ($self, $user, $claim) = @_;
	my @ends = $self->ends_of_locks($user);
	for my $lock (grep { $_->{sure} && $_->{end} < $claim->{start} } @{ $self->{locks}{$user} || [] })
	{
		return 1 unless grep { $_->{end} > $lock->{start} && $_->{start} < $claim->{end} } @ends;
	}
	return 0;
}

sub maybe_locked
{
	my ($self, $user, $claim) = @_;
	my @ends = $self->ends_of_locks($user);
	for my $lock (grep { $_->{start} < $claim->{end} } @{ $self->{locks}{$user} || [] })
	{
		return 1 unless grep { $_->{sure} && $_->{start} > $lock->{end} && $_->{end} < $claim->{start} } @ends;
	}
	return 0;
}

# What was made in an operation, and a revocation of a user or of everybody: surely before it, or perhaps. For a token without a session,
# for a session of another system's and for who acts for somebody, a revocation is a time. Where the clock jumps, that may lie before what
# was made earlier, or after what was made later; but not before what was an hour old (made at 0). A session is ended when it is asked.
sub revocations_of { my ($self, @users) = @_; return map { @{ $self->{revoked}{$_} || [] } } @users, '' }

sub surely_revoked
{
	my ($self, $made, $claim, @users) = @_;
	return if $self->{clock_jumps} && $made->{end};
	return $self->surely_ended($made, $claim, @users);
}

sub surely_ended
{
	my ($self, $made, $claim, @users) = @_;
	return grep { $_->{sure} && $made->{end} < $_->{start} && $_->{end} < $claim->{start} } $self->revocations_of(@users);
}

sub maybe_revoked
{
	my ($self, $made, $claim, @users) = @_;
	# The end of a lock is a cutoff as well.
	return grep { ($self->{clock_jumps} || $_->{end} > $made->{start}) && $_->{start} < $claim->{end} }
	  ($self->revocations_of(@users), map { @{ $self->{unlocks}{$_} || [] } } @users);
}

sub surely_over { my ($session, $moment) = @_; return grep { $_->{definite} && $_->{end} < $moment } @{ $session->{ends} } }
sub maybe_over { my ($session, $moment) = @_; return grep { $_->{start} < $moment } @{ $session->{ends} } }

# Judges every answer against every other; the problems are then in problems().
sub judge
{
	my ($self) = @_;
	$self->complete_ends;
	my (%rotated, %successor, %late_replays);
	for my $claim (@{ $self->{claims} })
	{
		my ($session, $result) = @$claim{qw(session result)};
		my $what = "$claim->{kind} at $claim->{level}" . ($session ? " of session $session->{id}" : '');
		if ($claim->{kind} eq 'consume') { $self->judge_consume($claim, $what) }
		elsif ($claim->{kind} =~ /^(verify|deny)$/) { $self->judge_verify($claim, $what) }
		elsif ($claim->{kind} eq 'import') { $self->judge_import($claim, $what) }
		elsif ($claim->{kind} eq 'verify_acting') { $self->judge_acting($claim, $what) }
		elsif ($claim->{kind} =~ /^(login|impersonate)$/)
		{
			my @users = grep { defined } @$claim{qw(user actor)};
			$self->judge_class($claim, $what) if ($claim->{class} // '') eq 'passing';
			$self->problem("$what: of a locked user") if $result eq 'ok' && grep { $self->surely_locked($_, $claim) } @users;
			$self->problem("$what: locked, but nobody locked") if $result eq 'locked' && !grep { $self->maybe_locked($_, $claim) } @users;
		}
		elsif ($claim->{kind} eq 'reauthenticate' && $result eq 'ok')
		{
			$self->problem("$what: ok after its end") if surely_over($session, $claim->{start});
			$self->problem("$what: of a locked user") if $self->surely_locked($claim->{user}, $claim);
		}
		elsif ($result eq 'ok' || $result eq 'replayed')
		{
			$self->problem("$what: $result after its end") if surely_over($session, $claim->{start});
			$self->problem("$what: rotated twice") if $result eq 'ok' && $rotated{ $claim->{token} }++;
			my $first = $successor{ $claim->{token} } //= $claim->{successor};
			$self->problem("$what: another successor") if $first ne $claim->{successor};
			$self->problem("$what: an old token was good") if $claim->{kind} eq 'replay_old';
			$late_replays{ $session->{id} }{ $claim->{generation} }++ if $result eq 'replayed' && $claim->{late};
		}
		elsif ($result eq 'invalid')
		{
			$self->problem("$what: invalid, but nothing ended it") unless maybe_over($session, $claim->{end});
		}
		elsif ($result eq 'reuse_detected')
		{
			# A retry that comes late may be a theft although nobody has used the successor yet.
			my $next = $claim->{generation} + ($claim->{late} ? 0 : 1);
			$self->problem("$what: theft where there was none")
			  unless grep { $_->{from} >= $next && $_->{start} < $claim->{end} } @{ $session->{rotations} };
			$self->problem("$what: theft of a session after its end") if surely_over($session, $claim->{start});
		}
		else { $self->problem("$what answered $result") }
	}
	for my $id (sort keys %late_replays)
	{
		my $given = $late_replays{$id};
		for my $generation (sort { $a <=> $b } keys %$given)
		{
			$self->problem("session $id: generation $generation was given again late, twice") if $given->{$generation} > 1;
			$self->problem("session $id: generations $generation and the next were both given again late") if $given->{ $generation + 1 };
		}
	}
	$self->{late_replays} = map { values %$_ } values %late_replays;
	return;
}

sub judge_verify
{
	my ($self, $claim, $what) = @_;
	my $session = $claim->{session};
	my @denials = @{ $claim->{access}{denials} || [] };
	my $made = $claim->{access}{made};
	my @changes = (@{ $self->{changes}{ $session->{user} } || [] }, @{ $session->{changes} || [] });
	if ($claim->{result} eq 'accepted')
	{
		$self->problem("$what: accepted after its end") if surely_over($session, $claim->{start});
		$self->problem("$what: accepted though denied") if grep { $_->{sure} && $_->{end} < $claim->{start} } @denials;
		$self->problem("$what: of somebody else") if $claim->{sub} ne $session->{user};
		$self->problem("$what: accepted with rights of before")
		  if grep { $_->{sure} && $made->{end} < $_->{start} && $_->{end} < $claim->{start} } @changes;
		$self->problem("$what: accepted of a locked user") if $self->surely_locked($session->{user}, $claim);
	}
	elsif ($claim->{result} eq 'JW009')
	{
		$self->problem("$what: locked, but nobody locked") unless $self->maybe_locked($session->{user}, $claim);
	}
	elsif ($claim->{result} eq 'JW016')
	{
		$self->problem("$what: stale, but nothing changed") unless grep { $_->{end} > $made->{start} && $_->{start} < $claim->{end} } @changes;
	}
	elsif ($claim->{result} eq 'JW010')
	{
		$self->problem("$what: ended, but nothing ended it") unless maybe_over($session, $claim->{end});
	}
	elsif ($claim->{result} eq 'JW011')
	{
		$self->problem("$what: denied, but nobody did") unless grep { $_->{start} < $claim->{end} } @denials;
	}
	else { $self->problem("$what answered $claim->{result}") }
	return;
}

# Somebody acts for a user: it ends with either of the two.
sub judge_acting
{
	my ($self, $claim, $what) = @_;
	my $acting = $claim->{acting};
	my @users = @$acting{qw(user actor)};
	if ($claim->{result} eq 'accepted')
	{
		$self->problem("$what: accepted after a revocation")
		  if $self->surely_revoked($acting->{made}, $claim, @users) || $self->surely_ended($acting->{made}, $claim, $acting->{user});
		$self->problem("$what: accepted of a locked user") if grep { $self->surely_locked($_, $claim) } @users;
		$self->problem("$what: of somebody else") if $claim->{sub} ne $acting->{user};
		$self->problem("$what: accepted with rights of before")
		  if grep { $_->{sure} && $acting->{made}{end} < $_->{start} && $_->{end} < $claim->{start} } @{ $self->{changes}{ $acting->{user} } || [] };
	}
	elsif ($claim->{result} eq 'JW010')
	{
		# Ending the other sessions of the user ends these as well.
		$self->problem("$what: ended, but nothing ended it")
		  unless $self->maybe_revoked($acting->{made}, $claim, @users) || grep { $_->{start} < $claim->{end} } @{ $self->{others}{ $acting->{user} } || [] };
	}
	elsif ($claim->{result} eq 'JW009')
	{
		$self->problem("$what: locked, but nobody locked") unless grep { $self->maybe_locked($_, $claim) } @users;
	}
	elsif ($claim->{result} eq 'JW016')
	{
		$self->problem("$what: stale, but nothing changed")
		  unless grep { $_->{end} > $acting->{made}{start} && $_->{start} < $claim->{end} } @{ $self->{changes}{ $acting->{user} } || [] };
	}
	else { $self->problem("$what answered $claim->{result}") }
	return;
}

# A log-in of the class that comes and goes. It was there at the beginning.
sub judge_class
{
	my ($self, $claim, $what) = @_;
	my ($made, $dropped) = @$self{qw(made_classes dropped_classes)};
	if ($claim->{result} eq '22023')
	{
		for my $drop (grep { $_->{start} < $claim->{end} } @$dropped)
		{
			return unless grep { $_->{sure} && $_->{start} > $drop->{end} && $_->{end} < $claim->{start} } @$made;
		}
		$self->problem("$what: no such class, but nobody dropped it");
	}
	elsif ($claim->{result} eq 'ok')
	{
		for my $drop (grep { $_->{sure} && $_->{end} < $claim->{start} } @$dropped)
		{
			next if grep { $_->{end} > $drop->{start} && $_->{start} < $claim->{end} } @$made;
			return $self->problem("$what: of a class that was dropped");
		}
	}
	return;
}

sub judge_import
{
	my ($self, $claim, $what) = @_;
	my $user = $claim->{user};
	my $began = $claim->{is_old} ? { start => 0, end => 0 } : $claim;
	if ($claim->{result} eq 'accepted')
	{
		$self->problem("$what: of before a revocation") if $self->surely_revoked($began, $claim, $user);
		$self->problem("$what: of a locked user") if $self->surely_locked($user, $claim);
	}
	elsif ($claim->{result} eq 'JW009')
	{
		$self->problem("$what: revoked, but nobody was") unless $self->maybe_revoked($began, $claim, $user) || $self->maybe_locked($user, $claim);
	}
	else { $self->problem("$what answered $claim->{result}") }
	return;
}

sub judge_consume
{
	my ($self, $claim, $what) = @_;
	my $link = $claim->{link};
	if ($claim->{result} eq 'accepted')
	{
		$self->problem("$what: a second time") if $link->{consumed}++;
		$self->problem("$what: after a revocation") if $self->surely_revoked($link->{made}, $claim, $link->{user});
		$self->problem("$what: of a locked user") if $self->surely_locked($link->{user}, $claim);
	}
	elsif ($claim->{result} eq 'JW011') { $link->{refused}++ }
	elsif ($claim->{result} eq 'JW009')
	{
		$self->problem("$what: revoked, but nobody was")
		  unless $self->maybe_revoked($link->{made}, $claim, $link->{user}) || $self->maybe_locked($link->{user}, $claim);
	}
	else { $self->problem("$what answered $claim->{result}") }
	return;
}

sub problems { my ($self) = @_; return @{ $self->{problems} } }
sub sessions { my ($self) = @_; return values %{ $self->{sessions} } }

# The counts by operation and outcome, for the record.
sub summary
{
	my ($self) = @_;
	return join("\n", "seed $self->{seed}, $self->{operations} operations, " . scalar(keys %{ $self->{sessions} }) . ' sessions',
		map { sprintf '%8d %s', $self->{count}{$_}, $_ } sort keys %{ $self->{count} });
}

1;
