# What a person types; `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
WITH := source scripts/environment.sh;

.DEFAULT_GOAL := help
.PHONY: help run setup site test lint unit kafka-tls unit-current torture end-to-end api-test fuzz mutants bench lighthouse \
	first-second watch release audit book clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: site ## Build for release, add sample articles to an empty blog, and serve it on http://127.0.0.1:3000
	@$(WITH) binary=$$(scripts/binary.sh); "$$binary" migrate >/dev/null; "$$binary" seed; exec "$$binary" serve

setup: ## Install what building needs (the other targets do it by themselves)
	@scripts/setup.sh build

site: setup ## Build the site and the server for release
	@scripts/build.sh

test: ## Check format and lints, run all tests, and fuzz a little where there is a nightly compiler
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory lint unit
	@$(MAKE) --no-print-directory unit-current TESTS='database:: store:: totals:: server_profile:: sessions:: reactions::'
	@$(MAKE) --no-print-directory torture end-to-end
	@FUZZ_SEED=1 scripts/fuzz.sh 10
	@scripts/servers.sh report

lint: ## Check format, clippy for server and browser, and the docs
	@$(WITH) cargo fmt --all --check
	@$(WITH) cargo clippy --quiet --workspace --features bench,torture --all-targets -- -D warnings
	@$(WITH) cargo clippy --quiet --features hydrate --lib --target wasm32-unknown-unknown -- -D warnings
	@node --test scripts/docs.test.mjs

# Most tests wait for their servers, not for the processor.
unit unit-current: export RUST_TEST_THREADS ?= 4
# The torture stays on the disk: it needs no quick one, and kills Redis and SQL while they sync.
unit unit-current kafka-tls end-to-end: export TMPDIR ?= $(shell scripts/temporary.sh)

# All packages at once: with fewer of them cargo may choose other features, and compile everything anew.
unit: ## Run the tests of all crates without a browser, and the program's on both profiles
	@$(WITH) cargo test --workspace --features ssr
	@$(WITH) TIDEMARK_TEST_PROFILE=server cargo test --workspace --features ssr --test integration -- \
		--skip database:: --skip connections:: --skip server_profile:: --skip open_search:: --skip relevance:: \
		--skip crash:: --skip command_line::

kafka-tls: ## Test TLS and SCRAM to Kafka (compiles OpenSSL, which takes some minutes)
	@scripts/setup.sh test
	@$(WITH) cargo test -p tidemark-stream --features tls secured::

# TESTS='database:: store::' runs these instead of all.
unit-current: ## Run the server profile's tests on a current MySQL and Valkey, the stores' on a current Redis
	@scripts/servers.sh get
	@$(WITH) ! scripts/servers.sh has mysqld mysql valkey-server || \
		TIDEMARK_TEST_PROFILE=server TIDEMARK_TEST_DATABASE=mysql TIDEMARK_TEST_REDIS=valkey \
		cargo test --workspace --features ssr --test integration --test counting -- \
		$(TESTS) --skip crash:: --skip command_line:: --skip injection::
	@$(WITH) ! scripts/servers.sh has redis-server || \
		TIDEMARK_TEST_REDIS=redis-current cargo test --workspace --features ssr --test counting -- store::

# SCHEDULES=500 SEED=1 RELEASE=1: how many, from which seed, with the release build.
torture: ## Kill everything under load; no view may be lost or doubled, and pages must hold
	@scripts/setup.sh test
	@$(WITH) cargo test --workspace --quiet $(if $(RELEASE),--release) --features torture --test torture -- --schedules $(or $(SCHEDULES),25) --seed $(or $(SEED),1)

end-to-end: ## Run the browser tests (Chromium, and Firefox if installed) against the release build
	@scripts/setup.sh test
	@scripts/build.sh
	@$(WITH) node --test scripts/site/build.test.mjs scripts/lighthouse/figures.test.mjs browser/reading.test.js
	@$(WITH) TIDEMARK_BINARY=$$(scripts/binary.sh) node --test scripts/deploy/*.test.mjs
	@$(WITH) cd end2end && TIDEMARK_BINARY=$$(cd .. && scripts/binary.sh) CHROMIUM=$$(find_chromium) npx playwright test
	@$(WITH) TIDEMARK_BINARY=$$(scripts/binary.sh) node --test end2end/firefox/*.test.mjs

# API='--max-examples 1000 --seed 1': options of Schemathesis.
api-test: site ## Run Schemathesis (from PyPI, needs Python) against the JSON API in both profiles
	@$(WITH) scripts/api-test.sh $(API)

# FUZZ_SECONDS=600: how long each target runs.
fuzz: ## Feed random bytes to the parsers of texts, files, pictures, forms, headers (needs nightly)
	@scripts/fuzz.sh $(or $(FUZZ_SECONDS),60)

# MUTANTS='-j 2 -F counting/src/flush.rs': options of cargo mutants.
mutants: ## Make hundreds of small changes to the counting code; tests must notice each (an hour or two)
	@scripts/setup.sh test
	@scripts/mutants.sh $(MUTANTS)

watch: setup ## Rebuild and reload while you edit (needs cargo-leptos)
	@mkdir -p target/site/pkg; ln -sfn "$$PWD/browser/reading.js" target/site/pkg/reading.js
	@$(WITH) cargo leptos watch

bench: ## Measure what pages and views cost, in both profiles
	@scripts/setup.sh test
	@$(WITH) cargo bench --quiet --profile dist --features bench --bench views

# PAGES='/ /search' checks these instead of the front page and an article.
lighthouse: ## Check that Lighthouse gives the front page and an article 100 in all four categories
	@scripts/setup.sh lighthouse
	@scripts/build.sh
	@$(WITH) node scripts/lighthouse/run.mjs "$$(scripts/binary.sh)" "$$(find_chromium)" $(PAGES)

first-second: ## Measure when an article's +1 shows on slow lines and a slow phone, and its bytes by kind
	@scripts/setup.sh lighthouse
	@scripts/build.sh
	@$(WITH) node scripts/lighthouse/first-second.mjs "$$(scripts/binary.sh)" "$$(find_chromium)"

release: setup ## Make an archive and a Debian package in target/packages (needs cargo-deb)
	@scripts/release.sh

audit: ## Check licences, sources and known vulnerabilities of dependencies (needs cargo-deny)
	@scripts/audit.sh

book: ## Build docs/ as a book in target/book (needs mdbook)
	@command -v mdbook >/dev/null || { echo "mdbook is missing: install it with 'cargo binstall mdbook' or 'cargo install mdbook'." >&2; exit 1; }
	@mdbook build docs

clean: ## Delete what was built; the data stays
	@cargo clean
