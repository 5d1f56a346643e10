# Everything happens in bootstrap.py; these are its names.
PYTHON = $$(command -v python3 || command -v python || echo python3)

run:   ; @$(PYTHON) bootstrap.py run
test:  ; @$(PYTHON) bootstrap.py test
check: ; @$(PYTHON) bootstrap.py check
clean: ; rm -rf .venv .venv.* .coverage* .hypothesis .import_linter_cache .*_cache build dist htmlcov

.PHONY: run test check clean
