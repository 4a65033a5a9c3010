# Yonder. `make` lists what can be made; `make run` is where to start.
#
# On Debian and Ubuntu everything that is missing is installed by packaging/deps.sh;
# on other systems it names the packages.

SHELL := /bin/bash
PATH := $(PATH):/usr/local/go/bin
export PATH

# One set of flags for all that is compiled with the window: with another one Go
# compiles the OpenGL bindings again.
FLAGS := $(shell sh packaging/flags.sh)
STATIC := -trimpath -buildvcs=false -tags headless
GOTEST := go run $(FLAGS) ./packaging/gotest $(FLAGS)
FUZZTIME ?= 20s
CYCLES ?= $(if $(LONG),3000,300)

# Tests that open a window want a message bus of their own.
BUS = $(if $(shell command -v dbus-run-session),dbus-run-session --)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run build headless cross test quick vet unit race lint vulnerabilities screenshots fuzz bench microbench crash-test lab discovery-lab \
	packages test-packages macos-app icons cleanroom clean deps deps-test

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r a b; do printf '  make %-14s %s\n' "$$a" "$$b"; done

run: build ## build and open the window; without a display start `yonder receive`
	@bash packaging/run.sh

build: deps ## build ./yonder, with the window
	go build $(FLAGS) -o yonder .

headless: ## build ./yonder-headless: static, for terminals only
	CGO_ENABLED=0 go build $(STATIC) -o yonder-headless .

cross: ## build the headless program for every platform into _build/cross; type-check the window for macOS
	@mkdir -p _build/cross
	@set -e; for target in linux/amd64 linux/arm64 windows/amd64 darwin/arm64; do \
		os=$${target%/*}; arch=$${target#*/}; exe=; [[ $$os != windows ]] || exe=.exe; \
		echo "$$target"; \
		GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 go build $(STATIC) -o _build/cross/yonder-$$os-$$arch$$exe .; \
	done
	go run $(FLAGS) ./packaging/typecheck darwin/arm64

test: deps-test vet cross unit race ## run everything; says at the end of each step what was skipped and why

quick: ## run the short tests only
	$(GOTEST) -short ./...

vet: deps ## go vet and gofmt
	@bad=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go' 2>/dev/null || find . -name '*.go')); \
		[[ -z $$bad ]] || { echo "not formatted by gofmt:" $$bad; exit 1; }
	go vet $(FLAGS) ./...

# Many tests between hosts mostly wait, so that more of them run at once than there are cores.
unit: deps-test ## all tests: units, UI, the real window, and network namespaces as root
	@[[ $$(id -u) == 0 ]] || echo 'not root: tests with network namespaces are skipped'
	$(BUS) $(GOTEST) -timeout 20m -parallel 4 ./...

race: deps-test ## the short tests with the race detector; all packages but the window's, whose OpenGL takes minutes
	$(GOTEST) -race -short -timeout 10m $$(go list $(FLAGS) ./... | grep -v -e /ui/desktop -e /packaging)

lint: ## staticcheck, in the version pinned in packaging/tools
	@mkdir -p _build/bin
	go -C packaging/tools build -o $(CURDIR)/_build/bin/ honnef.co/go/tools/cmd/staticcheck
	GOFLAGS='$(subst -tags ,-tags=,$(FLAGS))' _build/bin/staticcheck ./...

vulnerabilities: deps ## govulncheck, in the version pinned in packaging/tools: known vulnerabilities that the program reaches; asks vuln.go.dev
	@mkdir -p _build/bin
	go -C packaging/tools build -o $(CURDIR)/_build/bin/ golang.org/x/vuln/cmd/govulncheck
	GOFLAGS='$(subst -tags ,-tags=,$(FLAGS))' _build/bin/govulncheck ./...

screenshots: deps-test ## as root: take the pictures in docs/ from real windows
	YONDER_PICTURES=$(CURDIR)/docs $(BUS) go test $(FLAGS) -count 1 -run '^TestPictures$$' ./ui/desktop

fuzz: ## run every fuzz target for FUZZTIME (20s; 10000000x executions; 10000000x,10m: what comes first) and list how often each ran; FUZZ=Pair chooses
	bash packaging/fuzz.sh $(FUZZTIME) '$(FUZZ)'

bench: ## measure the program beside plain copies, tar, rsync and scp; BENCH='-run large -o docs/PERFORMANCE.md' chooses
	@mkdir -p _build
	CGO_ENABLED=0 go build $(STATIC) -o _build/yonder-headless .
	CGO_ENABLED=0 go run $(STATIC) ./transfer/bench -yonder _build/yonder-headless $(BENCH)

microbench: ## run the Go benchmarks of parts of the program
	go test $(FLAGS) -run '^$$' -bench . -benchmem ./...

crash-test: deps-test ## as root: kill both sides of transfers 300 times and compare (LONG=1: 3000; SEED=N as in a run before, MIB=N in a transfer)
	YONDER_CRASH_CYCLES=$(CYCLES) YONDER_CRASH_SEED=$(SEED) YONDER_CRASH_MIB=$(MIB) go test -trimpath -tags headless -count 1 -timeout 0 -v -run '^TestCrash$$' ./ui/cli

lab: deps-test ## as root: interrupt transfers in every way, at full size, and report how long they take to go on
	YONDER_LAB=1 go test -trimpath -tags headless -count 1 -timeout 0 -v \
		-run '^Test(Interrupted(Receiver|Sender|By.*)|LossyNetwork|(Damaged|Duplicated)Packets|SmallPackets|LargePacketsVanish|RateDrops|ConnectionForgotten|ManyFiles|ChangedWhileAway|ChatBesideTransfer|ManySenders|KilledWhileUpdating)$$' ./ui/cli

discovery-lab: deps-test ## as root: measure how 2 to 100 hosts find and lose each other, beside the mDNS library alone; about an hour
	YONDER_LAB=1 go test -trimpath -tags headless -count 1 -timeout 0 -v -run '^TestLab$$' ./discovery

packages: deps ## build the packages for Linux, Windows and macOS into dist/
	bash packaging/deps.sh package
	bash packaging/packages.sh

test-packages: ## as root: install the packages into a clean root, run the Windows program under Wine
	bash packaging/deps.sh build check
	bash packaging/check/deb.sh
	bash packaging/check/wine.sh

macos-app: ## on a Mac: build Yonder.app, zip and dmg into dist/
	bash packaging/macos/app.sh

icons: ## draw packaging/icon.png again from icon.svg
	go run $(FLAGS) ./packaging/icongen -size 512 -o packaging/icon.png packaging/icon.svg

cleanroom: ## as root: `make run` and `make test` in a clean Debian 12 with only Go, gcc, git and make
	bash packaging/cleanroom.sh

clean: ## remove everything that was built
	rm -rf yonder yonder-headless _build dist

deps:
	@bash packaging/deps.sh build

deps-test: deps
	@bash packaging/deps.sh test
