# Everything happens in a private environment under .venv; only Python, make and git are needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Modules are compiled when they are first imported: most never are, and compiling all takes half a minute.
# The constraints hold for the build of the package itself too (older and newer pips read one of the two names).
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	$(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check

# Tests start Python some hundred times: compiled modules are kept, whatever the caller prefers.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: report test lint types benchmark clean

report: $(VENV)/.installed  ## fit a bundled data set, print the summary, write an HTML report under reports/
	$(BIN)/python reports/birthwt.py

test: $(VENV)/.tested  ## style, types and every test
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy -n auto
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.tested
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

types: $(VENV)/.tested
	$(BIN)/python -m mypy -n auto

benchmark: $(VENV)/.benchmarked  ## side by side with other packages: reports/benchmarks.md, benchmarks-inference.md, benchmarks-reports.md
	$(BIN)/python tests/benchmarks/run.py
	$(BIN)/python tests/benchmarks/inference.py --marginaleffects $(VENV)/marginaleffects/bin/python
	$(BIN)/python tests/benchmarks/reports.py

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	touch $@

# The compiled kernel is built when the package is installed.
SOURCES := pyproject.toml constraints.txt hatch_build.py logreg/engine/rows.c

$(VENV)/.installed: $(VENV)/.created $(SOURCES)
	$(PIP) --editable ".[report]"
	touch $@

$(VENV)/.tested: $(VENV)/.created $(SOURCES)
	$(PIP) --editable ".[test]"
	touch $@ $(VENV)/.installed

$(VENV)/.benchmarked: $(VENV)/.tested
	$(PIP) --editable ".[test,benchmark]"
	$(PYTHON) -m venv $(VENV)/marginaleffects  # marginaleffects needs an older polars than the tests
	$(VENV)/marginaleffects/bin/python -m pip install --quiet --disable-pip-version-check \
		marginaleffects==0.6.0 "polars<2" statsmodels==0.15.0 pandas pyarrow
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
