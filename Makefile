# xivosync: `make demo` shows the main job, `make test` runs every test.

GO        ?= go
STATIC    := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PACKAGES  := slapd ldap-utils prometheus samba samba-ad-dc samba-dsdb-modules samba-vfs-modules samba-ad-provision winbind ldb-tools python3-samba iproute2 chromium fonts-dejavu-core debootstrap systemd procps adduser curl openssl
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS   := -X main.version=$(VERSION)

.PHONY: all build demo test bench lint deb parts clean

all: build

build: ## the program, as bin/xivosync
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/xivosync ./cmd/xivosync

demo: ## the main job on an embedded directory and a simulated XiVO
	@$(GO) run ./cmd/xivosync demo

test: parts ## every test, with the race detector, in random order
	$(GO) test -race -shuffle=on -timeout 60m ./...
	$(GO) test -shuffle=on -timeout 30m -run Crash ./cmd/xivosync/e2e # at every moment, which takes too long with the detector

bench: parts ## the figures of the README, measured on this machine
	$(GO) test -run '^$$' -bench . -benchtime 1s -timeout 60m ./reconcile ./store ./sources/... ./targets/...
	$(GO) test -run '^$$' -bench 'NoOpRun|Provision/1000|Journal' -benchtime 1x -timeout 90m ./cmd/xivosync/bench

deb: ## the Debian package, in dist
	packaging/deb/build.sh '$(VERSION)' dist

lint: ## formatting, vet, staticcheck
	@unformatted=$$(gofmt -s -l .); test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATIC) ./...

parts: ## the Debian packages that the tests start
	@missing=; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	test -z "$$missing" && exit 0; \
	echo "installing$$missing (Debian packages that the tests start)"; \
	root=; test "$$(id -u)" = 0 || root=sudo; \
	$$root apt-get update -qq && $$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

clean:
	rm -rf bin dist
