# The short commands. CMakePresets.json is behind them; README.md says what each is for.
.DEFAULT_GOAL := help
.PHONY: help setup build run test format lint sanitize coverage bench bench-check soak overload fuzz mutate mutate-rls package

JOBS ?= $(shell nproc)
CTEST = ctest --output-on-failure -j $(JOBS)

help:
	@echo "make run       build everything, start a server with a function in it, call it"
	@echo "make test      every test that needs nothing beyond this machine"
	@echo "make build | format | lint | sanitize | coverage | bench"
	@echo "make package   a .deb in build/package (docs/operations.md has the rest: the unit, the image)"
	@echo "make soak       random tests of row-level security with fresh seeds for SOAK_SECONDS (600), then kills"
	@echo "make overload   ten times as many callers as places, and guests that spin and fill, for OVERLOAD_SECONDS (60)"
	@echo "make fuzz        libFuzzer on everything that reads strangers' bytes, FUZZ_SECONDS (60) for each target"
	@echo "make mutate      break the code in random places: how much do the tests notice? (ROOMS=auth, MUTANTS=20)"
	@echo "make mutate-rls break row-level security in one place at a time: a test must notice"

setup:
	@scripts/setup

build: setup
	@scripts/build release

run: build
	@scripts/run

test: build
	@$(CTEST) --preset release

format:
	@git ls-files '*.h' '*.cc' '*.c' | xargs clang-format-19 -i
	@cd engine && cargo fmt

lint: setup
	@scripts/lint

sanitize: setup
	@scripts/build debug
	@$(CTEST) --preset debug
	@scripts/build tsan
	@$(CTEST) --preset tsan

coverage: setup
	@scripts/coverage

bench: build
	@scripts/bench

bench-check: build
	@scripts/bench --check

soak: setup
	@scripts/build release differential_test hostile_test equality_test end_to_end_test
	@scripts/soak

package: build
	@packaging/deb build/release/roost build/package

overload: build
	@scripts/overload

fuzz: setup
	@scripts/fuzz

mutate: setup
	@node scripts/mutate.mjs $(ROOMS)

mutate-rls: setup
	@scripts/mutate-rls
