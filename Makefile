# Every target does all of its own set-up, so that a fresh machine needs `make run` and `make test` and nothing else.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Where `make install` puts things; DESTDIR is the root of a package that is being built.
DESTDIR ?=
PREFIX ?= /usr
# The platform of `make publish`, and the configuration of `make test` (Debug asserts the rule of threads, Release is what is shipped).
RID ?= linux-x64
CONFIGURATION ?= Debug
# How long `make chaos` goes on, and which run it is.
CHAOS_SECONDS ?= 120
CHAOS_SEED ?= $(shell date +%s)
# Which benchmarks `make bench` runs.
FILTER ?= *
# How long each of them is measured: dry, short, medium, long or default.
JOB ?= short

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

# What the published binary is made from: it is made again when one of these is newer.
SOURCES := $(shell find src -name bin -prune -o -name obj -prune -o -type f -print) Directory.Build.props Directory.Packages.props global.json
SCRIPTS := .ci/precompile .ci/run .ci/setup .ci/smoke .ci/test packaging/install samples/hello/run samples/ha-pair/lb-state tests/LoadBalancer.Tests/Repository/sandbox $(wildcard bench/Peers/run)

.PHONY: help build run test chaos bench bench-overload bench-peers lint fmt docs publish install clean

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Analyzers take longer than the compiler; `make test` and `make lint` have them.
build: ## Build bin/lb, which runs on this machine's .NET
	@.ci/setup dotnet
	dotnet publish src/LoadBalancer -c Release --self-contained false -o bin -p:RunAnalyzers=false \
	  -p:PublishDocumentationFile=false -p:PublishReferencesDocumentationFiles=false

run: build ## Run lb.yaml in front of two small demo endpoints, until Ctrl-C
	@.ci/setup dotnet curl
	dotnet build samples/hello -c Release -p:RunAnalyzers=false
	@samples/hello/run

test: ## Run all tests; the last line says how many passed
	@.ci/setup dotnet promtool curl h2load nghttp openssl testssl nginx haproxy ip keepalived systemd-analyze postgres psql redis-server node npm
	@CONFIGURATION=$(CONFIGURATION) .ci/test

# The same run is a part of `make test`, for two minutes and of a seed that stays: what was red is red again when it is looked at. Here each run is another one.
chaos: ## Run everything that can go wrong at once (CHAOS_SECONDS=120, CHAOS_SEED=7)
	@.ci/setup dotnet
	dotnet build tests/LoadBalancer.Tests -c Release
	CHAOS_SECONDS=$(CHAOS_SECONDS) CHAOS_SEED=$(CHAOS_SEED) dotnet test tests/LoadBalancer.Tests -c Release --no-build \
	  --filter FullyQualifiedName~ChaosScenarios --logger 'console;verbosity=detailed'

bench: ## Run the benchmarks of single pieces (FILTER='*Pick*' runs some, JOB=default takes longer and is closer)
	@.ci/setup dotnet redis-server
	dotnet run -c Release --project bench/LoadBalancer.Bench -- --filter '$(FILTER)' --job $(JOB)

bench-overload: publish ## Measure three times the load that an endpoint can take, with concurrency: auto and without
	@.ci/setup dotnet
	dotnet run -c Release --project bench/Overload -- artifacts/lb

bench-peers: publish artifacts/empty-kestrel/empty-kestrel ## Measure the published lb beside haproxy, nginx, caddy and YARP (ARGS="--scenario bulk" measures less)
	@.ci/setup dotnet curl haproxy nginx caddy gcc libssl-dev
	bench/Peers/run $(ARGS)

lint: ## Check the format of the code, and the scripts
	@.ci/setup dotnet shellcheck
	shellcheck $(SCRIPTS)
	dotnet format LoadBalancer.sln --verify-no-changes

fmt: ## Format the code
	@.ci/setup dotnet
	dotnet format LoadBalancer.sln

docs: ## Print docs/configuration.md and docs/metrics.md anew from what the program declares
	@.ci/setup dotnet
	dotnet build src/LoadBalancer -c Release
	page=$$(dotnet src/LoadBalancer/bin/Release/net10.0/lb.dll docs); printf '%s\n' "$$page" > docs/configuration.md
	page=$$(dotnet src/LoadBalancer/bin/Release/net10.0/lb.dll docs --metrics); printf '%s\n' "$$page" > docs/metrics.md

publish: artifacts/lb ## Build artifacts/lb, a single file that needs no .NET on the machine it runs on

# ReadyToRun for start-up; not composite, because that compiles the whole framework again, for minutes and 20 MB, to start no faster.
# A lock file of its own, because the committed ones are for every platform and this build adds one platform's packages.
artifacts/lb: $(SOURCES)
	@.ci/setup dotnet
	dotnet publish src/LoadBalancer -c Release -r $(RID) --self-contained -o artifacts \
	  -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=false -p:DebugType=embedded \
	  -p:NuGetLockFilePath=obj/publish.lock.json -p:RestoreLockedMode=false \
	  -p:PublishDocumentationFile=false -p:PublishReferencesDocumentationFiles=false
	@touch $@

# The yardstick of lb's start, published with the same flags.
artifacts/empty-kestrel/empty-kestrel: $(wildcard bench/EmptyKestrel/*.cs*) Directory.Build.props global.json
	@.ci/setup dotnet
	dotnet publish bench/EmptyKestrel -c Release -r $(RID) --self-contained -o $(@D) \
	  -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=false -p:DebugType=embedded \
	  -p:NuGetLockFilePath=obj/publish.lock.json -p:RestoreLockedMode=false
	@touch $@

# A contender of bench-peers, published with the flags of lb; never a part of it.
artifacts/yarp/yarp: $(wildcard bench/Yarp/*.cs*) Directory.Build.props global.json
	@.ci/setup dotnet
	dotnet publish bench/Yarp -c Release -r $(RID) --self-contained -o $(@D) \
	  -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=false -p:DebugType=embedded \
	  -p:NuGetLockFilePath=obj/publish.lock.json -p:RestoreLockedMode=false
	@touch $@

install: artifacts/lb ## Install the published lb, its unit, its user and /etc/lb (DESTDIR and PREFIX are honoured)
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' packaging/install artifacts/lb

clean: ## Remove everything that the other targets made
	rm -rf bin artifacts BenchmarkDotNet.Artifacts
	find src tests bench samples -depth -type d \( -name bin -o -name obj -o -name TestResults \) -exec rm -rf {} +
