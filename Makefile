# Everything a contributor runs. `make help` lists the targets.
GO     ?= go
ORACLE ?=
LINT   := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# Nested modules: each keeps a dependency away from who does not want it. bench and interop have targets of their own.
MODULES = $(filter-out . bench interop,$(patsubst %/,%,$(dir $(shell git ls-files '*go.mod' | grep -v testdata/))))

.PHONY: help generate check drift test race modules lint vet build demo oracle tidy bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

generate: ## write the generated packages from schema/
	$(GO) generate ./...

check: drift vet test ## what a change must pass: drift, vet, tests

drift: ## fail if a pin, an overlay or a generated file is not what it should be
	$(GO) run ./tools/schema check

vet: ## go vet, for every platform we build for
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	$(GO) vet -C bench ./...

test: ## all tests
	$(GO) test ./...

race: ## all tests under the race detector
	$(GO) test -race ./...

modules: ## vet and test the nested modules, under the race detector
	for dir in $(MODULES); do $(GO) vet -C $$dir ./... && $(GO) test -C $$dir -race ./... || exit 1; done

lint: ## the linter, with the settings every package inherits
	for dir in . bench $(MODULES); do (cd $$dir && $(LINT) run ./...) || exit 1; done

build: ## bin/codexmcp
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/codexmcp ./cmd/codexmcp

demo: build ## a whole conversation without account or network
	./bin/codexmcp demo

oracle: build ## run the wire scenarios in ORACLE=DIR against bin/codexmcp
	@test -n "$(ORACLE)" || { echo "usage: make oracle ORACLE=DIR" >&2; exit 2; }
	python3 "$(ORACLE)/oracle.py" check --server "./bin/codexmcp serve" --strict-better --required .ci/oracle-required.txt "$(ORACLE)"

tidy: ## fail if a go.mod or go.sum is not tidy, those of nested modules included
	for mod in $$(git ls-files '*go.mod' | grep -v testdata/); do (cd "$$(dirname "$$mod")" && $(GO) mod tidy -diff) || exit 1; done

bench: build ## measure us beside the peers; ORIGINAL=PATH adds the program codex 0.36.0
	$(GO) build -C bench -o ../bin/bench/ ./...
	./bin/bench/codec
	./bin/bench/load -servers bin/bench
	test -z "$(ORIGINAL)" || ./bin/bench/codex -theirs "$(ORIGINAL)"
