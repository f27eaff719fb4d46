# SPDX-License-Identifier: GPL-2.0
#
#   make               the module for the running kernel, the libraries,
#                      examples, regbuf and regbuf-perf if theirs are there
#   make check         all tests in VMs       [TESTS=...]
#                      [KERNEL='6.1 6.12 6.12.minutes'] also 7.2, 7.3, kasan,
#                      kcsan, kasan7; or a part, such as kasan.1of2. QUICK=1
#                      leaves out what takes long
#   make check-all     the same on all of them, for hours
#   make coverage      which lines of the module the tests run [TESTS=...]
#   make soak          everything at once, in little memory, for a while
#                      [MINUTES=5] [KERNEL=6.12] [SEED=...] [MIB=...]
#   make fuzz          calls at random, to find bugs [MINUTES=1] [KERNEL=uml|kasan]
#                      [SEED=...] [CORPUS=file]; [REPLAY=file] what it failed with
#   make fuzz-planted  does that find bugs that are there? [BUGS=...]
#   make coverage-faults   which of its allocation sites they have failed
#   make demo          a file over TCP        [FILE=path] [KERNEL=...]
#   make vm CMD='...'  any command in the VM  [KERNEL=...] [SHARE=dir]
#   make bench         instructions per operation, and those of the others
#                      [BENCH=tx|rx|reg|scale|cross] [KERNEL=6.1|6.12] [SIZES=...]
#                      [DEPTHS=...] [MODE=backlogged|immediate] [WORKS=...]
#                      [ENGINES=...] [PAGES=2m|4k] [LAYOUT=...] [SNDBUF=...]
#   make profile       where the instructions of one go, by function
#                      [PROFILE='-w tcp -s 4096 -e "regbuf uring_sendmsg_zc"']
#   make performance   measure everything, write Documentation/performance.rst
#   make perf          real time, from a VM to this machine, for orientation
#                      [KERNEL=...] [SECONDS=3] [MODES=...] [PERF='-d 64 -P 2']
#   make lint          every static check     [CHECKS=...]
#   make install       libraries, headers, man pages, udev rule, regbuf,
#                      regbuf-perf
#                      [DESTDIR=] [PREFIX=/usr/local]
#   make dkms-install  the module's sources, for DKMS [DESTDIR=]
#   make clean

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
KERNEL ?=
TESTS ?=
CFLAGS ?= -O2 -g -Wall -Wextra

export PREFIX DESTDIR

.PHONY: all modules lib examples tools check check-all coverage fuzz
.PHONY: fuzz-planted soak demo vm bench profile performance perf lint install
.PHONY: dkms-install clean coverage-faults

all: modules lib examples tools

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

lib:
	$(MAKE) -C lib
	$(MAKE) -C lib/win

examples: lib
	$(MAKE) -C examples

tools: lib
	$(MAKE) -C tools/regbuf
	$(MAKE) -C tools/perf

check:
	selftests/vm/check.sh $(if $(QUICK),-q) $(if $(TESTS),-t '$(TESTS)') \
		$(KERNEL)

check-all:
	selftests/vm/check-all.sh

coverage:
	selftests/vm/check.sh -g $(if $(TESTS),-t '$(TESTS)') $(or $(KERNEL),kasan)

soak:
	selftests/vm/soak.sh $(if $(MINUTES),-m '$(MINUTES)') \
		$(if $(SEED),-s '$(SEED)') $(if $(MIB),-M '$(MIB)') $(KERNEL)

fuzz:
	selftests/fuzz/fuzz.sh $(if $(KERNEL),-k $(KERNEL)) \
		-t $$(($(or $(MINUTES),1) * 60)) $(if $(SEED),-s $(SEED)) \
		$(if $(CORPUS),-c '$(CORPUS)') $(if $(REPLAY),-r '$(REPLAY)')

fuzz-planted:
	selftests/fuzz/planted.sh $(BUGS)

coverage-faults:
	selftests/vm/check.sh -F kasan

demo:
	examples/demo.sh $(if $(KERNEL),-k $(KERNEL)) $(FILE)

vm:
	$(if $(CMD),,$(error say what to run: make vm CMD='...'))
	tools/deps.sh build vm
	selftests/vm/module.sh $(or $(KERNEL),6.12)
	selftests/vm/run.sh -k $(or $(KERNEL),6.12) \
		$(if $(SHARE),-c '$(SHARE):share') '$(subst ','\'',$(CMD))'

bench:
	bench/bench.sh $(if $(BENCH),-b '$(BENCH)') \
		$(if $(KERNEL),-k '$(KERNEL)') $(if $(SIZES),-s '$(SIZES)') \
		$(if $(DEPTHS),-d '$(DEPTHS)') $(if $(MODE),-m '$(MODE)') \
		$(if $(WORKS),-w '$(WORKS)') $(if $(ENGINES),-e '$(ENGINES)') \
		$(if $(PAGES),-p '$(PAGES)') $(if $(LAYOUT),-l '$(LAYOUT)') \
		$(if $(SNDBUF),-B '$(SNDBUF)')

profile:
	bench/profile.sh $(PROFILE)

performance:
	bench/performance.sh

perf:
	tools/perf/perf.sh $(if $(KERNEL),-k '$(KERNEL)') \
		$(if $(SECONDS),-t '$(SECONDS)') $(if $(MODES),-m '$(MODES)') \
		-- $(PERF)

lint:
	.ci/lint.sh $(CHECKS)

install: lib tools
	$(MAKE) -C lib install
	$(MAKE) -C lib/win install
	$(MAKE) -C tools/regbuf install
	$(MAKE) -C tools/perf install
	install -D -m 644 tools/60-regbuf.rules \
		$(DESTDIR)/lib/udev/rules.d/60-regbuf.rules

dkms-install:
	mkdir -p $(DESTDIR)/usr/src/regbuf-$(VERSION)
	cp -r Kbuild dkms.conf kmod include \
		$(DESTDIR)/usr/src/regbuf-$(VERSION)/
	find $(DESTDIR)/usr/src/regbuf-$(VERSION) ! -name '*.[ch]' \
		! -name Kbuild ! -name dkms.conf -type f -delete

clean:
	rm -rf build out
	find . -path ./build -prune -o \( -name '*.o' -o -name '*.ko' \
		-o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name Module.symvers -o -name modules.order \) \
		-type f -exec rm -f {} +
