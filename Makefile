# Everything happens in bootstrap.py; options go into ARGS: make test ARGS="-k maildir"
PYTHON = $$(command -v python3 || command -v python || echo python3)

run:     ; @$(PYTHON) bootstrap.py run $(ARGS)
inbox:   ; @$(PYTHON) bootstrap.py inbox $(ARGS)
test:    ; @$(PYTHON) bootstrap.py test $(ARGS)
check:   ; @$(PYTHON) bootstrap.py check
docs:    ; @$(PYTHON) bootstrap.py docs $(ARGS)
bench:   ; @$(PYTHON) bootstrap.py bench $(ARGS)
fuzz:    ; @$(PYTHON) bootstrap.py fuzz $(ARGS)
faults:  ; @$(PYTHON) bootstrap.py faults $(ARGS)
mutants: ; @$(PYTHON) bootstrap.py mutants $(ARGS)
clean:   ; rm -rf .venv .venv.* .coverage* .hypothesis .import_linter_cache .*_cache build dist htmlcov .fuzz .mutants site

.PHONY: run inbox test check docs bench fuzz faults mutants clean
