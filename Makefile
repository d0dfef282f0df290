# SPDX-License-Identifier: MIT
# `make help` lists the targets. Variables can be set on the command line or in the environment.

VERSION := 0.1.0

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/cmigrate
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/cmigrate
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Pacemaker looks for agents nowhere else.
OCFROOT ?= $(if $(filter /usr /usr/local,$(PREFIX)),/usr,$(PREFIX))/lib/ocf
DESTDIR ?=

PKG_CONFIG ?= pkg-config
INSTALL ?= install
STRIP ?= strip
CFLAGS ?= -O2 -g

# A second build beside the first: make BUILD=build/asan BIN=build/asan/cmigrate SANITIZE=1
BUILD ?= build
BIN ?= cmigrate

ifneq ($(V),1)
quiet = @echo "  $(1)	$(2)";
endif

PACKAGES := jansson libcurl
PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
PACKAGE_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion
ifeq ($(SANITIZE),1)
HARDENING := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDENING_LD := -fsanitize=address,undefined
else
# A level that a distribution sets is kept.
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDENING := $(FORTIFY) -fstack-protector-strong -fPIE
HARDENING_LD := -pie -Wl,-z,relro,-z,now
endif
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DCMIGRATE_VERSION='"$(VERSION)"' -Iinclude -iquote src \
	$(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) $(HARDENING) $(PACKAGE_CFLAGS) $(CFLAGS) $(CPPFLAGS)
# The agent goes to any host of this machine's kind, so it needs nothing there. Sanitizers can't be linked statically.
AGENT_LDFLAGS := $(if $(filter 1,$(SANITIZE)),$(HARDENING_LD),-static -Wl,-z,relro,-z,now)
ALL_LDFLAGS := $(HARDENING_LD) -Wl,--as-needed $(CFLAGS) $(LDFLAGS)

SOURCES := $(sort $(wildcard src/*/*.c src/*/*/*.c))
OBJECTS := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(SOURCES))
LIBRARY := $(BUILD)/libcmigrate.a
# What the agent is made of. It is carried inside of the library.
AGENT := $(BUILD)/cmigrate-agent
AGENT_LIBRARY := $(BUILD)/libagent.a
AGENT_OBJECTS := $(filter $(BUILD)/obj/base/%.o $(BUILD)/obj/protocol/%.o $(BUILD)/obj/agent/%.o,$(OBJECTS))
AGENT_SOURCES := $(sort $(filter src/base/% src/protocol/% src/agent/%,$(SOURCES)) \
	$(wildcard src/protocol/*.h src/agent/*/*.h include/cmigrate/base/*.h include/cmigrate/protocol/*.h))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/*/test_*.c)))
