# Everything a checkout needs: `make help` lists it. Set-up is kept in stamp files that depend on the locks,
# so a second run does no work.

# The newest Python of ours that works; `make PYTHON=…` overrules.
PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v "$$name" && break; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime-lock
DEV := $(VENV)/.dev-lock

TOOLS := .tools/bin
PROMETHEUS := .tools/.prometheus
PROMETHEUS_VERSION := 3.15.0
TOOLKIT := $(TOOLS)/toolkit-reference
AMTOOL := $(TOOLS)/amtool
HELM_TOOLS := $(TOOLS)/helm4 $(TOOLS)/helm3 $(TOOLS)/helm-unittest $(TOOLS)/helm-docs
CRDS := .tools/crds/.complete
ACTIONLINT := $(TOOLS)/actionlint
COMPOSE_CONFIG := $(TOOLS)/compose-config
BASE_NAME := $(shell sed -n 's/^ARG BASE_NAME=//p' Dockerfile)
IMAGE_BASE := .tools/imagebase/$(subst :,-,$(notdir $(BASE_NAME)))/index.json
GRAFANA_TYPES := .tools/grafana/node_modules/.package-lock.json

DEMO_ADDRESS ?= 127.0.0.1:10458
# More for pytest: make test PYTEST_FLAGS="-x"
PYTEST_FLAGS ?=
# How many tests run at once; 0 runs them one after the other in one process, as a debugger wants it.
JOBS ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(RUNTIME) ## Serve the embedded simulated world on http://127.0.0.1:10458
	$(BIN)/python -m exporter --demo --web.listen-address $(DEMO_ADDRESS)

.PHONY: test
test: $(DEV) tools-if-possible ## Run every check: style, types, layers, tests with branch coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(PYTEST_FLAGS)

.PHONY: soak
soak: $(DEV) tools-if-possible ## Run the long campaigns in full
	PRESENCE_SOAK=1 $(BIN)/python -m pytest -m soak $(PYTEST_FLAGS)

.PHONY: bench
bench: $(DEV) tools-if-possible ## Measure speed and memory against the floor
	$(BIN)/python tools/bench/run.py

.PHONY: reference
reference: $(DEV) ## Write docs/metrics.md from the code and tools/reference/metrics.yml
	$(BIN)/python tools/reference/run.py

.PHONY: site
site: $(DEV) ## Build the documentation as a site into build/site; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

.PHONY: screenshots
screenshots: $(DEV) ## Take the pictures in docs/images (needs Debian's chromium)
	$(BIN)/python tools/screenshots/run.py

.PHONY: dashboards
dashboards: $(DEV) ## Write grafana/dashboards anew from the code beside it
	$(BIN)/python grafana/build.py

CHART := helm/presence-exporter

