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

# The build's own folders are listed by the shell, for make may have looked into them too early.
put_built = $(call put,$(1),644,$(O)/share/$(2)/*)

install: all
	$(call put,$(PREFIX)/bin,755,$(O)/bin/visavis)
	$(call put,$(LIBDIR)/visavis,755,$(filter-out %/visavis,$(BINS)) $(wildcard units/scripts/*))
	$(call put,$(LIBDIR)/visavis,644,$(MODULES))
	$(Q)ln -sfn ../../bin/$(notdir $(REDIS_SERVER)) $(DESTDIR)$(LIBDIR)/visavis/redis-server
	$(call put,$(UNITDIR),644,$(UNITS))
	$(call put,$(UNITDIR)/visavis-.service.d,644,$(wildcard units/visavis-.service.d/*))
	$(call put,$(UNITDIR)/nginx.service.d,644,$(wildcard units/nginx.service.d/*))
	$(call put,$(LIBDIR)/systemd/system-preset,644,units/preset/50-visavis.preset)
	$(call put,$(LIBDIR)/sysctl.d,644,units/sysctl.d/10-visavis.conf)
	$(call put,$(LIBDIR)/tmpfiles.d,644,units/tmpfiles.d/visavis.conf)
	$(Q)install -d -m 755 $(DESTDIR)$(LIBDIR)/sysusers.d
	$(Q)sed 's/@PROXY_USER@/$(PROXY_USER)/' units/sysusers.d/visavis.conf >$(DESTDIR)$(LIBDIR)/sysusers.d/visavis.conf
	$(Q)chmod 644 $(DESTDIR)$(LIBDIR)/sysusers.d/visavis.conf
	$(Q)install -d -m 755 $(DESTDIR)$(DATADIR)/visavis
	$(Q)cp -R $(O)/share/call $(DESTDIR)$(DATADIR)/visavis/
	$(call put,$(DATADIR)/visavis/dashboard,644,$(wildcard services/dashboard/*))
	$(Q)chmod -R u=rwX,go=rX $(DESTDIR)$(DATADIR)/visavis
	$(call put,$(DATADIR)/visavis,644,env/env.template)
	$(call put,$(DATADIR)/visavis/pages,644,$(wildcard installer/pages/*))
	$(call put_built,$(DATADIR)/bash-completion/completions,bash-completion)
	$(call put_built,$(DATADIR)/zsh/vendor-completions,zsh)
	$(call put_built,$(DATADIR)/fish/vendor_completions.d,fish)
	$(call put_built,$(DATADIR)/man/man1,man/man1)
	$(call put,$(DOCDIR),644,$(O)/doc/third-party.txt $(wildcard LICENSE README.md))