MAN := man/cmigrate.1 man/cmigrate-config.5 man/cmigrate-losses.7
EXAMPLES := $(wildcard examples/*)

# The program for the tests: the same, with the points at which they end or stop it.
TEST_BIN := $(BUILD)/test/cmigrate

all: $(BIN) $(TEST_BIN)

$(BIN): $(BUILD)/obj/cli/main.o $(LIBRARY)
	$(call quiet,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@.new $^ $(PACKAGE_LIBS) $(LDLIBS) && mv $@.new $@

$(TEST_BIN): $(BUILD)/obj/cli/main.o $(BUILD)/test/fault_point.o $(LIBRARY)
	$(call quiet,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@.new $^ $(PACKAGE_LIBS) $(LDLIBS) && mv $@.new $@

$(BUILD)/test/fault_point.o: tests/fault_point.c $(BUILD)/flags
	$(call quiet,CC,$<)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Everything but main(), for the unit tests too.
$(LIBRARY): $(filter-out %/main.o $(BUILD)/obj/agent/%,$(OBJECTS)) $(BUILD)/obj/texts.o $(BUILD)/obj/agent_build.o \
	$(BUILD)/obj/agent_image.o
	$(call quiet,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(AGENT_LIBRARY): $(filter-out %/main.o,$(AGENT_OBJECTS)) $(BUILD)/obj/agent_build.o
	$(call quiet,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(AGENT): $(BUILD)/obj/agent/serve/main.o $(AGENT_LIBRARY)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $(AGENT_LDFLAGS) -o $@.new $^ -lpthread && \
		$(if $(filter 1,$(SANITIZE)),,$(STRIP) $@.new &&) mv $@.new $@

# Which agent it is: controller and agent must be of the same sources.
$(BUILD)/agent_build.c: $(AGENT_SOURCES) $(BUILD)/flags
	@printf 'extern const char agent_build[];\nconst char agent_build[] = "%.16s";\n' \
		"$$(cat $(AGENT_SOURCES) | sha256sum)" >$@.new && mv $@.new $@

$(BUILD)/agent_image.c: $(AGENT) Makefile
	@printf '%s\n' 'extern const char agent_image_sum[], agent_image_machine[];' \
		"const char agent_image_sum[] = \"$$(sha256sum <$< | cut -c 1-64)\";" \
		"const char agent_image_machine[] = \"$$(uname -m)\";" \
		'__asm__(".section .rodata\n.balign 16\n.globl agent_image\nagent_image:\n.incbin \"$<\"\n.ascii \"end\"\n"' \
		'".globl agent_image_end\nagent_image_end:\n.previous\n");' >$@.new && mv $@.new $@

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	$(call quiet,CC,$<)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(addprefix $(BUILD)/obj/,texts.o agent_build.o agent_image.o): $(BUILD)/obj/%.o: $(BUILD)/%.c $(BUILD)/flags
	$(call quiet,CC,$<)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Files that the program prints unchanged: page.html is text_page_html.
TEXTS := src/cli/complete.bash src/cli/complete.zsh src/cli/complete.fish src/history/page.html
text = __asm__(".section .rodata\n.globl text_$(1)\ntext_$(1):\n.incbin \"$(2)\"\n.byte 0\n.previous\n");
$(BUILD)/texts.c: $(TEXTS) Makefile $(BUILD)/flags
	@printf '%s\n' $(foreach file,$(TEXTS),'$(call text,$(subst .,_,$(notdir $(file))),$(file))') >$@.new && mv $@.new $@

$(BUILD)/unit/%: tests/unit/%.c $(LIBRARY) $(AGENT_LIBRARY)
	$(call quiet,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -iquote tests/unit -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(LIBRARY) $(AGENT_LIBRARY) \
		-lcmocka $(PACKAGE_LIBS) $(LDLIBS)

$(BUILD)/unit/agent/%: tests/unit/agent/%.c $(AGENT_LIBRARY)
	$(call quiet,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -iquote tests/unit -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(AGENT_LIBRARY) \
		-lcmocka $(LDLIBS)

# Needs -fsanitize=fuzzer-no-link in CFLAGS, see tests/fuzz/run.
$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(LIBRARY) $(AGENT_LIBRARY)
	$(call quiet,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(LIBRARY) $(AGENT_LIBRARY) $(PACKAGE_LIBS) $(LDLIBS)

# A change of the flags compiles everything again.
$(BUILD)/flags: FORCE
	@$(PKG_CONFIG) --version >/dev/null 2>&1 || \
		{ echo "make: pkg-config is missing; run: scripts/setup build" >&2; exit 1; }
	@for p in $(PACKAGES); do $(PKG_CONFIG) --exists $$p || \
		{ echo "make: the development files of $$p are missing; run: scripts/setup build" >&2; exit 1; }; done
	@mkdir -p $(BUILD)/obj $(BUILD)/unit
	@printf '%s\n' "$$FLAGS" | cmp -s - $@ || printf '%s\n' "$$FLAGS" >$@
$(BUILD)/flags: export FLAGS = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)

build: all
unit-programs: $(UNIT)
# Their warnings alone: that is an eighth of the work.
unit-warnings:
	$(call quiet,CHECK,tests/unit)$(CC) $(ALL_CFLAGS) -iquote tests/unit -fsyntax-only $(sort $(wildcard tests/unit/*/test_*.c))

check: ## runs all suites without the long tests, before a commit; ends with "N passed, N failed" (needs root)
	@tests/run
check-all: ## runs every test, scale and bench too, before a release (needs root)
	@tests/run --all
unit: ## runs the unit tests; SANITIZE=1: with sanitizers, as in check
	@tests/run unit
cli: ## tests the command line, without hosts; SANITIZE=1: with sanitizers, as in check
	@tests/run cli
hosts: ## tests moves between test hosts (needs root)
	@tests/run hosts
cluster: ## tests the resource agent for Pacemaker, in a cluster of test hosts (needs root)
	@tests/run cluster
vm: ## tests moves between virtual machines with NFS and cgroup v2 (needs root)
	@tests/run vm
containers: ## tests containers of all kinds there and back (needs root)
	@tests/run --all containers
faults: ## tests recovery from crashes at every step (needs root)
	@scripts/setup build test lab
	@$(MAKE) --no-print-directory all
	@tests/faults/matrix
scale: ## tests many hosts and containers, three controllers at once (needs root)
	@scripts/setup build test lab
	@$(MAKE) --no-print-directory all
	@tests/scale/run
lint: ## checks formatting, runs static analysis, checks manuals
	@tests/run lint
