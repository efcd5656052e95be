# One non-recursive Makefile. MODE=release (default), debug or asan (address and undefined
# behaviour); everything lands in build/MODE/, so modes live side by side.

MODE ?= release
B := build/$(MODE)
PREFIX ?= /usr/local
PROGRAMS := microbadger microbadger-api microbadger-inspector microbadger-size microbadger-scaler
VERSION := $(shell cat VERSION)
REVISION := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
PYTHON := build/venv/bin/python

# pkg-config is asked only where something is built: `make deps` runs before it is installed.
PKGS = $(eval PKGS := libmicrohttpd libcurl jansson hiredis libcrypto zlib yaml-0.1 $(REDIS_TLS))$(PKGS)
# hiredis has TLS from 1.0 on.
REDIS_TLS = $(shell pkg-config --exists hiredis_ssl libssl && echo hiredis_ssl libssl)
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)) $(if $(filter hiredis_ssl,$(PKGS)),-DMB_REDIS_TLS))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
    -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wpointer-arith -Wformat=2 -Wundef \
    -Wvla -Wimplicit-fallthrough $(EXTRA_WARNINGS)
HARDENING := -fstack-protector-strong -fPIE
LINK_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
MODE_CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2
MODE_CFLAGS_debug := -O0 -g
MODE_CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_LDFLAGS_asan := -fsanitize=address,undefined
# Only the fuzzers are built in this mode, by `make fuzz`: they bring libFuzzer's main.
MODE_CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined
CFLAGS ?=
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -fno-common $(WARNINGS) $(HARDENING) $(MODE_CFLAGS_$(MODE)) \
    -Icommon -Ibuild/generated $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LINK_HARDENING) $(MODE_LDFLAGS_$(MODE)) $(LDFLAGS)
LIBS = $(PKG_LIBS) -lev -lm

COMMON_OBJS := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard common/*.c)))
LIBRARY := $(B)/libmicrobadger.a
BINARIES := $(addprefix $(B)/bin/,$(PROGRAMS))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
# The services' own modules, without main, for unit tests of them.
SERVICE_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,$(sort $(wildcard api/*.c inspector/*.c size/*.c scaler/*.c))))
CLI_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,$(sort $(wildcard cli/*.c))))
C_FILES := $(sort $(wildcard common/*.[ch] api/*.[ch] inspector/*.[ch] size/*.[ch] scaler/*.[ch] cli/*.[ch] tests/unit/*.[ch] tests/driver/*.[ch] tests/queue/*.[ch] tests/registry/*.[ch] tests/kube/*.[ch] tests/bench/*.[ch] tests/fuzz/*.[ch]))

Q := $(if $(V),,@)

.SECONDARY:

.PHONY: all
all: $(BINARIES) ## build the programs into build/release/bin

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 22

# Written anew only where it says something else, so that a commit rebuilds one file.
build/generated/revision: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(REVISION)' | cmp -s - $@ || echo '$(VERSION) $(REVISION)' >$@

.PHONY: FORCE
FORCE:

$(B)/common/version.o: build/generated/revision
$(B)/common/version.o: CPPFLAGS += -DMB_VERSION='"$(VERSION)"' -DMB_REVISION='"$(REVISION)"'

# SPDX's lists, from Debian's packages of them; data only, nothing of Node.js is installed.
SPDX_DIR ?= /usr/share/nodejs
SPDX_IDS := build/generated/spdx_ids.h
$(SPDX_IDS): tools/spdx-ids $(wildcard $(SPDX_DIR)/spdx-license-ids/*.json $(SPDX_DIR)/spdx-exceptions/*.json)
	@mkdir -p $(@D)
	$(Q)tools/spdx-ids $(SPDX_DIR) >$@.new && mv $@.new $@

$(B)/common/license.o: $(SPDX_IDS)

# Files that the api serves, as bytes for the compiler.
WEB := $(patsubst %,build/generated/%.inc,$(sort $(wildcard api/web/*)))
build/generated/api/web/%.inc: api/web/%
	@mkdir -p $(@D)
	$(Q)od -An -v -tx1 $< | sed 's/\([0-9a-f][0-9a-f]\) */0x\1,/g' >$@.new && mv $@.new $@

$(B)/api/about.o $(B)/api/assets.o: $(WEB)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "CC   $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(LIBRARY): $(COMMON_OBJS)
	@echo "AR   $@"
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(BINARIES): $(LIBRARY)
	@mkdir -p $(@D)
	@echo "LD   $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(LIBS)

