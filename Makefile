# The words of this project: setup up test check lint bench docs web. Each sets up what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
STORE ?= sqlite
BIN := .venv/bin
LAB := models train logistics labs openvino cluster
EXTRAS := logistics labs models? openvino?
export PYTHONWARNINGS ?=

ifeq ($(STORE),oceanbase)
EXTRAS += oceanbase
export YUNQI_DATABASE_URL ?= oceanbase://$(abspath $(or $(YUNQI_DATA_DIR),var))/oceanbase
endif

.PHONY: help setup up test check lint bench docs web clean-demo train-demo

help: ## Show the words
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## Make .venv from the lock files (STORE=oceanbase adds the OceanBase engine; EXTRAS= leaves out logistics, labs and models)
	@scripts/setup $(EXTRAS)

up: setup ## Load the demo shop if the data folder is empty, build what must be built, serve, print addresses and a first key
	@$(BIN)/yunqi up

test: ## Set up and run every test
	@scripts/test

check: ## The fast lane: format, lint, types, contracts, fast tests
	@scripts/setup dev $(LAB)
	@scripts/check

lint: ## Format and fix what can be fixed
	@scripts/setup dev $(LAB)
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: ## Measure Yunqi beside its peers
	@scripts/setup dev $(LAB)
	@for name in $$($(BIN)/yunqi bench --list --json | $(BIN)/python -c 'import json,sys; print(*[b["name"] for b in json.load(sys.stdin)["benches"]])'); do $(BIN)/yunqi bench $$name; done

docs: ## Check that the docs name every command, route, setting and event, and run their examples
	@scripts/setup dev $(LAB)
	@$(BIN)/python -m pytest tests/docs

web: ## Rebuild the pages' bundle (needs Node 20 or newer)
	@cd web && npm ci --no-audit --no-fund && npm run build

train-demo: ## From real text to a served and billed model (about an hour on two cores; SHORT=1 takes two minutes)
	@scripts/setup train dev
	@$(BIN)/yunqi demo train $(if $(SHORT),--short)
