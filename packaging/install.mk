# make install: everything of the product below DESTDIR, in the places of a distribution. Included
# by the Makefile.

# The web server's user, who may reach signaling's socket: www-data, or nginx on RHEL-likes.
PROXY_USER ?= www-data

# Debian's redis-server package starts an instance of its own; the program itself comes with
# redis-tools, under this name (which tool to be, it takes from the name it is called by).
REDIS_SERVER ?= $(firstword $(wildcard /usr/bin/redis-check-rdb /usr/bin/redis-server) /usr/bin/redis-server)

LIBDIR := $(PREFIX)/lib
DATADIR := $(PREFIX)/share
UNITDIR := $(LIBDIR)/systemd/system
DOCDIR ?= $(DATADIR)/doc/visavis

UNITS := $(wildcard units/*.service units/*.socket units/*.target units/*.timer units/*.path)

# into folder, mode, files: nothing when there are none
put = $(Q)$(if $(strip $(3)),install -d -m 755 $(DESTDIR)$(1) && install -m $(2) $(3) $(DESTDIR)$(1)/)

# What the other parts of the build leave in $(O)/share: completion and man pages go to their own
# places, pages and data to ours.
SHARED_PAGES = $(filter-out %/bash-completion %/zsh %/fish %/man,$(wildcard $(O)/share/*))

install: all
	$(call put,$(PREFIX)/bin,755,$(O)/bin/visavis)
	$(call put,$(LIBDIR)/visavis,755,$(filter-out %/visavis,$(BINS)) $(wildcard units/scripts/*))
	$(Q)ln -sfn ../../bin/$(notdir $(REDIS_SERVER)) $(DESTDIR)$(LIBDIR)/visavis/redis-server
	$(call put,$(UNITDIR),644,$(UNITS))
	$(call put,$(UNITDIR)/visavis-.service.d,644,$(wildcard units/visavis-.service.d/*))
	$(call put,$(LIBDIR)/systemd/system-preset,644,units/preset/50-visavis.preset)
	$(call put,$(LIBDIR)/sysctl.d,644,units/sysctl.d/10-visavis.conf)
	$(call put,$(LIBDIR)/tmpfiles.d,644,units/tmpfiles.d/visavis.conf)
	$(Q)install -d -m 755 $(DESTDIR)$(LIBDIR)/sysusers.d
	$(Q)sed 's/@PROXY_USER@/$(PROXY_USER)/' units/sysusers.d/visavis.conf >$(DESTDIR)$(LIBDIR)/sysusers.d/visavis.conf
	$(Q)chmod 644 $(DESTDIR)$(LIBDIR)/sysusers.d/visavis.conf
	$(Q)install -d -m 755 $(DESTDIR)$(DATADIR)/visavis
	$(Q)cp -R $(SHARED_PAGES) $(DESTDIR)$(DATADIR)/visavis/
	$(Q)chmod -R u=rwX,go=rX $(DESTDIR)$(DATADIR)/visavis
	$(call put,$(DATADIR)/visavis,644,$(wildcard env/env.template))
	$(call put,$(DATADIR)/bash-completion/completions,644,$(wildcard $(O)/share/bash-completion/*))
	$(call put,$(DATADIR)/zsh/vendor-completions,644,$(wildcard $(O)/share/zsh/*))
	$(call put,$(DATADIR)/fish/vendor_completions.d,644,$(wildcard $(O)/share/fish/*))
	$(call put,$(DATADIR)/man/man1,644,$(wildcard $(O)/share/man/*.1 $(O)/share/man/man1/*.1))
	$(call put,$(DATADIR)/man/man5,644,$(wildcard $(O)/share/man/*.5 $(O)/share/man/man5/*.5))
	$(call put,$(DATADIR)/man/man8,644,$(wildcard $(O)/share/man/*.8 $(O)/share/man/man8/*.8))
	$(call put,$(DOCDIR),644,$(O)/doc/third-party.txt $(wildcard LICENSE README.md))
