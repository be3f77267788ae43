package service

import "sexton/proc"

const (
	cuts     = "ends at once at TERM and cuts its requests"
	requests = "the requests that its workers are answering"
)

// Programs are the servers that we know. "seen": tried with Debian 12's package, with a slow request in flight where it is
// about signals.
func Programs() []Program {
	return []Program{
		{Name: "nginx", Stop: proc.QUIT, AtTERM: cuts, Reload: proc.HUP, Foreground: []string{`-g "daemon off;"`}, Setting: `"daemon off;"`, Source: "nginx(8), seen"},
		{Name: "apache2", Stop: proc.WINCH, AtTERM: cuts, Reload: proc.USR1, Foreground: []string{"-D FOREGROUND", "-DFOREGROUND"}, Source: "httpd's documentation (Stopping and Restarting), seen; prefork cuts proxied requests at USR1"},
		{Name: "httpd", Stop: proc.WINCH, AtTERM: cuts, Reload: proc.USR1, Foreground: []string{"-D FOREGROUND", "-DFOREGROUND", "-X"}, Source: "as apache2"},
		{Name: "haproxy", Stop: proc.USR1, AtTERM: cuts, Reload: proc.USR2, Source: "haproxy(1), seen; the reload needs -W or -Ws"},
		{Name: "lighttpd", Stop: proc.INT, AtTERM: cuts, Reload: proc.USR1, Foreground: []string{"-D"}, Source: "seen; -D: lighttpd(8)"},
		{Name: "php-fpm", Stop: proc.QUIT, AtTERM: cuts, Reload: proc.USR2, Alone: requests, Foreground: []string{"-F", "--nodaemonize"}, Setting: "daemonize = no", Source: "php-fpm(8), seen; QUIT and USR2 are graceful only with process_control_timeout in its configuration"},
		{Name: "uwsgi", Stop: proc.QUIT, AtTERM: "starts again at TERM instead of ending", Unless: "die-on-term", Reload: proc.HUP, Source: "seen; QUIT cuts its requests"},
		{Name: "gunicorn", Stop: proc.TERM, Reload: proc.HUP, Alone: requests, Source: "gunicorn's documentation (Signal Handling), seen"},
		{Name: "celery", Stop: proc.TERM, Alone: "the tasks that run", Source: "Celery's documentation (Workers Guide), seen"},
		{Name: "puma", Stop: proc.TERM, Reload: proc.USR2, Source: "seen"},
		{Name: "sidekiq", Stop: proc.TERM, Source: "Sidekiq's documentation (Signals)"},
		{Name: "postgres", Stop: proc.INT, Reload: proc.HUP, Source: "PostgreSQL's documentation (Shutting Down the Server)"},
		{Name: "mysqld", Stop: proc.TERM, Source: "Debian's mariadb.service"},
		{Name: "mariadbd", Stop: proc.TERM, Source: "Debian's mariadb.service"},
		{Name: "redis-server", Stop: proc.TERM, Setting: "--daemonize no", Source: "Debian's redis-server.service"},
		{Name: "mosquitto", Stop: proc.TERM, Reload: proc.HUP, Source: "mosquitto(8)"},
		{Name: "memcached", Stop: proc.TERM, Source: "Debian's memcached.service"},
		{Name: "varnishd", Stop: proc.TERM, Foreground: []string{"-F", "-d"}, Source: "varnishd(1), seen"},
		{Name: "squid", Stop: proc.TERM, Reload: proc.HUP, Foreground: []string{"--foreground", "-N"}, Source: "squid(8), Debian's squid.service"},
		{Name: "tinyproxy", Stop: proc.TERM, Reload: proc.USR1, Foreground: []string{"-d"}, Source: "Debian's tinyproxy.service, seen"},
		{Name: "dnsmasq", Stop: proc.TERM, Foreground: []string{"-k", "--keep-in-foreground", "-d", "--no-daemon"}, Source: "dnsmasq(8), seen"},
		{Name: "named", Stop: proc.TERM, Reload: proc.HUP, Foreground: []string{"-f", "-g"}, Source: "named(8), seen"},
		{Name: "unbound", Stop: proc.TERM, Reload: proc.HUP, Foreground: []string{"-d"}, Setting: "do-daemonize: no", Source: "unbound(8), Debian's unbound.service"},
		{Name: "dovecot", Stop: proc.TERM, Reload: proc.HUP, Foreground: []string{"-F"}, Source: "dovecot(1), seen"},
		{Name: "postfix", Stop: proc.TERM, Foreground: []string{"start-fg"}, Source: "postfix(1), seen"},
		{Name: "slapd", Stop: proc.TERM, Foreground: []string{"-d 0", "-d"}, Source: "slapd(8), seen"},
		{Name: "sshd", Stop: proc.TERM, Reload: proc.HUP, Foreground: []string{"-D", "-d", "-i"}, Source: "sshd(8), seen"},
		{Name: "cron", Stop: proc.TERM, Foreground: []string{"-f"}, Source: "cron(8), seen"},
		{Name: "rsyslogd", Stop: proc.TERM, Foreground: []string{"-n"}, Source: "rsyslogd(8), seen"},
		{Name: "chronyd", Stop: proc.TERM, Foreground: []string{"-d", "-n"}, Source: "chronyd(8), seen"},
		{Name: "supervisord", Stop: proc.TERM, Foreground: []string{"-n", "--nodaemon"}, Setting: "nodaemon=true", Source: "seen"},
	}
}
