#!/bin/sh
# Runs staticcheck, built on first use from the module proxy.
set -eu
bin=$PWD/.cache/bin
[ -x "$bin/staticcheck" ] || GOBIN=$bin GOFLAGS=-mod=mod go install "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
exec "$bin/staticcheck" "$@"
