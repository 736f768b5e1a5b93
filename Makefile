# Everything this project does, by name. On a fresh Debian 12 with Rust, Python 3.11 and a C compiler, `make demo` and
# `make test` each work as the first command: they install what is missing (tools/bootstrap.sh). Every step looks first
# whether it has anything to do.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
CARGO ?= cargo
export PYTHON CARGO
# What is built stands at fixed places, for programs that link with it.
unexport CARGO_TARGET_DIR

STAMPS := build/stamps
VENV := .venv/bin
LIBRARY := target/release/liboxipipe.so
CMAKE_DIR := build/cmake
PACKAGE := bindings/python
WHEELS := $(PACKAGE)/dist
PACKAGE_FILES := $(shell find $(PACKAGE) include bindings/c CMakeLists.txt -type f \
	-not -path '*/tests/*' -not -path '*/dist/*' -not -path '*/__pycache__/*' -not -path '*/.*_cache/*' 2>/dev/null)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##
## Build
##

.PHONY: build
build: $(STAMPS)/package ## liboxipipe.so and .a in target/release, the package and `oxipipe` in .venv

# Cargo knows best whether there is anything to do; when there is not, it leaves the time stamp alone. The link is the
# name by which a program that was linked here looks for the library.
$(LIBRARY): FORCE
	@tools/bootstrap.sh build
	$(CARGO) build --release --locked
	@ln -sfn liboxipipe.so $(dir $@)$$(readelf -d $@ | sed -n 's/.*soname: \[\(.*\)\]/\1/p')

$(STAMPS)/venv: tools/requirements-build.txt
	@tools/bootstrap.sh build
	@mkdir -p $(STAMPS)
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --requirement $<
	@touch $@

$(STAMPS)/test-tools: tools/requirements-test.txt $(STAMPS)/venv
	$(VENV)/python -m pip install --quiet --requirement $<
	@touch $@

$(STAMPS)/package: $(LIBRARY) $(STAMPS)/venv $(PACKAGE_FILES)
	$(VENV)/python -m pip install --quiet --no-build-isolation --no-deps --force-reinstall ./$(PACKAGE)
	@touch $@

.PHONY: FORCE
FORCE:

##
## The main job
##

.PHONY: demo
demo: ## load a real word list into a private server, verify it, compare with redis-py
	@tools/bootstrap.sh build demo
	@$(MAKE) --no-print-directory build
	$(VENV)/python tools/demo.py

##
## Tests
##

.PHONY: test
test: ## everything: Rust, C, Python on both back ends, the examples in the documentation
	@tools/bootstrap.sh build test
	@$(MAKE) --no-print-directory test-rust test-c test-python test-docs test-shuttle SHUTTLE_ROUNDS=200
	@echo "make test: everything passed"

.PHONY: test-rust
test-rust: $(LIBRARY) ## unit, protocol, live and fault tests of the core, and its documentation examples
	$(CARGO) test --locked --no-fail-fast

.PHONY: test-c
test-c: $(LIBRARY) ## the header alone in every C and C++ standard, the C examples, all of it under valgrind
	cmake -S . -B $(CMAKE_DIR) -DCMAKE_BUILD_TYPE=Release >/dev/null
	cmake --build $(CMAKE_DIR) --parallel 2
	ctest --test-dir $(CMAKE_DIR) --output-on-failure --parallel 2

.PHONY: test-python test-python-fast test-python-cffi
test-python: test-python-fast test-python-cffi ## the Python suite, once per back end
test-python-fast test-python-cffi: test-python-%: $(STAMPS)/package $(STAMPS)/test-tools
	OXIPIPE_BACKEND=$* $(VENV)/python -m pytest -q -p no:cacheprovider $(PACKAGE)/tests

.PHONY: test-docs
test-docs: $(STAMPS)/package $(STAMPS)/test-tools ## run every example of README.md and docs/, follow every link
	$(VENV)/python -m pytest -q tests/docs

# A build of its own, because the flag changes what every crate is compiled with.
SHUTTLE_ROUNDS ?= 20000
.PHONY: test-shuttle
test-shuttle: ## what threads share, under SHUTTLE_ROUNDS=20000 interleavings of each model
	SHUTTLE_ROUNDS=$(SHUTTLE_ROUNDS) RUSTFLAGS='--cfg shuttle' \
		$(CARGO) test --locked --target-dir target/shuttle --lib models

# The suites of one round run at the same time: each is in the others' way, too.
BUSY_ROUNDS ?= 3
.PHONY: test-busy
test-busy: ## `make test` BUSY_ROUNDS=3 times beside two busy loops per core: no test depends on the machine's speed
	@tools/busy.sh $(BUSY_ROUNDS) $(MAKE) --jobs=5 --output-sync=target --no-print-directory test

# std is built, too: without its own marks on the uncontended locks it would look like a race itself. Tests that fork are left
# out: the sanitizer has threads of its own.
TSAN_TESTS := live_lease live_pool live_async live_connect live_pipeline fault_pool fault_async fault_engine fault_wait fault_cut engine_random
.PHONY: tsan
tsan: ## the tests with threads under ThreadSanitizer; needs a nightly Rust with rust-src
	@test -d "$$(rustc +nightly --print sysroot)/lib/rustlib/src/rust" || \
		{ echo "rust-src is missing: rustup component add --toolchain nightly rust-src" >&2; exit 1; }
	TSAN_OPTIONS='halt_on_error=1 exitcode=66 die_after_fork=0' RUSTFLAGS='-Zsanitizer=thread' \
		$(CARGO) +nightly test --locked --no-fail-fast -Zbuild-std --target "$$(rustc -vV | sed -n 's/host: //p')" \
		--target-dir target/tsan $(TSAN_TESTS:%=--test %)