.PHONY: chart
chart: $(TOOLS)/helm-docs ## Copy rules and dashboards into the chart, and write its README anew from its values
	rm -f $(CHART)/files/rules/* $(CHART)/files/dashboards/*
	cp rules/*.yml $(CHART)/files/rules/
	cp grafana/dashboards/*.json $(CHART)/files/dashboards/
	$(TOOLS)/helm-docs --chart-search-root helm --sort-values-order file --log-level warning

.PHONY: man
man: $(DEV) ## Write the manual page and the shells' completions anew from the command line
	$(BIN)/python tools/manual/run.py

.PHONY: tools
tools: $(PROMETHEUS) $(TOOLKIT) $(AMTOOL) $(HELM_TOOLS) $(CRDS) $(ACTIONLINT) $(COMPOSE_CONFIG) $(GRAFANA_TYPES) ## Build the programs that the system tests run (needs go and npm; minutes, once)

# What the dev lock shares with the runtime lock has the same version there.
COMPILE = ../$(BIN)/uv pip compile --quiet --no-config --universal --generate-hashes --python-version 3.11 \
	$(if $(UPGRADE),--upgrade) --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: lock
lock: $(DEV) ## Renew requirements/*.txt from *.in; UPGRADE=1 takes the newest versions
	cd requirements && $(COMPILE) --output-file runtime.txt runtime.in
	cd requirements && $(COMPILE) --constraint runtime.txt --output-file dev.txt dev.in
	cd requirements && $(COMPILE) --constraint dev.txt --output-file build.txt build.in
	cd requirements && $(COMPILE) --constraint dev.txt --output-file release.txt release.in

.PHONY: dist
dist: $(DEV) ## Build the wheel and the source archive into dist
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .

# What asks for known holes and writes the list of parts, in an environment of its own.
RELEASE := .tools/release/.lock

.PHONY: audit
audit: $(RELEASE) ## Ask whether a library of the locks has a known hole (needs a network)
	.tools/release/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/runtime.txt
	.tools/release/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/build.txt

.PHONY: sbom
sbom: $(RELEASE) ## Write the list of the parts of the lock, as CycloneDX, into dist
	@mkdir -p dist
	.tools/release/bin/cyclonedx-py requirements requirements/runtime.txt --output-reproducible \
		--spec-version 1.6 --output-file dist/presence-exporter.cdx.json

.PHONY: release-check
release-check: $(RUNTIME) ## Say whether TAG can be released from this checkout: make release-check TAG=v1.2.3
	@$(BIN)/python tools/release/run.py check "$(TAG)"

.PHONY: release-notes
release-notes: $(RUNTIME) ## Print what the changelog says of TAG
	@$(BIN)/python tools/release/run.py notes "$(TAG)"

$(RELEASE): requirements/release.txt
	"$(PYTHON)" -m venv --clear $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

.PHONY: clean
clean: ## Remove the environment, caches and builds; the built programs in .tools stay
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache *.egg-info
	find exporter grafana tests tools -type d -name __pycache__ -prune -exec rm -rf {} +

$(RUNTIME): requirements/runtime.txt
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11 or newer with its venv module is needed, and none was found on the PATH." >&2; \
		echo "Install it (Debian: apt-get install python3-venv) or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@$(BIN)/python -c "import pip" 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	$(PIP) install --require-hashes -r requirements/runtime.txt
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.txt setup.cfg pyproject.toml
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(PROMETHEUS): tools/prometheus/go.mod tools/prometheus/go.sum
	@command -v go >/dev/null || { \
		echo "make tools: go 1.21 or newer is needed to build Prometheus and promtool (https://go.dev/dl)." >&2; \
		exit 1; }
	@echo "Building prometheus and promtool $(PROMETHEUS_VERSION) into $(TOOLS): some minutes the first time"
	@mkdir -p $(TOOLS)
	cd tools/prometheus && GOBIN="$(CURDIR)/$(TOOLS)" CGO_ENABLED=0 go install -trimpath \
		-ldflags "-s -w -X github.com/prometheus/common/version.Version=$(PROMETHEUS_VERSION)" tool
	@touch $@

# What serves as Prometheus's exporters do, with a web configuration file: ours is compared with it.
$(TOOLKIT): tools/toolkit/main.go tools/toolkit/go.mod tools/toolkit/go.sum
	@mkdir -p $(TOOLS)
	cd tools/toolkit && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$(CURDIR)/$@" .

# What judges Alertmanager's configuration.
$(AMTOOL): tools/alertmanager/go.mod tools/alertmanager/go.sum
	@mkdir -p $(TOOLS)
	cd tools/alertmanager && GOBIN="$(CURDIR)/$(TOOLS)" CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" tool

# What renders, tests and documents the chart, each under the name of its folder in tools/, since both
# Helms are called helm.
HELM_VERSION = $(shell awk '$$1 ~ /^helm.sh\/helm\/v[34]$$/ { print $$2 }' $(1))
$(HELM_TOOLS) $(ACTIONLINT) $(COMPOSE_CONFIG): $(TOOLS)/%: tools/%/go.mod tools/%/go.sum
	@mkdir -p $(TOOLS)
	cd tools/$* && CGO_ENABLED=0 go build -trimpath -o "$(CURDIR)/$@" \
		-ldflags "-s -w $(foreach v,3 4,-X helm.sh/helm/v$(v)/internal/version.version=$(call HELM_VERSION,$<))" \
		$$(awk '$$1 == "tool" { print $$2 }' go.mod)

# What Prometheus's operator takes, as it defines it itself.
OPERATOR := github.com/prometheus-operator/prometheus-operator
$(CRDS): tools/crds/go.mod tools/crds/go.sum
	@mkdir -p $(@D)
	cd tools/crds && go mod download $(OPERATOR) && cd "$$(go list -m -f '{{.Dir}}' $(OPERATOR))" && \
		cp -f $(foreach k,podmonitors prometheusrules scrapeconfigs servicemonitors,\
		example/prometheus-operator-crd/monitoring.coreos.com_$(k).yaml) "$(CURDIR)/$(@D)"
	@touch $@

# What the tests of the image build on where no registry is. It needs Debian's debootstrap and buildah, as root.
$(IMAGE_BASE): tools/imagebase/make.sh
	@echo "Making a base for the image of Debian's packages: a minute or two, once"
	tools/imagebase/make.sh $(BASE_NAME) $(@D)
	@touch $@

# Grafana's published types and the compiler that holds the dashboards to them; nothing of it is run.
$(GRAFANA_TYPES): tools/grafana/package.json tools/grafana/package-lock.json
	@command -v npm >/dev/null || { \
		echo "make tools: npm is needed to fetch Grafana's types (https://nodejs.org, Debian: npm)." >&2; \
		exit 1; }
	@mkdir -p .tools/grafana
	cp tools/grafana/package.json tools/grafana/package-lock.json .tools/grafana/
	cd .tools/grafana && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# Only where it can be: elsewhere the tests of the image skip with their reason.
ifneq ($(and $(filter 0,$(shell id -u)),$(shell command -v debootstrap 2>/dev/null),$(shell command -v buildah 2>/dev/null)),)
tools: $(IMAGE_BASE)
endif

# Without go the system tests skip with their reason; with CI=true a missing program fails them instead.
.PHONY: tools-if-possible
ifneq ($(shell command -v go >/dev/null 2>&1 && command -v npm 2>/dev/null),)
tools-if-possible: tools
else
tools-if-possible:
	@test -e $(PROMETHEUS) || echo "go or npm is not installed: tests that need a real Prometheus 3 will be skipped"
endif
