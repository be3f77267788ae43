#!/bin/sh
# Runs stories with the arm64 binary under qemu-user. The kernel must start arm64
# binaries with qemu (binfmt_misc), which needs root. Without that, this script says
# what it skips.
#
# Some stories are left out because of qemu-user itself: it has no PR_SET_CHILD_SUBREAPER
# (subreaper, strays), keeps real-time signals for itself and renumbers others
# (signals-every-number, signals-rules, RTMIN in exit-status and in
# services-stop-signals), and dies of signals that the real kernel keeps from PID 1
# (signals-services-survive).
set -eu
qemu=$(command -v qemu-aarch64-static) || { echo "arm64 stories skipped: qemu-aarch64-static is not installed"; exit 0; }
if [ "$(uname -m)" = aarch64 ]; then
	echo "arm64 stories skipped: this is arm64, where make stories runs all of them"
	exit 0
fi
misc=/proc/sys/fs/binfmt_misc
[ -e $misc/register ] || mount -t binfmt_misc none $misc 2>/dev/null || :
if [ ! -e $misc/qemu-aarch64 ]; then
	printf '%s' ":qemu-aarch64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:$qemu:F" \
		2>/dev/null >$misc/register || { echo "arm64 stories skipped: the kernel cannot be told to start arm64 binaries (this needs root and binfmt_misc)"; exit 0; }
fi
SEXTON_BINARY=$PWD/sexton-arm64 SEXTON_PATIENCE=4 go test -count=1 -timeout 15m -run "TestStories/^(${STORY:-child-is-clean|exec-failures|first-word|ok-codes|output-terminal|quiet|script-without-interpreter|services-backoff|services-give-up|services-main|services-oneshot-fails|services-order|services-ready|services-restart|services-shutdown-on|services-stop-ladder|signals-forwarded|signals-rewrite|signals-single-child|signals-to-group|stdin-passes|term-status|usage|version})\$" ./tests
