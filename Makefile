# make app     the page on the shipped models      make test   lint, types and the whole suite
# make quick   the suite without slow tests        make lint   ruff and pyright
# make tiny    encoders and models from nothing    make bench  how fast
# make results       every table and figure at the tiny scale, and RESULTS.md
# make requirements  requirements.txt, after a change of dependencies in pyproject.toml
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: app test quick lint tiny results bench requirements

app: .venv/app
	$(BIN)/python -m sspl.explorer

test: .venv/test lint
	$(PYTEST)

quick: .venv/test
	$(PYTEST) -m "not slow and not browser"

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# Everything in assets/models from nothing; under an hour on two CPU cores. Runs are resumed.
tiny: .venv/app
	$(BIN)/python -m sspl.training.pretrain --out assets/models/tiny-encoders
	for preset in tiny tiny-no-pcm tiny-paper tiny-paper-no-pcm; do \
	    $(BIN)/python -m sspl.train --preset $$preset --out runs/$$preset --resume || exit 1; \
	done
	$(BIN)/python -m sspl.train --preset tiny-predictive --out runs/tiny-predictive
	mkdir -p assets/models/tiny-pcm assets/models/tiny-no-pcm assets/models/tiny-predictive
	cp runs/tiny-predictive/best/* assets/models/tiny-predictive/
	cp runs/tiny/best/* assets/models/tiny-pcm/
	cp runs/tiny-no-pcm/best/* assets/models/tiny-no-pcm/
	for name in tiny-pcm tiny-no-pcm tiny-predictive; do \
	    $(BIN)/python -m sspl.evaluate --checkpoint assets/models/$$name --kind silent --num 500 \
	        --seed 31337 --json assets/models/$$name/evaluation.json || exit 1; \
	done

# About two hours on two CPU cores; what was done is not done again.
results: .venv/app
	$(BIN)/python -m sspl.experiments all --out assets/results --report RESULTS.md
	$(BIN)/python -m sspl.experiments.write_zoo --out assets/models/tiny-variants

bench: .venv/app
	$(BIN)/python -m benchmarks.speed

requirements:
	$(PYTHON) tests/write_requirements.py

.venv/app: requirements.txt
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	touch $@

.venv/test: .venv/app pyproject.toml setup.py
	$(PIP) -e '.[dev]'
	touch $@
