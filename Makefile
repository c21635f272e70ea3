# make setup | run | test | lab | notebooks | exercises | bench | fuzz | colab | jax | lint | lock. On Windows, or without make: README.md.
PYTHON ?=
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
COLAB_BIN := .venv-colab/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# The course's own command, by way of Python: a script's first line names its Python by the path that it once had.
# -P: no file of the current folder in the way of Python's own.
COURSE := $(BIN)/python -P -m fcn_tutorial
FIND_PYTHON := sh tools/find_python.sh "$(PYTHON)"
NBVAL := --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 300
# Two files at a time, for a browser and a kernel mostly wait; ARGS="-n 0" gives one after the other.
PARALLEL := -n 2 --dist loadfile
# What must hold on every Keras backend.
BACKEND_TESTS := $(wildcard $(patsubst %,tests/test_%.py,backbones convolutionalize upsampling models folding losses stages training weights plain_keras))
NOTEBOOKS := $(foreach room,notebooks notebooks/further notebooks/exercises,$(wildcard $(room)/[0-9][0-9]_*.ipynb))
ARGS ?=

.PHONY: setup run test lab notebooks exercises bench fuzz colab jax lint lock
unexport PYTHONHOME

# Looks each time whether .venv is whole and was made here, which takes a tenth of a second; ARGS=--anew makes it anew.
setup:
	@python=$$($(FIND_PYTHON)) && "$$python" -I tools/set_up.py $(if $(PYTHON),--this-python) $(if $(filter setup,$(MAKECMDGOALS)),$(ARGS))

run: setup
	@$(COURSE) run $(ARGS)

test: setup
	$(BIN)/python -m pytest $(PARALLEL) $(NBVAL) tests $(NOTEBOOKS) $(ARGS)

lab: setup
	@$(COURSE) lab $(ARGS)

notebooks: setup
	@$(COURSE) notebooks $(ARGS)

# The exercises executed, and from them the learners' edition and the quizzes.
exercises: setup
	@$(COURSE) exercises $(ARGS)

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
	python=$$($(FIND_PYTHON)) && "$$python" -m venv --clear .venv-colab
	$(COLAB_BIN)/python -m pip install --quiet --disable-pip-version-check -c tests/colab.txt -e . ipykernel ipython nbval pytest
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Needs uv; everything else needs pip only.
lock:
	uv pip compile --quiet --upgrade --universal --generate-hashes --fork-strategy fewest --python-version 3.11 --all-extras \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file requirements.txt pyproject.toml
