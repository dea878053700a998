# Visavis. `make help` lists the targets; V=1 shows the commands.
#
# Every folder of LIB_DIRS becomes a static library of its .c files (a daemon's main.c excepted),
# every daemon a program of its main.c and these libraries; the manager's are the folders below
# installer/. New files need no line here.

FLAVOUR ?= release
O ?= build/$(FLAVOUR)

PREFIX ?= /usr
DESTDIR ?=

LIB_DIRS := $(patsubst %/,%,$(wildcard services/common/*/ installer/*/)) services/codec \
            services/signaling services/media services/turn services/call services/client \
            services/probe certs certs/acme
LIB_DIRS := $(sort $(foreach d,$(LIB_DIRS),$(if $(wildcard $(d)/*.c),$(d))))

# program : folder of its main.c
PROGRAMS := visavis-signaling:services/signaling visavis-media:services/media \
            visavis-turn:services/turn visavis-call:services/call \
            visavis-probe:services/probe visavis:installer
PROGRAMS := $(foreach p,$(PROGRAMS),$(if $(wildcard $(lastword $(subst :, ,$(p)))/main.c),$(p)))

PKGS := libsystemd libmicrohttpd jansson libcurl libcrypto libssl libconfig libsrtp2 hiredis nice
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS := $(shell pkg-config --libs $(PKGS)) -lwslay

WERROR ?= -Werror
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wwrite-strings -Wundef -Wvla $(WERROR)
INCLUDES := -I. -Iservices -Iservices/common -Iinstaller -Icerts
CPPFLAGS += $(INCLUDES) -D_GNU_SOURCE $(PKG_CFLAGS)
CFLAGS_COMMON := -std=c17 -g -fno-omit-frame-pointer $(WARNINGS) -pthread
LDFLAGS_COMMON := -Wl,--as-needed -pthread

# _FORTIFY_SOURCE and the sanitizers do not go together.
CFLAGS_release := -O2 -fstack-protector-strong -fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS_tsan := -O1 -g1 -fsanitize=thread
LDFLAGS_tsan := -fsanitize=thread
CFLAGS_fuzz := -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined
CFLAGS_coverage := -O0 --coverage -Wno-maybe-uninitialized
LDFLAGS_coverage := --coverage
ifeq ($(FLAVOUR),fuzz)
CC := clang
endif
ifeq ($(FLAVOUR),coverage)
CC := gcc
endif

ALL_CFLAGS = $(CFLAGS_COMMON) $(CFLAGS_$(FLAVOUR)) $(CFLAGS)
ALL_LDFLAGS = $(LDFLAGS_COMMON) $(LDFLAGS_$(FLAVOUR)) $(LDFLAGS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

lib_of = $(O)/lib/$(subst /,-,$(1)).a
libs_in = $(foreach d,$(filter $(1) $(1)/%,$(LIB_DIRS)),$(call lib_of,$(d)))
objects_of = $(patsubst %.c,$(O)/obj/%.o,$(filter-out %/main.c,$(wildcard $(1)/*.c)))
prog_name = $(firstword $(subst :, ,$(1)))
prog_dir = $(lastword $(subst :, ,$(1)))

# What visavis-media loads when it is asked for (services/common/ice_agent/ice_module.h), with the parts of our
# libraries that it needs, so that it asks nothing of the program.
MODULES := $(O)/bin/visavis-ice.so
MODULE_DIRS := services/common/ice_agent services/common/loop services/common/base
module_objects = $(patsubst %.c,$(O)/pic/%.o,$(wildcard $(1)/*.c))

SHARED_LIBS := $(foreach d,$(filter services/common/% services/codec services/client certs certs/%,$(LIB_DIRS)),$(call lib_of,$(d)))
BINS := $(foreach p,$(PROGRAMS),$(O)/bin/$(call prog_name,$(p)))

TESTS := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/unit/*/test_*.c tests/flow/test_*.c))
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS := $(patsubst %,$(O)/tests/fuzz/replay_%,$(FUZZERS))
PRELOADS := $(patsubst tests/preload/%.c,$(O)/tests/%.so,$(wildcard tests/preload/*.c))
ifeq ($(FLAVOUR),tsan)
# What is left out has one thread alone.
TESTS := $(filter-out $(foreach d,acme certs codec conf files installer,$(O)/tests/unit/$(d)/%),$(TESTS))
# GLib's locks are none to it: what its threads share would be reported.
TESTS := $(filter-out $(addprefix $(O)/tests/,flow/test_media_agent flow/test_media_gathering unit/ice_agent/%),$(TESTS))
REPLAYS :=
endif
BENCHES := $(patsubst tests/bench/bench_%.c,$(O)/bench/%,$(wildcard tests/bench/bench_*.c))

.PHONY: all bins pages manual web env tests check test-restarts test-loss test-meetings test-flood coverage run-coverage asan tsan fuzz bench bench-media bench-turn bench-signaling analyze format install dist deb rpm clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: bins pages manual
bins: $(BINS) $(MODULES)
tests: $(TESTS) $(REPLAYS) $(PRELOADS)

help:
	@echo 'all      the daemons, the visavis command and the Call pages, in $(O)'
	@echo 'check    unit and flow tests, replay of the fuzz seeds; asan, tsan: the same, sanitized'
	@echo 'fuzz-X   fuzz one parser ($(FUZZERS)) for FUZZ_SECONDS (10); fuzz: all of them'
	@echo 'env      the .env template and the reference of settings, from the table'
	@echo 'bench    the benches (a missed bar is a failure), bench-turn, bench-signaling: those of one daemon; analyze: clang-tidy and cppcheck; format: clang-format'
	@echo 'bench-media    media beside Debian'"'"'s janus (apt-get install --no-install-recommends janus), as root or where users may make namespaces'
	@echo 'install  into DESTDIR; web: Call pages alone; dist: source archive; deb, rpm: packages of it'
	@echo 'test-loss  video over bad cables, at length'
	@echo 'test-meetings  meetings of browsers and our own clients, five minutes each'
	@echo 'coverage lines of codec/ that unit tests and fuzz seeds reach, at least $(COVERAGE_LEAST) % of each file'
	@echo 'test-restarts  signaling restarted and killed under load, at length'
	@echo 'test-flood     a stream beside 10,000 bad packets a second for FLOOD_SECONDS ($(FLOOD_SECONDS))'
	@echo 'clean    remove build/'

define lib_rule
$(call lib_of,$(1)): $(call objects_of,$(1))
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(foreach d,$(LIB_DIRS) tests/lib,$(eval $(call lib_rule,$(d))))

# What tests and benches share.
TEST_LIB := $(call lib_of,tests/lib)

link = $(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS) $(1)

define prog_rule
$(O)/bin/$(call prog_name,$(1)): $(O)/obj/$(call prog_dir,$(1))/main.o $(call libs_in,$(call prog_dir,$(1))) $(SHARED_LIBS)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(call link)
endef
$(foreach p,$(PROGRAMS),$(eval $(call prog_rule,$(p))))

$(O)/pic/%.o: %.c
	$(call say,CC,$< (module))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(O)/pic/lib.a: $(foreach d,$(MODULE_DIRS),$(call module_objects,$(d)))
	@rm -f $@
	$(Q)ar rcs $@ $^

$(O)/bin/visavis-ice.so: $(O)/pic/services/common/ice_agent/ice_table.o $(O)/pic/lib.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -pie,$(ALL_LDFLAGS)) -shared -o $@ $^ $(PKG_LIBS)

$(O)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A test in tests/unit/<area>/ links the library of that daemon (or all of the installer's) as well;
# a test in tests/flow/ that of the daemon it is named after: test_call.c, or test_call_<more>.c; and
# both tests/lib.
area_lib = $(filter-out $(SHARED_LIBS),$(call libs_in,services/$(1)) $(call libs_in,$(1)))

test_area = $(if $(filter %/flow/,$(dir $(1))),$(firstword $(subst _, ,$(patsubst test_%,%,$(notdir $(1))))),$(notdir $(patsubst %/,%,$(dir $(1)))))

define test_rule
$(1): $(patsubst $(O)/tests/%,$(O)/obj/tests/%.o,$(1)) $(call area_lib,$(call test_area,$(1))) $(TEST_LIB) $(SHARED_LIBS)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(call link,-lcmocka)
endef
$(foreach t,$(TESTS),$(eval $(call test_rule,$(t))))

# Loaded into programs by tests; never sanitized, and _FORTIFY_SOURCE has names of its own for what they define.
$(O)/tests/%.so: tests/preload/%.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS_COMMON) -O2 -U_FORTIFY_SOURCE -fPIC -shared -o $@ $<

# The daemon whose modules a fuzz harness or a bench is about; the others need the shared libraries alone.
AREA_negotiate := media
AREA_ice_server := media
AREA_media := media
AREA_turn := turn
AREA_dtls_hello := turn
AREA_rpc := signaling
AREA_record := signaling
AREA_outbox := signaling
AREA_rest := signaling
AREA_settings := installer
AREA_scrub := installer
AREA_nginx_conf := installer
AREA_nft := installer
AREA_iptables := installer
AREA_procnet := installer
AREA_envfile := installer

# A fuzz harness with a main() that replays the corpus, for every flavour and compiler.
.SECONDEXPANSION:
$(O)/tests/fuzz/replay_%: $(O)/obj/tests/fuzz/fuzz_%.o $(O)/obj/tests/fuzz/replay.o $$(call area_lib,$$(AREA_$$*)) $(SHARED_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(call link)

$(O)/fuzz/%: $(O)/obj/tests/fuzz/fuzz_%.o $$(call area_lib,$$(AREA_$$*)) $(SHARED_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(call link)

# What system tests run: each file of tests/tools/ is a program.
$(O)/tools/%: $(O)/obj/tests/tools/%.o $(TEST_LIB) $(SHARED_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(call link)

$(O)/bench/%: $(O)/obj/tests/bench/bench_%.o $(TEST_LIB) $(SHARED_LIBS) $$(call area_lib,$$(AREA_$$*))
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(call link)

# Call's pages: npm's packages once, in build/npm; the bundle and the files beside it for each flavour.
# The source archive of `make dist` has them made already, so that packages need no npm.
CALL_PAGES := services/call/pages
CALL_STATIC := $(filter-out %/package.json %/package-lock.json,$(wildcard $(CALL_PAGES)/*.*))
NPM_CALL := build/npm/call

# What the web server itself answers while a daemon is away.
SITE_PAGES := $(patsubst installer/pages/%,$(O)/share/pages/%,$(wildcard installer/pages/*))

$(O)/share/pages/%: installer/pages/%
	@mkdir -p $(@D)
	@cp $< $@

# The operator's dashboard is used as it is.
DASHBOARD_PAGES := $(patsubst services/dashboard/%,$(O)/share/dashboard/%,$(wildcard services/dashboard/*))

$(O)/share/dashboard/%: services/dashboard/%
	@mkdir -p $(@D)
	@cp $< $@

pages: $(O)/share/call/main.js $(O)/doc/third-party.txt $(SITE_PAGES) $(DASHBOARD_PAGES)
web: pages

ifneq ($(wildcard prebuilt/call/main.js),)
$(O)/share/call/main.js: $(wildcard prebuilt/call/*)
	@mkdir -p $(@D)
	@cp $^ $(@D)/

$(O)/doc/third-party.txt: prebuilt/third-party.txt
	@mkdir -p $(@D)
	@cp $< $@
else
$(NPM_CALL)/.done: $(CALL_PAGES)/package.json $(CALL_PAGES)/package-lock.json
	$(call say,NPM,$(CALL_PAGES))
	@mkdir -p $(@D)
	@cp $^ $(@D)/
	$(Q)cd $(@D) && npm ci --no-audit --no-fund --loglevel=error --cache .cache >/dev/null
	@touch $@

$(O)/share/call/main.js $(O)/doc/call.json &: $(NPM_CALL)/.done $(wildcard $(CALL_PAGES)/src/*.js) $(CALL_STATIC)
	$(call say,PAGES,$(O)/share/call)
	@mkdir -p $(O)/share/call $(O)/doc
	@cp $(CALL_STATIC) $(O)/share/call/
	$(Q)NODE_PATH=$(NPM_CALL)/node_modules $(NPM_CALL)/node_modules/.bin/esbuild $(CALL_PAGES)/src/main.js \
	    --bundle --format=esm --target=es2020 --minify --define:global=globalThis --log-level=warning \
	    --metafile=$(O)/doc/call.json --outfile=$(O)/share/call/main.js

$(O)/doc/third-party.txt: $(O)/doc/call.json packaging/third-party.mjs
	$(Q)node packaging/third-party.mjs $< >$@
endif

# What is generated from the table of settings; a test holds it equal to that.
env: $(O)/bin/visavis
	$(call say,GEN,env)
	@mkdir -p env
	$(Q)$< config template >env/env.template
	$(Q)$< config reference >env/settings.md

# Manual pages and shell completion, from the programs' own tables of verbs and options.
MANUAL := $(addprefix $(O)/share/,man/man1/visavis.1 bash-completion/visavis zsh/_visavis fish/visavis.fish)

manual: $(MANUAL)

$(O)/share/man/man1/visavis.1: $(O)/bin/visavis $(O)/bin/visavis-probe
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D)
	$(Q)$< man --into $(@D)
	$(Q)$(O)/bin/visavis-probe --man >$(@D)/visavis-probe.1

define complete
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$< completion $(1) >$@
endef

$(O)/share/bash-completion/visavis: $(O)/bin/visavis
	$(call complete,bash)

$(O)/share/zsh/_visavis: $(O)/bin/visavis
	$(call complete,zsh)

$(O)/share/fish/visavis.fish: $(O)/bin/visavis
	$(call complete,fish)

check: bins tests
	$(Q)tests/check.sh $(O)

# As many as the promise says: restarts and kills of signaling under load. Some minutes.
test-restarts: bins
	$(Q)tests/system/restarts.sh $(O) 200 50 20 20

# Enough packets to tell a thousandth of them from none.
test-loss: bins
	$(Q)tests/system/netem.sh $(O) 300

# Meetings of five minutes: browsers, and clients of our own.
test-meetings: bins
	$(Q)tests/e2e/run.sh $(O) --long 'meeting of'

# The unit tests of codec/, and the seeds of the fuzzers that include something of it.
COVERAGE_LEAST := 90
COVERING := $(filter $(O)/tests/unit/codec/%,$(TESTS)) \
            $(patsubst tests/fuzz/fuzz_%.c,$(O)/tests/fuzz/replay_%,$(shell grep -l '"codec/' tests/fuzz/fuzz_*.c))

coverage:
	$(Q)$(MAKE) --no-print-directory FLAVOUR=$@ run-coverage

run-coverage: $(COVERING)
	$(Q)tests/coverage.sh $(O) services/codec $(COVERAGE_LEAST) $(COVERING)

# The flood of bad media at length.
FLOOD_SECONDS ?= 60

test-flood: bins $(O)/tests/flow/test_media_flood
	$(Q)FLOOD_SECONDS=$(FLOOD_SECONDS) $(O)/tests/flow/test_media_flood

asan tsan:
	$(Q)$(MAKE) --no-print-directory FLAVOUR=$@ check

FUZZ_SECONDS ?= 10

fuzz: $(addprefix fuzz-,$(FUZZERS))
fuzz-%:
	$(Q)$(MAKE) --no-print-directory FLAVOUR=fuzz build/fuzz/fuzz/$*
	$(Q)mkdir -p build/fuzz/corpus/$* tests/fuzz/corpus/$*
	$(Q)build/fuzz/fuzz/$* -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=1024 -max_len=4096 \
	    -verbosity=0 -print_final_stats=0 -artifact_prefix=build/fuzz/crash-$*- build/fuzz/corpus/$* tests/fuzz/corpus/$*

bench: bins $(BENCHES)
	$(Q)tests/bench/run.sh $(O)

bench-media: bins $(filter $(O)/bench/media%,$(BENCHES))
	$(Q)tests/bench/run.sh $(O) media

bench-turn: bins $(filter $(O)/bench/turn%,$(BENCHES))
	$(Q)tests/bench/run.sh $(O) turn

bench-signaling: bins $(filter $(O)/bench/signaling%,$(BENCHES))
	$(Q)tests/bench/run.sh $(O) signaling

SOURCES = $(shell git ls-files '*.c' '*.h')

# cppcheck does not read jansson's headers, so it is told the loops among their macros.
CPPCHECK_MACROS := '-Djson_object_foreach(o,k,v)=while(json_next(o,&k,&v))' \
                   '-Djson_array_foreach(a,i,v)=while(json_next(a,&i,&v))'

analyze:
	$(Q)printf '%s\n' $(filter %.c,$(SOURCES)) | xargs -P $(shell nproc) -I FILE \
	    clang-tidy --quiet --warnings-as-errors='*' FILE -- $(CPPFLAGS) -std=c17 2>/dev/null
	$(Q)cppcheck --quiet -j $(shell nproc) --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
	    --suppress=missingIncludeSystem $(CPPCHECK_MACROS) -D_GNU_SOURCE $(INCLUDES) $(filter %.c,$(SOURCES))

format:
	$(Q)clang-format -i $(SOURCES)

include packaging/install.mk packaging/packages.mk

clean:
	$(Q)rm -rf build

-include $(shell find $(O)/obj $(O)/pic -name '*.d' 2>/dev/null)
