# make setup | run | test | lab | notebooks | exercises | bench | fuzz | colab | jax | lint | lock. On Windows, or without make: README.md.
PYTHON ?=
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
COLAB_BIN := .venv-colab/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
STAMP := .venv/set-up-finished
NBVAL := --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 300
# Two files at a time, for a browser and a kernel mostly wait; ARGS="-n 0" gives one after the other.
PARALLEL := -n 2 --dist loadfile
# What must hold on every Keras backend.
BACKEND_TESTS := $(wildcard $(patsubst %,tests/test_%.py,backbones convolutionalize upsampling models folding losses stages training weights))
NOTEBOOKS := $(wildcard notebooks/[0-9][0-9]_*.ipynb notebooks/exercises/[0-9][0-9]_*.ipynb)
ARGS ?=

.PHONY: setup run test lab notebooks exercises bench fuzz colab jax lint lock

setup: $(STAMP)

$(STAMP): requirements.txt pyproject.toml tools/set_up.py
	@python=$$(sh tools/find_python.sh $(PYTHON)) && "$$python" tools/set_up.py

run: setup
	@$(BIN)/fcn-tutorial run $(ARGS)

test: setup
	$(BIN)/python -m pytest $(PARALLEL) $(NBVAL) tests $(NOTEBOOKS) $(ARGS)

lab: setup
	@$(BIN)/fcn-tutorial lab $(ARGS)

notebooks: setup
	@$(BIN)/fcn-tutorial notebooks $(ARGS)

# The exercises executed, and from them the learners' edition and the quizzes.
exercises: setup
	@$(BIN)/fcn-tutorial exercises $(ARGS)

# Every claim of benchmarks/ measured; ARGS=--all adds the long ones, ARGS="loss folding" runs these alone.
bench: setup
	$(BIN)/python benchmarks/run.py $(ARGS)

# Damaged files of every kind that is read, for an hour; ARGS="photos --minutes 5". What was too much lands in build/fuzz.
fuzz: setup
	$(BIN)/python tests/fuzz/campaign.py $(ARGS)

jax: setup
	KERAS_BACKEND=jax $(BIN)/python -m pytest $(PARALLEL) $(BACKEND_TESTS) $(ARGS)

# The notebooks with the versions that Colab has, in an environment of their own without JupyterLab.
colab: .venv-colab/set-up-finished
	$(if $(NOTEBOOKS),$(COLAB_BIN)/python -m pytest $(NBVAL) $(NOTEBOOKS) $(ARGS),@echo The course has no notebooks yet.)

.venv-colab/set-up-finished: tests/colab.txt pyproject.toml tools/find_python.sh
	python=$$(sh tools/find_python.sh $(PYTHON)) && "$$python" -m venv --clear .venv-colab
	$(COLAB_BIN)/python -m pip install --quiet --disable-pip-version-check -c tests/colab.txt -e . ipykernel ipython nbval pytest
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Needs uv; everything else needs pip only.
lock:
	uv pip compile --quiet --upgrade --universal --generate-hashes --fork-strategy fewest --python-version 3.11 --all-extras \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file requirements.txt pyproject.toml
