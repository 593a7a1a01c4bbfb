.PHONY: help dev run try test crash soak client install uninstall ipk lock deb packaging bench sizes lint type fmt clean

PREFIX = /usr/local
PYTHON = /usr/bin/python3

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*##/\1	/p' Makefile

dev: .venv/ready  ## install what is needed to run and test, once

.venv/ready: setup.cfg pyproject.toml tools/dev.sh
	@sh tools/dev.sh

run: dev  ## start a daemon to try, in ./var, and show how a phone reaches it
	@.venv/bin/python tools/run.py

try: dev  ## in a second terminal: upload, list and fetch, as a phone does
	@.venv/bin/python tools/try.py

test: dev  ## run all tests
	.venv/bin/python -m pytest -q

crash: dev  ## kill the daemon many times and look for lost files
	.venv/bin/python -m pytest -q -m crash --rounds 200

soak: dev  ## devices and folders in step through thousands of accidents; about two hours
	.venv/bin/python -m pytest -q tests/sync tests/client --examples 10000 --soak-seconds 600 --sync-rounds 50
	.venv/bin/python -m pytest -q tests/signin/test_leaks.py tests/syncfile/test_limits.py --log-ins 1000 --big-mib 2048

client: dev  ## build the folder client alone: build/syncd-client.pyz
	@.venv/bin/python tools/client.py

install:  ## put syncd into this system, or into DESTDIR; PREFIX=/usr/local and STORAGE=/mnt/disk if you like
	$(PYTHON) -m bundle.stage --destdir "$(DESTDIR)" --prefix "$(PREFIX)" --storage "$(STORAGE)" --interpreter $(PYTHON)

uninstall:  ## take the program away again; settings, accounts and files stay
	$(PYTHON) -m bundle.uninstall --destdir "$(DESTDIR)" --prefix "$(PREFIX)"

deb:  ## make packages for Debian 12 and 13, amd64, arm64 and armhf, in dist/
	python3 -m debian.mkdeb

ipk:  ## make packages for OpenWrt 23.05 and 24.10 in dist/; ARCH=aarch64_cortex-a53 for one alone
	python3 -m openwrt.mkipk $(ARCH)

lock: dev  ## renew bundle/wheels.lock, the libraries syncd is delivered with
	.venv/bin/python -m bundle.lock

packaging: dev  ## the tests of packages: download, build, emulate, boot
	sh tools/packaging.sh
	.venv/bin/python -m pytest -q -m "packaging and heavy" tests/packaging

bench: dev  ## measure beside nginx, copyparty and djpeg; about ten minutes
	.venv/bin/python -m benchmarks.run

sizes: dev  ## measure what each package takes up: the table in README.md
	@sh tools/packaging.sh
	@.venv/bin/python -m benchmarks.footprint

lint: dev  ## look for mistakes and for lines that are not formatted
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

type: dev  ## check the types
	.venv/bin/mypy

fmt: dev  ## format the code
	.venv/bin/ruff check --fix-only --quiet .
	.venv/bin/ruff format .

clean:  ## remove what was built or installed here; ./var stays
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
