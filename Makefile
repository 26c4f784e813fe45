# `make demo` and `make test` are all that a newcomer needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: ## build and run the demonstration town; links and logins are printed
	@scripts/setup.sh demo
	cargo build --release --locked -p gateway
	./target/release/buono demo --data ./demo-data

test: ## every check of the project
	@scripts/setup.sh test
	@scripts/test.sh

browser: ## the pages in a real browser, at all widths and in every language
	@scripts/setup.sh test
	cargo build --locked -p gateway
	scripts/browser.sh long

screens: ## pictures of every page in every state: target/screens
	@scripts/setup.sh test
	cargo build --locked -p gateway
	scripts/browser.sh screens

simulate: ## a million histories of the protocol
	BUONO_SEEDS=1000000 cargo nextest run --profile long --cargo-profile release -p engine --test simulator --no-capture

fuzz: ## a million changed records, batches, uploads, sheets and codes each; other ones every time
	BUONO_FUZZ_CASES=1000000 cargo nextest run --profile long -p fuzz --no-fail-fast

kills: ## three hundred kill -9 under load on files, half as many on Redis and on Postgres, which are killed too
	cargo build --locked -p gateway
	BUONO_KILLS=300 cargo nextest run --profile long -p tests --test failures --no-capture kills

failures: ## everything that can break, as long as such things last, under load: the tables of docs/reliability.md
	@scripts/setup.sh test
	cargo build --locked -p gateway
	cargo nextest run --profile long -p tests --test failures --run-ignored only --no-fail-fast --success-output immediate --test-threads 3
	git diff --stat docs/reliability.md

roll: ## a rolling upgrade from an earlier build and back, under load: make roll OLD=8b5996a, or from the newest tag
	@scripts/setup.sh test
	OLD="$(OLD)" scripts/roll.sh

bench: ## speed and memory beside their yardsticks: the table of docs/performance.md
	@scripts/setup.sh demo
	cargo build --release --locked -p gateway -p loadtest --bins --examples
	scripts/bench.py

servers: ## the same on Redis and Postgres, beside what one would write without an engine
	@scripts/setup.sh test
	cargo build --release --locked -p gateway -p loadtest --bins --examples
	scripts/bench_servers.py

lasting: ## a quarter of an hour: how far the ledger is behind, and how long a node that goes is missed
	@scripts/setup.sh test
	cargo build --release --locked -p gateway -p loadtest --bins
	scripts/bench_lasting.py

load: ## a market day at full speed against a demonstration town of its own, every answer checked
	@scripts/setup.sh demo
	cargo build --release --locked -p gateway -p loadtest
	@scripts/load.sh --mix --fund-cents 1000000

schemathesis: ## the interface against its document, three hundred random requests for each call
	@scripts/setup.sh test
	cargo build --locked -p gateway
	BUONO_EXAMPLES=300 cargo nextest run --profile long -p tests --test schemathesis --no-capture

document: ## record a meant change of the interface: docs/openapi.json
	cargo build --locked -p gateway
	BUONO_UPDATE=1 cargo nextest run --locked -p tests --test document
	git diff --stat docs/openapi.json

.PHONY: help demo test roll bench servers lasting document browser failures screens simulate fuzz kills load schemathesis
