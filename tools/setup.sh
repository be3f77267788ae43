#!/bin/sh
# Installs programs that a target needs and that are missing: setup.sh run|test|bench.
# As root on Debian it uses apt-get; elsewhere it says what is missing.
set -eu
what=${1:-run}

need=''
want() { # want COMMAND PACKAGE
	command -v "$1" >/dev/null 2>&1 || need="$need $2"
}
PATH=$PATH:/usr/sbin:/sbin
export PATH

want git git
case $what in
run | test | bench)
	want nginx nginx-light
	want redis-server redis-server
	want curl curl
	;;
esac
case $what in
test | bench)
	want unshare util-linux
	want tini tini
	want dumb-init dumb-init
	want catatonit catatonit
	want tmux tmux
	want busybox busybox-static
	want strace strace
	;;
esac
case $what in
test | bench)
	# A compiler without the C library's headers is worse than none, because Go tries to use it.
	printf '#include <stdlib.h>\n' | gcc -E - >/dev/null 2>&1 || need="$need gcc libc6-dev"
	;;
esac
case $what in
test)
	want debootstrap debootstrap
	want cron cron
	want postfix postfix
	want valgrind valgrind
	want prlimit util-linux
	want qemu-aarch64-static qemu-user-static
	want sshd openssh-server
	want rsyslogd rsyslog
	want ssh openssh-client
	ls -d /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || need="$need postgresql"
	;;
bench)
	want s6-svscan s6
	want runsvdir runit
	want supervisord supervisor
	;;
esac
command -v go >/dev/null 2>&1 || [ -x .cache/go/bin/go ] || need="$need golang-go"

if [ -n "$need" ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "missing:$need; install them (as root on Debian: apt-get install$need)" >&2
		[ "$what" != run ] || exit 1
		exit 0 # tests say themselves what they skip because a program is missing
	fi
	echo "installing:$need"
	export DEBIAN_FRONTEND=noninteractive
	# No package may start its server here.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod +x /usr/sbin/policy-rc.d
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	fi
	apt-get update -qq
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends ca-certificates $need >/dev/null
fi

# Debian's Go may be older than go.mod requires, and before 1.21 it cannot fetch a
# newer one by itself. The toolchain is a module like any other.
version=$(go version 2>/dev/null | sed 's/.*go1\.\([0-9]*\).*/\1/')
if [ ! -x .cache/go/bin/go ] && [ "${version:-0}" -lt 21 ]; then
	toolchain=v0.0.1-go1.26.8.linux-$(go env GOARCH)
	echo "fetching Go toolchain $toolchain"
	mkdir -p .cache/fetch
	(cd .cache/fetch && printf 'module fetch\n' >go.mod && GOFLAGS=-mod=mod GONOSUMDB=golang.org/toolchain go mod download "golang.org/toolchain@$toolchain")
	cp -R "$(go env GOMODCACHE)/golang.org/toolchain@$toolchain" .cache/go
	chmod -R u+w .cache/go
	chmod +x .cache/go/bin/* .cache/go/pkg/tool/*/*
fi
