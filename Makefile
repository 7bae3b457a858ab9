# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
# The build of PyTorch that the training half is tested with; override for another one (for example a CUDA build).
TORCH  ?= torch==2.13.0
BIN    := $(VENV)/bin
# One thread for the matrix libraries: tests run side by side.
PYTEST := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.PHONY: demo test test-slow test-web page check format clean

$(VENV)/runtime.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[train,dev,raw,server]"
	touch $@

demo: $(VENV)/runtime.stamp
	$(BIN)/python examples/demo.py

test: $(VENV)/dev.stamp
	$(PYTEST) -m "not slow" -n 2

test-slow: $(VENV)/dev.stamp
	$(PYTEST) -m slow

# The web page, into the package; needs Node.
page: web/node_modules/.package-lock.json
	cd web && npm run build

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund

# The page in a real browser (Debian's chromium, or CHROMIUM=path) against a real server.
test-web: page $(VENV)/dev.stamp
	cd web && npm test && CLEANPLATE=$(CURDIR)/$(BIN)/cleanplate npm run test:browser

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -q tests/test_import_rule.py

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) demo-out