# The workers' jobs, without main: the client can do without a server.
JOB_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,$(sort $(wildcard inspector/*.c size/*.c))))
$(B)/bin/microbadger: $(patsubst %.c,$(B)/%.o,$(sort $(wildcard cli/*.c))) $(JOB_OBJS)
$(B)/cli/%.o: CPPFLAGS += -Iinspector -Isize
$(foreach p,api inspector size scaler,$(eval $(B)/bin/microbadger-$(p): $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $(p)/*.c)))))

# Shared parts of unit tests: whatever is not a test itself.
UNIT_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out tests/unit/test_%,$(sort $(wildcard tests/unit/*.c))))

$(B)/unit/%: $(B)/tests/unit/%.o $(UNIT_OBJS) $(SERVICE_OBJS) $(CLI_OBJS) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "LD   $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(UNIT_OBJS) $(SERVICE_OBJS) $(CLI_OBJS) $(LIBRARY) $(LIBS) -lcmocka

# Fuzz targets: with libFuzzer in MODE=fuzz, else with a main that replays the corpus.
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_BINARIES := $(addprefix $(B)/fuzz/,$(FUZZ_NAMES))
FUZZ_OBJS := $(B)/tests/fuzz/fuzz.o $(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/replay.o)

$(B)/fuzz/%: $(B)/tests/fuzz/fuzz_%.o $(FUZZ_OBJS) $(SERVICE_OBJS) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "LD   $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(FUZZ_OBJS) $(SERVICE_OBJS) $(LIBRARY) $(LIBS)

$(B)/tests/fuzz/%.o: CPPFLAGS += -Iapi -DFUZZ_CORPUS='"$(CURDIR)/tests/fuzz/corpus"'

# Drivers that integration tests use as one consumer of a queue, one client of a registry or of a
# Kubernetes API server.
$(B)/queue-driver: $(B)/tests/queue/driver.o $(B)/tests/driver/commands.o $(LIBRARY)
$(B)/registry-probe: $(B)/tests/registry/probe.o $(LIBRARY)
KUBE_OBJS := $(patsubst %,$(B)/scaler/%.o,kube kube_access kube_status kube_watch kubeconfig \
    deployment deployment_scale deployment_view lease lease_record)
$(B)/kube-driver: $(B)/tests/kube/driver.o $(B)/tests/driver/commands.o $(KUBE_OBJS) $(LIBRARY)
$(B)/tests/kube/%.o: CPPFLAGS += -Iscaler -Itests/driver
$(B)/tests/queue/%.o: CPPFLAGS += -Itests/driver
DRIVERS := $(addprefix $(B)/,queue-driver registry-probe kube-driver)
$(DRIVERS):
	@echo "LD   $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/tests/unit/%.o: CPPFLAGS += -Iapi -Iinspector -Isize -Iscaler -Icli -DTEST_DATA='"$(CURDIR)/tests/data"'

# Tests

.PHONY: unit
unit: $(UNIT_TESTS) $(FUZZ_BINARIES) ## build and run the unit tests (MODE=asan: sanitized)
	@tools/run-unit-tests $(B) $(UNIT_TESTS) $(FUZZ_BINARIES)

.PHONY: integration
integration: all $(DRIVERS) build/venv/.stamp build/node/.stamp build/kubectl ## run the integration tests against the real programs
	@mkdir -p build/results
	$(PYTHON) -m pytest -q tests/integration --junitxml=build/results/integration-$(MODE).xml -n 6 --dist worksteal $(PYTEST_ARGS)

.PHONY: test
test: ## install what is missing, build, run every test
	@tools/deps build run test
	@rm -f build/results/*.xml build/results/*.count
	$(MAKE) --no-print-directory all unit
	$(MAKE) --no-print-directory MODE=asan all unit
	MB_BIN_DIR=$(CURDIR)/build/asan/bin $(MAKE) --no-print-directory MODE=asan integration
	@tools/tally build/results

.PHONY: test-k8s
test-k8s: build/venv/.stamp build/kubectl ## test on Kubernetes: a node made here, or the cluster that KUBECONFIG names
	@tests/k8s/run.sh test $(PYTEST_ARGS)

.PHONY: measure-rest
measure-rest: build/venv/.stamp build/kubectl ## count requests to SQS for ten minutes at rest, on a Kubernetes made here
	@MB_REST_SECONDS=600 tests/k8s/run.sh test -k at_rest

.PHONY: run
run: ## install what is missing, build, start all on loopback (PORT=9000, QUEUE=sqs)
	@tools/deps build run $(if $(filter sqs,$(QUEUE)),test)
	@$(MAKE) --no-print-directory all
	@exec tools/run

# cli is the image of microbadger itself.
IMAGES := $(patsubst microbadger-%,%,$(filter microbadger-%,$(PROGRAMS))) cli

.PHONY: images
images: ## build the container images into build/images (needs root, no daemon)
	@tools/deps image
	@tools/images $(IMAGES)

.PHONY: deps
deps: ## install what building, running and testing need
	@tools/deps build run test

build/venv/.stamp: tests/requirements.txt
	@tools/deps venv

build/node/.stamp: tests/browser/package-lock.json
	@tools/deps node

.PHONY: browser
browser: all build/venv/.stamp build/node/.stamp ## run the tests of the pages in Chromium; pictures land in build/screenshots
	$(PYTHON) -m pytest -q tests/integration/test_browser.py -n 2 $(PYTEST_ARGS)

.PHONY: bench
bench: all $(B)/bench/bare_httpd build/venv/.stamp ## measure speed; prints a report
	@$(PYTHON) tests/bench/bench.py

$(B)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBS)

.PHONY: test-image
test-image: images ## build the container images, test what is in them, run the suite from them
	@tools/deps run image venv
	@mkdir -p build/results
	$(PYTHON) -m pytest -q tests/image --junitxml=build/results/image.xml -n 2 $(PYTEST_ARGS)

.PHONY: simulate
simulate: $(B)/bin/microbadger-scaler ## compare the scaling policies; writes the figures of docs/scaling.md
	$< simulate --docs docs

FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= $(FUZZ_NAMES)

.PHONY: fuzz
fuzz: ## fuzz each target (FUZZ_SECONDS=600 FUZZ_TARGETS="url route"), two at a time; needs clang
	$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzzers
	@tools/run-fuzzers $(FUZZ_SECONDS) $(FUZZ_TARGETS)

OPENAPI_SECONDS ?= 600

.PHONY: openapi-fuzz
openapi-fuzz: all build/venv/.stamp ## schemathesis against the running programs (OPENAPI_SECONDS=600 OPENAPI_SEED=7)
	OPENAPI_SECONDS=$(OPENAPI_SECONDS) OPENAPI_SEED=$(or $(OPENAPI_SEED),$(shell date +%s)) OPENAPI_EXAMPLES=$(or $(OPENAPI_EXAMPLES),200) \
	    $(PYTHON) -m pytest -q tests/integration/test_openapi.py -k schemathesis
	@tail -n 20 build/results/schemathesis.txt

.PHONY: fuzzers
fuzzers: $(FUZZ_BINARIES)

# Kubernetes

build/kubectl: tools/kubectl | build/venv/.stamp
	@$(PYTHON) tools/kubectl $@

# The file for those who want one command and no kustomize.
.PHONY: k8s
k8s: build/kubectl ## render k8s/microbadger.yaml from k8s/overlays/local
	@echo '# Made from k8s/overlays/local by `make k8s`: change it there.' >build/microbadger.yaml
	$(Q)build/kubectl kustomize k8s/overlays/local >>build/microbadger.yaml
	@mv build/microbadger.yaml k8s/microbadger.yaml

# Quality

.PHONY: check
check: test lint ## test, lint, and a build with each compiler, warnings as errors
	$(MAKE) --no-print-directory CC=gcc B=build/check-gcc EXTRA_WARNINGS=-Werror all
	$(MAKE) --no-print-directory CC=clang B=build/check-clang EXTRA_WARNINGS=-Werror all

.PHONY: lint
lint: build/venv/.stamp $(SPDX_IDS) $(WEB) ## formatting of C and Python, clang-tidy, shellcheck, Redocly
	@tools/lint-openapi
	@shellcheck -x -S warning .ci/run docker/rootfs docker/sbom tests/k8s/*.sh tools/deps tools/images tools/run-* tools/spdx-ids
	@clang-format --dry-run --Werror $(C_FILES)
	$(PYTHON) -m black -q -l 100 --check tests tools/kubectl tools/run tools/tally
	@printf '%s\n' $(filter %.c,$(filter-out tests/%,$(C_FILES))) | \
	    xargs -P $(shell nproc) -n 1 sh -c 'clang-tidy --quiet "$$@" -- -std=gnu11 -D_GNU_SOURCE -Icommon -Iinspector -Isize -Iscaler -Ibuild/generated $(PKG_CFLAGS) 2>/dev/null' tidy

.PHONY: format
format: build/venv/.stamp ## format C and Python
	clang-format -i $(C_FILES)
	$(PYTHON) -m black -q -l 100 tests tools/kubectl tools/run tools/tally

# Where each shell looks for what completes command lines.
COMPLETIONS := bash:bash-completion/completions/microbadger zsh:zsh/site-functions/_microbadger \
    fish:fish/vendor_completions.d/microbadger.fish
define install_completion
install -d $(dir $(DESTDIR)$(PREFIX)/share/$(word 2,$(1)))
	$(B)/bin/microbadger completion $(word 1,$(1)) >$(B)/completion.$(word 1,$(1))
	install -m 0644 $(B)/completion.$(word 1,$(1)) $(DESTDIR)$(PREFIX)/share/$(word 2,$(1))
	
endef

.PHONY: install
install: all ## install the programs, the man page and shell completions (PREFIX=/usr DESTDIR=...)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 0644 cli/microbadger.1 $(DESTDIR)$(PREFIX)/share/man/man1
	$(foreach c,$(COMPLETIONS),$(call install_completion,$(subst :, ,$(c))))

.PHONY: clean
clean: ## remove what was built
	rm -rf build

# Not those within the images' file systems.
-include $(shell find build -path build/image -prune -o -name '*.d' -print 2>/dev/null)
