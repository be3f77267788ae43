#!/bin/sh
# Runs exactly the commands of README.md on a bare Debian 12: a minbase tree made by
# debootstrap, a chroot, and a clone of HEAD. It fetches the page of `make run` over HTTP,
# and ends it with a Ctrl-C in its terminal.
#
# Needs root and debootstrap. The tree gets the network settings of this machine (apt's
# sources and settings, Go's, proxies, certificates). Nothing is left afterwards:
# processes and mounts end with their namespaces.
set -eu
cd "$(dirname "$0")/.."
bound=${SEXTON_BARE_BOUND:-10m} # time limit of each of the two commands

said() { printf '%s\n' "bare Debian: $*"; }
die() {
	said "$*" >&2
	exit 1
}

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || die "needs root (debootstrap, chroot)"
	command -v debootstrap >/dev/null || die "debootstrap is missing; sh tools/setup.sh test installs it"
	git -c safe.directory='*' diff --quiet HEAD || said "the working tree differs from HEAD; this test uses HEAD"
	root=$(mktemp -d /var/tmp/sexton-bare-XXXXXX)
	trap 'rm -rf --one-file-system "$root"' EXIT
	trap 'exit 1' HUP INT TERM
	unshare --mount --pid --fork --kill-child sh tools/bare.sh inside "$root"
	exit
fi
root=$2

# tree creates the tree, with the network settings of this machine.
tree() {
	mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 2>/dev/null | sed -n 's/^bookworm //p' | head -n 1)
	debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || {
		tail -n 20 "$root.log" >&2
		rm -f "$root.log"
		die "debootstrap failed"
	}
	rm -f "$root.log"
	chmod 755 "$root"
	apt-config dump Acquire >"$root/etc/apt/apt.conf.d/99machine"
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	[ ! -d /usr/local/share/ca-certificates ] || cp -R /usr/local/share/ca-certificates "$root/usr/local/share/"
	if [ -n "${SSL_CERT_FILE:-}" ]; then
		cp -L "$SSL_CERT_FILE" "$root/etc/machine-certificates.pem"
		echo 'Acquire::https::CaInfo "/etc/machine-certificates.pem";' >>"$root/etc/apt/apt.conf.d/99machine"
	fi
	# The checkout may be shallow, and may belong to another user.
	printf '[safe]\n\tdirectory = *\n' >"$root/root/gitconfig"
	GIT_CONFIG_GLOBAL=$root/root/gitconfig git -c advice.detachedHead=false clone -q --depth 1 "file://$PWD" "$root/root/sexton"
	environment >"$root/root/environment"
	mount -t proc proc "$root/proc"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
}

# environment prints the network settings of this machine as shell commands.
environment() {
	for name in http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY; do
		eval "value=\${$name:-}"
		export_line "$name" "$value"
	done
	if command -v go >/dev/null; then
		for name in GOPROXY GONOPROXY GOSUMDB GONOSUMDB GOPRIVATE GOINSECURE; do
			export_line "$name" "$(go env $name)"
		done
	fi
	[ -z "${SSL_CERT_FILE:-}" ] || export_line SSL_CERT_FILE /etc/machine-certificates.pem
}

export_line() { # export_line NAME VALUE
	[ -z "$2" ] || printf "export %s='%s'\n" "$1" "$(printf %s "$2" | sed "s/'/'\\\\''/g")"
}

# in_tree runs a shell command in the chroot, at the top of the clone.
in_tree() {
	chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
		sh -c ". /root/environment; cd /root/sexton && $1"
}

# run runs `make run` in a terminal of its own until the page works, then types Ctrl-C.
run() {
	mkfifo "$root/root/typed"
	: >"$root/root/run.log"
	in_tree "script -qefc 'timeout --foreground $bound $1' /root/run.log </root/typed >/dev/null" &
	pid=$!
	exec 3>"$root/root/typed"
	address=''
	while [ -z "$address" ]; do
		kill -0 "$pid" 2>/dev/null || {
			tail -n 30 "$root/root/run.log" >&2
			die "$1 ended before its services were ready"
		}
		sleep 0.2
		address=$(sed -n 's/.*ready: [0-9]* services after [^ ]*; see \(http:[^ ,]*\).*/\1/p' "$root/root/run.log" | tr -d '\r' | head -n 1)
	done
	said "$1 says: see $address"
	in_tree "curl -fsS --max-time 10 $address" | grep -q 'written <b>[0-9]* *</b> times' || die "the page at $address is not the example's"
	printf '\003' >&3
	status=0
	wait "$pid" || status=$?
	exec 3>&-
	tr -d '\r' <"$root/root/run.log" | grep -v '^Script \|^$' | tail -n 2
	[ "$status" = 0 ] || die "$1, ended by Ctrl-C: status $status"
	tr -d '\r' <"$root/root/run.log" | grep -q 'leaving with status 0' || die "$1 did not end in order"
	! grep -qi 'interrupt\|\*\*\*' "$root/root/run.log" || die "$1 ends with an error message of make"
}

make=$(sed -n 's/.*(A bare Debian has no make: `\(.*\)`.).*/\1/p' README.md)
commands=$(sed -n 's/^    \(make [a-z]*\)  .*/\1/p' README.md | tr '\n' ',')
[ -n "$make" ] && [ "$commands" = "make run,make test," ] || die "README.md no longer begins with make run and make test, but with $commands"

tree
said "$make"
in_tree "$make" >"$root/root/make.log" 2>&1 || {
	tail -n 20 "$root/root/make.log" >&2
	die "$make does not work"
}
said "make run"
run "make run"
said "make test"
in_tree "timeout $bound make test"
