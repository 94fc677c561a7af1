# make app    the app on the embedded model      make test   the whole suite
# make tiny   rebuild encoders and models        make lint   ruff and pyright
# make results   every table and figure at the tiny scale, and RESULTS.md
PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test tiny results lint bench

app: .venv/app
	$(BIN)/python app.py

test: .venv/test lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

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
	mkdir -p assets/models/tiny-pcm assets/models/tiny-no-pcm
	cp runs/tiny/best/* assets/models/tiny-pcm/
	cp runs/tiny-no-pcm/best/* assets/models/tiny-no-pcm/
	for name in tiny-pcm tiny-no-pcm; do \
	    $(BIN)/python -m sspl.evaluate --checkpoint assets/models/$$name --kind silent --num 500 \
	        --seed 31337 --json assets/models/$$name/evaluation.json || exit 1; \
	done

# About two hours on two CPU cores; what was done is not done again.
results: .venv/app
	$(BIN)/python -m sspl.experiments all --out assets/results --report RESULTS.md
	$(BIN)/python -m sspl.experiments.write_zoo --out assets/models/tiny-variants

bench: .venv/app
	$(BIN)/python -m benchmarks.speed

.venv/app: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/test: .venv/app pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@