format: ## brings the sources into shape
	clang-format -i $(SOURCES) $(wildcard src/*/*.h src/*/*/*.h include/cmigrate/*/*.h tests/unit/*.h tests/unit/*/*.h tests/*.c tests/unit/*/*.c tests/fuzz/*.c)
fuzz: ## fuzzes each reader of input for FUZZ_SECONDS (1)
	@scripts/setup build test
	@tests/fuzz/run
demo: ## shows a move between two test hosts (needs root)
	@scripts/setup build test lab
	@$(MAKE) --no-print-directory all
	@scripts/demo
demo-vm: ## shows the same between virtual machines with NFS and Apache httpd (needs root)
	@scripts/setup build lab vm
	@$(MAKE) --no-print-directory all
	@scripts/demo --vm
demo-cluster: ## shows a cluster of three test hosts: standby, then a host is lost and fenced (needs root)
	@scripts/setup build test lab
	@$(MAKE) --no-print-directory all
	@scripts/demo-cluster
bench: ## measures outages, compared with other ways to move (needs root)
	@scripts/setup build test lab
	@$(MAKE) --no-print-directory all
	@scripts/bench
packages: ## tests "make install", "make deb" and the RPM spec
	@tests/run packages
deb: ## makes a Debian package in build
	@scripts/setup build package
	@scripts/deb $(VERSION)

install: all ## installs program, agents, manuals, completions and examples below DESTDIR/PREFIX
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(MANDIR)/man7 \
		$(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR) $(DESTDIR)$(DOCDIR) \
		$(DESTDIR)$(OCFROOT)/resource.d/cmigrate $(DESTDIR)$(OCFROOT)/lib/cmigrate
	$(INSTALL) -m 0755 $(BIN) $(DESTDIR)$(BINDIR)/cmigrate
	$(INSTALL) -m 0755 $(AGENT) $(DESTDIR)$(LIBEXECDIR)/cmigrate-agent
	$(INSTALL) -m 0644 man/cmigrate.1 $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 0644 man/cmigrate-config.5 $(DESTDIR)$(MANDIR)/man5
	$(INSTALL) -m 0644 man/cmigrate-losses.7 $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -m 0755 packaging/ocf/resource.d/cmigrate/container $(DESTDIR)$(OCFROOT)/resource.d/cmigrate
	sed -i 's|:/usr/local/bin$$|:$(BINDIR)|' $(DESTDIR)$(OCFROOT)/resource.d/cmigrate/container
	$(INSTALL) -m 0644 packaging/ocf/lib/cmigrate/functions.sh $(DESTDIR)$(OCFROOT)/lib/cmigrate
	umask 022; $(abspath $(BIN)) completion bash >$(DESTDIR)$(BASHDIR)/cmigrate
	umask 022; $(abspath $(BIN)) completion zsh >$(DESTDIR)$(ZSHDIR)/_cmigrate
	umask 022; $(abspath $(BIN)) completion fish >$(DESTDIR)$(FISHDIR)/cmigrate.fish
	$(INSTALL) -m 0644 LICENSE CHANGELOG.md $(wildcard README.md) docs/cluster.md $(DESTDIR)$(DOCDIR)
	$(if $(EXAMPLES),umask 022; cp -R examples $(DESTDIR)$(DOCDIR) && chmod -R a+rX $(DESTDIR)$(DOCDIR)/examples)
	$(if $(EXAMPLES),grep -rl /usr/local/bin/cmigrate $(DESTDIR)$(DOCDIR)/examples | \
		xargs sed -i 's|/usr/local/bin/cmigrate|$(BINDIR)/cmigrate|')

uninstall: ## removes what install has installed
	rm -f $(DESTDIR)$(BINDIR)/cmigrate $(DESTDIR)$(BASHDIR)/cmigrate $(DESTDIR)$(ZSHDIR)/_cmigrate \
		$(DESTDIR)$(FISHDIR)/cmigrate.fish $(DESTDIR)$(MANDIR)/man1/cmigrate.1 \
		$(DESTDIR)$(MANDIR)/man5/cmigrate-config.5 $(DESTDIR)$(MANDIR)/man7/cmigrate-losses.7
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(OCFROOT)/resource.d/cmigrate \
		$(DESTDIR)$(OCFROOT)/lib/cmigrate

clean: ## removes build and ./cmigrate
	rm -rf build cmigrate

help: ## prints this list
	@echo "make                builds ./cmigrate"
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/\1 \2/p' Makefile | \
		while read -r t text; do printf 'make %-14s %s\n' "$$t" "$$text"; done
	@echo "PREFIX=$(PREFIX) DESTDIR= CC=$(CC) CFLAGS='$(CFLAGS)' WERROR=1 SANITIZE=1 V=1"

.PHONY: all build unit-programs unit-warnings check check-all unit cli hosts cluster containers vm faults scale lint format fuzz \
	demo demo-vm demo-cluster bench packages deb \
	install uninstall clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:

-include $(wildcard $(BUILD)/test/*.d $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/unit/*/*.d)