# Ten minutes on the machine it was written on.
WALK_STEPS ?= 24000000
WALK_SEED ?= random
.PHONY: walk
walk: $(LIBRARY) ## a random walk of WALK_STEPS=24000000 calls over all C functions, under sanitizers
	@tools/bootstrap.sh build test
	cmake -S . -B $(CMAKE_DIR) -DCMAKE_BUILD_TYPE=Release >/dev/null
	cmake --build $(CMAKE_DIR) --target walk
	tests/c/with_server.sh $(CMAKE_DIR)/tests/c/walk $(WALK_SEED) $(WALK_STEPS)

FUZZ_SECONDS ?= 300
.PHONY: fuzz
fuzz: ## long fuzzing, FUZZ_SECONDS=300 per target; needs a nightly Rust and cargo-fuzz
	@command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install --locked cargo-fuzz" >&2; exit 1; }
	for target in $$($(CARGO) +nightly fuzz list); do \
		mkdir -p build/fuzz/$$target; \
		$(CARGO) +nightly fuzz run $$target build/fuzz/$$target fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS); \
	done

LEAK_CALLS ?= 1000000
.PHONY: leaks leaks-fast leaks-cffi
leaks: leaks-fast leaks-cffi ## what LEAK_CALLS=1000000 calls of each Python API leave behind, on both back ends: nothing
leaks-fast leaks-cffi: leaks-%: $(STAMPS)/package $(STAMPS)/test-tools
	OXIPIPE_CALLS=$(LEAK_CALLS) OXIPIPE_BACKEND=$* $(VENV)/python -m pytest -q -p no:cacheprovider --durations=0 \
		$(PACKAGE)/tests/test_leaks.py

.PHONY: asan-python
asan-python: ## the Python suite with the accelerator under AddressSanitizer, in a debug build of CPython
	@tools/bootstrap.sh build test asan
	tools/asan_python.sh

##
## What is published
##

# The stamps lie beside the wheel, so that both are there or neither.
$(WHEELS)/.built: $(STAMPS)/package
	rm -rf $(WHEELS)
	$(VENV)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $(WHEELS) ./$(PACKAGE)
	@touch $@

$(STAMPS)/release-tools: tools/requirements-release.txt $(STAMPS)/venv
	$(VENV)/python -m pip install --quiet --requirement $<
	@touch $@

$(WHEELS)/.checked: $(WHEELS)/.built $(STAMPS)/release-tools tools/check_wheel.sh
	tools/check_wheel.sh $(VENV) $(WHEELS)
	@touch $@

.PHONY: wheel
wheel: $(WHEELS)/.checked ## the wheel and the source distribution in bindings/python/dist, checked and installed from
	rm -f $(WHEELS)/*.tar.gz
	$(VENV)/python -m build --sdist --no-isolation --outdir $(WHEELS) $(PACKAGE) >/dev/null
	tools/check_sdist.sh $(WHEELS)/*.tar.gz
	$(VENV)/twine check --strict $(WHEELS)/*.whl $(WHEELS)/*.tar.gz

# Names or paths; empty: all that the package is for.
PYTHONS ?=
.PHONY: test-pythons
test-pythons: $(WHEELS)/.built ## a part of the Python suite under each Python there is, or PYTHONS='python3.12 /path/pypy3'
	@tools/bootstrap.sh build test
	tools/test_pythons.sh $(WHEELS)/oxipipe-*.whl $(PYTHONS)

##
## Measuring
##

.PHONY: bench
bench: build $(WHEELS)/.built ## side by side with other clients; writes docs/benchmarks.md
	benches/run.sh

##
## Checks
##

.PHONY: lint
lint: lint-rust lint-python lint-generated ## formatting, warnings, types, stale generated files

.PHONY: lint-rust
lint-rust:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --no-default-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --quiet

.PHONY: lint-python
lint-python: $(STAMPS)/test-tools $(STAMPS)/package
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	cd $(PACKAGE) && ../../$(VENV)/mypy src tests && ../../$(VENV)/mypy ../../tests/docs
	cd $(PACKAGE) && ../../$(VENV)/basedpyright
	$(stubtest)

# What is there at run time against what is said of it: the stubs of both back ends, which mypy holds to interface.py, and all
# else. Which classes can be bases of one class (PEP 800) is nothing that a stub for Python 3.11 can say.
define stubtest
for backend in fast cffi; do \
	(cd $(PACKAGE) && OXIPIPE_BACKEND=$$backend MYPYPATH=src ../../$(VENV)/python -m mypy.stubtest oxipipe --concise \
		--mypy-config-file pyproject.toml --ignore-disjoint-bases --allowlist stubtest.allow) || exit; \
done
endef

.PHONY: lint-generated
lint-generated: $(STAMPS)/test-tools
	tools/gen_header.py --check
	$(VENV)/python tools/gen_commands.py --check
	$(VENV)/python tools/gen_cffi.py --check

.PHONY: abi-diff
abi-diff: ## what changed in the C ABI since BASE=commit, by default since main; fails if it has to have another name
	@tools/bootstrap.sh build abi
	@tools/abi_diff.py $(BASE)

.PHONY: deny
deny: ## licences and advisories of the dependencies; needs cargo-deny and fetches the advisory database
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing: cargo install --locked cargo-deny" >&2; exit 1; }
	$(CARGO) deny --locked check

.PHONY: docs
docs: ## rustdoc and the C reference, in docs/generated
	@tools/bootstrap.sh docs
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps
	mkdir -p docs/generated
	doxygen docs/Doxyfile

##
## Housekeeping
##

.PHONY: clean
clean: ## remove everything that was built
	rm -rf build .venv target docs/generated $(WHEELS)
