# make dist, deb, rpm. Included by the Makefile.
#
# dist: the sources, the built pages and the licences of what is in them, in one archive that is the
# same byte for byte wherever and whenever it is made of the same commit. Packages are built from
# that archive alone, without network and without npm.

VERSION ?= $(shell sed -n 's/^.define VISAVIS_VERSION "\(.*\)"/\1/p' services/common/base/version.h)
PACKAGES ?= build/packages
ARCHIVE := build/dist/visavis-$(VERSION).tar.gz

# Seconds since 1970: of the last commit, or what the archive that we are in was told.
SOURCE_DATE_EPOCH ?= $(shell cat prebuilt/date 2>/dev/null || git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH

dist: $(ARCHIVE)

# The rules look at no times: what has changed is for packaging/dist.sh and the package tools to see.
.PHONY: $(ARCHIVE)
$(ARCHIVE): pages
	$(call say,DIST,$@)
	$(Q)packaging/dist.sh $(O) $(VERSION) $@

deb: $(ARCHIVE)
	$(Q)packaging/deb/build.sh $(ARCHIVE) $(PACKAGES)

rpm: $(ARCHIVE)
	$(Q)packaging/rpm/build.sh $(ARCHIVE) $(PACKAGES)
