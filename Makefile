SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help page exchange demo test check fix docs docs-site wheel sbom bench bench-check measures kills lock clean screenshots

BIN := .venv/bin
# Tests that share nothing and wait for no clock: two at a time. Then the others, which mostly wait for a real
# exchange, two files at a time. Browsers, deadlines and whatever measures come last, alone.
SIDE_BY_SIDE := tests/unit tests/scenarios tests/receiver tests/api tests/docs tests/migration
UV = $$(command -v uv || echo .venv-uv/bin/uv)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 20

.venv/.ready: pyproject.toml requirements/lock.txt scripts/venv.sh
	@scripts/venv.sh && touch $@

page: .venv/.ready ## build the web page into the package, when something of it changed
	@$(BIN)/python scripts/page.py

screenshots: page ## take the pictures in docs/page anew: a real exchange, real calls, both languages
	@$(BIN)/belplan pbx install --with-phones
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m tests.browser.screenshots

demo: page ## exchange, sample company, CRM and real calls on this machine (ONCE=1: end after the calls)
	@$(BIN)/belplan demo $(if $(ONCE),--once)

test: .venv/.ready ## every check and test, real calls through Asterisk included
	@$(MAKE) -s -j 3 check page exchange
	@$(if $(ARGS),$(BIN)/pytest $(ARGS),$(BIN)/pytest -n 2 -m "not alone" $(SIDE_BY_SIDE) \
	  && $(BIN)/pytest -n 2 -m "not alone" --dist loadfile $(SIDE_BY_SIDE:%=--ignore=%) \
	  && $(BIN)/pytest -m alone)

exchange: .venv/.ready .venv-crm/.ready # Asterisk, SIP phones, a browser and a CRM for the tests
	@$(BIN)/belplan pbx install --with-phones
	@$(BIN)/python -m tests.browser.chromium

check: .venv/.ready ## format, lint, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-cache

fix: .venv/.ready ## mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/.ready ## write the pages anew that are written from the code
	@$(BIN)/python -m belplan.reference > docs/apps.md
	@$(BIN)/python scripts/pages.py

docs-site: .venv-docs/.ready ## build the documentation site into site/
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build -q && echo "site/index.html"

.venv-docs/.ready: .venv/.ready requirements/docs.txt
	@$(UV) venv -q --allow-existing --python $(BIN)/python .venv-docs
	@UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 $(UV) pip sync -q --python .venv-docs/bin/python --require-hashes requirements/docs.txt && touch $@

.venv-crm/.ready: .venv/.ready examples/tryton/requirements.txt
	@$(UV) venv -q --allow-existing --python $(BIN)/python .venv-crm
	@UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 $(UV) pip sync -q --python .venv-crm/bin/python examples/tryton/requirements.txt && touch $@

wheel: page ## build the package twice into dist/, and compare: the same source gives the same bytes
	@scripts/wheel.sh

sbom: .venv/.ready ## list what the package takes along: dist/sbom.cdx.json and dist/licences.md
	@$(BIN)/python scripts/sbom.py

bench: .venv/.ready ## Belplan beside CURL(), FastAGI and a bare ARI client, into docs/performance.md, alone on the machine
	@$(BIN)/belplan pbx install --with-phones
	@$(BIN)/python -m benchmarks.report

bench-check: .venv/.ready ## fail where the engine costs over 15 % more than in the last `make bench`, beside a bare ARI client
	@$(BIN)/python -m benchmarks.report --only engine --check

measures: .venv/.ready ## measure, alone on the machine: real calls, webhooks, hostile servers (some ten minutes)
	@$(BIN)/belplan pbx install --with-phones
	@for measure in first_call webhook.throughput webhook.deadlines webhook.bombs webhook.neighbours; do \
	  echo "== $$measure"; $(BIN)/python -m benchmarks.$$measure || exit 1; done

kills: .venv/.ready ## kill the engine, then Asterisk, under 500 callers each who leave voicemail (some ten minutes)
	@$(BIN)/belplan pbx install --with-phones
	@$(BIN)/python -m benchmarks.voicemail_kills

chaos: .venv/.ready ## kill the engine again and again under 1,000 real calls (CALLS=n: other than 1,000; some seven minutes)
	@$(BIN)/belplan pbx install --with-phones
	@$(BIN)/python -m tests.asterisk.chaos $(or $(CALLS),1000)

lock: .venv/.ready ## take newer versions of the packages into requirements/lock.txt
	@$$(command -v uv || echo .venv-uv/bin/uv) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" --upgrade pyproject.toml requirements/build.in --group dev -o requirements/lock.txt
	@$$(command -v uv || echo .venv-uv/bin/uv) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" --upgrade --group docs -o requirements/docs.txt

clean: ## remove the environment and what the tests left
	@rm -rf .venv .venv-uv .venv-docs .venv-crm site .pytest_cache .ruff_cache .import_linter_cache build dist web/node_modules src/belplan/web
