# make run      build and run a real example: nginx, redis and a worker; Ctrl-C ends it gracefully
# make test     all tests, after installing what they need
# make help     the rest

BINARY   := sexton
VERSION  ?= 0.1.0-dev
# Our own entry point runs before Go's runtime: it records what sexton was started
# with, and holds signals back until we can take them (DESIGN.md, "Entry").
LDFLAGS  := -s -w -E=sexton_entry -checklinkname=0 -X sexton/cli.Version=$(VERSION)
BUILD    := CGO_ENABLED=0 go build -tags entry -trimpath -ldflags '$(LDFLAGS)'
SEED     ?= 0
LIVES    ?= 100000
FUZZTIME ?= 10s
GO_IMAGE ?= golang:1.26

export PATH := $(CURDIR)/.cache/go/bin:$(PATH)

.PHONY: run test build build-arm64 arm64 check race sim fuzz stories docker bench diagram image help setup clean

# The example runs under a sexton with one command, which gives it a process group of its
# own in the foreground of the terminal. So only the example gets Ctrl-C, and not make, which
# would end with "Interrupt" and status 130.
run: setup-run build
	@echo './$(BINARY) -c examples/web/sexton.toml'
	@SEXTON_EXAMPLE=$${SEXTON_EXAMPLE:-/tmp/sexton-example} exec ./$(BINARY) -- ./$(BINARY) -c examples/web/sexton.toml

test: setup-test
	go run ./internal/suite -timeout 20m ./...

build:
	$(BUILD) -o $(BINARY) .

build-arm64:
	GOARCH=arm64 $(BUILD) -o $(BINARY)-arm64 .

setup-%:
	@sh tools/setup.sh $*

# check must pass for every commit.
check:
	@test -z "$$(gofmt -l . )" || { echo 'gofmt these:'; gofmt -l .; exit 1; }
	go vet ./...
	GOARCH=arm64 go vet ./...
	sh tools/staticcheck.sh ./...

# race runs the tests of every room with the race detector.
race:
	go test -race -timeout 20m $$(go list ./... | grep -v '^sexton$$\|/bench\|/tests\|/testdata\|/examples')

# sim simulates containers: LIVES of them, or the one of SEED that failed.
sim:
	go test ./init -run TestLives -count=1 -timeout 30m -sim.seed=$(SEED) -sim.lives=$(LIVES)

fuzz:
	sh tools/fuzz.sh $(FUZZTIME)

# stories run the real binary on the real kernel; STORY selects some of them.
stories: setup-test
	go test -count=1 -run 'TestStories/$(STORY)' -v ./tests

# arm64 runs stories with the arm64 binary, under qemu-user on another machine.
arm64: setup-test build-arm64
	sh tools/arm64.sh

docker: setup-test
	go test -count=1 -run 'TestDocker' -v ./tests

bench: setup-bench build
	go run ./bench -sexton ./$(BINARY) -o docs/bench.md

# diagram draws docs/rooms.svg and docs/states.svg, and writes the table of states.
diagram:
	go test . ./machine -run 'TestPicture|Table' -rewrite

image:
	docker build --build-arg GO_IMAGE=$(GO_IMAGE) -t sexton:$(VERSION) .

clean:
	rm -rf $(BINARY) $(BINARY)-arm64 .cache

help:
	@sed -n '1,3p' Makefile; echo; grep -E '^[a-z0-9-]+:' Makefile | cut -d: -f1 | tr '\n' ' '; echo
