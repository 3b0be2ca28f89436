# Two commands do everything: `make demo` and `make test` set up what they need by themselves, in .venv/.
# Needed before: Python 3.11 or newer with venv, and make. Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
BIN = .venv/bin

help:     ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

demo:     ## a small mesh of desktops and boards on this machine, to watch
	@$(PYTHON) tools/setup.py demo
	@$(BIN)/mesh demo

test: check tests     ## everything CI runs: check, then all tests

tests: setup     ## all tests, on both interpreters (make tests ARGS="-k feed -x")
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: layout lint imports types rules     ## what reads the code without running it

bench:     ## how fast it is, beside others, on this machine
	@$(PYTHON) tools/setup.py bench
	$(BIN)/python tests/bench/run.py $(ARGS)

week: setup     ## a full board lives a week of pretend time in a Pico W's heap, twice; about 20 minutes (make week ARGS=24)
	$(BIN)/python tests/device/week.py $(ARGS)

fuzz:     ## each parser with 10 million inputs, hours (make fuzz ARGS="--runs 1000000 cbor dns")
	@$(PYTHON) tools/setup.py fuzz
	$(BIN)/python tests/fuzz/by_coverage.py $(ARGS)

random: setup     ## the random tests, for long (make random ARGS="-k cbor")
	HYPOTHESIS_PROFILE=long $(BIN)/pytest --timeout 3600 tests/fuzz $(ARGS)

simulate: setup     ## 200 whole meshes in pretend time (make simulate ARGS="--seeds 10000 --jobs 8")
	$(BIN)/mesh simulate $(or $(ARGS),--seeds 200 --jobs 2)

relations: setup     ## the rules of agreements and keys on 28,000 random histories, about 8 minutes (make relations ARGS=700)
	RELATIONS=$(or $(ARGS),7000) $(BIN)/pytest --timeout 3600 -k "not wasm and not micropython" tests/core/relations/test_histories.py tests/core/relations/test_key_histories.py

floods: setup     ## what a member that floods agreements costs others, counted (make floods ARGS="250 4000")
	$(BIN)/python tests/hub/flood_costs.py $(or $(ARGS),1000)

faults: setup     ## peers on hosts of their own, as root, and all that can go wrong (make faults ARGS="-k full")
	$(BIN)/pytest --durations 10 tests/faults $(ARGS)

fleet: setup     ## 100 boards for an hour, as root, with figures (make fleet ARGS="--boards 25 --minutes 10")
	$(BIN)/python tests/fleet/fleet.py $(ARGS)

silicon:     ## an emulated Pico W, from MicroPython's image for it, as root (make silicon FIRMWARE=rp2.uf2 ARGS="--only boot,flash")
	@$(PYTHON) tools/setup.py silicon
	$(BIN)/python tests/silicon/silicon.py --firmware "$(FIRMWARE)" $(ARGS)

attacks: setup     ## what strangers try, in full, against real processes, with figures (make attacks ARGS="-k observe")
	ATTACKS=full $(BIN)/pytest --timeout 1800 tests/attacks $(ARGS)

installed: setup     ## every command from an installed wheel, by this Python and the newest here (make installed PYTHONS=python3.12)
	$(BIN)/pytest --timeout 600 tests/installed $(ARGS)

firmware: setup     ## what goes on boards, into dist/ (make firmware ARGS="--board pico_w")
	$(BIN)/mesh firmware build $(or $(ARGS),--board all)

sizes: setup     ## how much of a board's flash each file takes
	$(BIN)/python tools/sizes.py

format: setup     ## lay the code out, and fix what ruff can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:     ## forget what make has made
	rm -rf .venv typings build dist *.egg-info .*_cache .hypothesis

# the parts of check

setup:
	@$(PYTHON) tools/setup.py test

layout: setup
	$(BIN)/ruff format --check --quiet

lint: setup
	$(BIN)/ruff check --quiet

imports: setup
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy
	$(BIN)/python tools/pyright.py

rules: setup
	$(BIN)/pytest --quiet tests/rules

.PHONY: help demo test tests check bench week fuzz random simulate relations floods attacks faults fleet silicon installed firmware format clean sizes setup layout lint imports types rules
