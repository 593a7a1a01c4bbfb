#!/bin/sh
# CPython for musl, small enough to build in a test: no tests, no docs, and only the modules that OpenWrt's
# sub-packages of our dependencies hold (modules.setup), all of them inside the interpreter.
#
#   build.sh SOURCES ZIG PYTHON OUT MACHINE...
#
# SOURCES holds the .orig.tar.* of python3.11, openssl, zlib, libffi and sqlite3; ZIG is the compiler, PYTHON a Python
# 3.11 of this machine; each MACHINE (x86_64, aarch64) becomes OUT/MACHINE/usr/bin/python3.11 and
# OUT/MACHINE/usr/lib/python3.11. perl, tclsh, make and a C compiler for this machine must be at hand.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
sources=$(cd "$1" && pwd)
zig=$2
python=$3
mkdir -p "$4"
out=$(cd "$4" && pwd)
shift 4
jobs=$(nproc)
work=$out/work
rm -rf "$work"
mkdir -p "$work/source"
export ZIG_GLOBAL_CACHE_DIR="$work/zig" ZIG_LOCAL_CACHE_DIR="$work/zig"

quietly() { # LOG COMMAND...: its output is shown only if it fails
    log=$1
    shift
    "$@" >"$log" 2>&1 || {
        tail -n 60 "$log" >&2
        echo "failed: $*" >&2
        return 1
    }
}

unpack() { # once for all machines; what is generated and the same everywhere is made here, too
    for name in python3.11 openssl zlib libffi sqlite3; do
        mkdir "$work/source/$name"
        tar -xf "$(find "$sources" -name "${name}_*.orig.tar.*" ! -name '*.asc')" \
            --strip-components 1 -C "$work/source/$name"
    done
    mkdir "$work/sqlite"
    (cd "$work/sqlite" && quietly make.log make -f ../source/sqlite3/main.mk \
        TOP=../source/sqlite3 BCC="cc -O0" TCC="cc -O0" sqlite3.c)
    mkdir -p "$work/bin"
    for tool in ar ranlib; do
        printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$tool" >"$work/bin/$tool"
    done
}

compiler() { # MACHINE: zig adds debugging aids unless told not to; sources of 2023 are called old-fashioned by it
    cat >"$work/bin/$1-cc" <<EOF
#!/bin/sh
exec "$zig" cc -target $1-linux-musl -dynamic -g0 -s -fno-sanitize=undefined -w \
    -Wno-error=date-time -Wno-error=implicit-function-declaration "\$@"
EOF
    chmod +x "$work/bin/"*
    export CC="$work/bin/$1-cc" AR="$work/bin/ar" RANLIB="$work/bin/ranlib"
}

# Unoptimised where only time to compile counts: clang takes ten times as long for sqlite3.c with -O1.

tls() { # MACHINE: what TLS 1.2 and 1.3 need, without the algorithms only old or distant peers use
    mkdir "$work/$1/openssl"
    cd "$work/$1/openssl"
    CFLAGS=-O0 quietly configure.log perl "$work/source/openssl/Configure" "linux-$1" --prefix=/ --libdir=lib \
        --openssldir=/etc/ssl no-asm no-shared no-tests no-dso no-engine no-legacy no-comp no-ssl3 \
        no-weak-ssl-ciphers no-cms no-ct no-ts no-srp no-psk no-ocsp no-cmp no-camellia no-aria no-sm2 no-sm3 \
        no-sm4 no-seed no-idea no-cast no-bf no-rc2 no-rc4 no-md4 no-mdc2 no-whirlpool no-rmd160 no-gost no-dsa \
        no-ec2m no-siphash no-dtls no-srtp no-ui-console no-async no-autoload-config
    quietly generate.log make -j"$jobs" build_generated
    quietly make.log make -j"$jobs" libcrypto.a libssl.a
    cp libcrypto.a libssl.a "$work/$1/deps/lib/"
    cp -R "$work/source/openssl/include/openssl" include/openssl "$work/$1/deps/include/"
}

libraries() { # MACHINE: zlib, libffi, sqlite
    mkdir "$work/$1/zlib" "$work/$1/libffi"
    cp -R "$work/source/zlib/." "$work/$1/zlib"
    cd "$work/$1/zlib"
    CFLAGS=-O1 CHOST="$1-linux-musl" quietly configure.log ./configure --static --prefix="$work/$1/deps"
    quietly make.log make install
    cd "$work/$1/libffi"
    CFLAGS=-O1 quietly configure.log "$work/source/libffi/configure" --host="$1-linux-musl" --prefix="$work/$1/deps" \
        --disable-shared --disable-docs --disable-multi-os-directory --disable-exec-static-tramp --disable-raw-api
    quietly make.log make install
    cd "$work/sqlite"
    cp sqlite3.h "$work/$1/deps/include/"
    "$CC" -O0 -c -DSQLITE_THREADSAFE=1 sqlite3.c -o "$work/$1/sqlite3.o"
    "$AR" rcs "$work/$1/deps/lib/libsqlite3.a" "$work/$1/sqlite3.o"
}

# Answers that configure cannot find out when it cannot run what it compiles, and what it found on the machine
# before this one: musl is the same library on both, and they agree on the size of everything.
answers() {
    cat <<'EOF'
ac_cv_func_preadv2=no
ac_cv_func_pwritev2=no
ac_cv_file__dev_ptmx=yes
ac_cv_file__dev_ptc=no
EOF
    find "$work" -path '*/python/config.cache' -exec \
        grep -hE '^(ac_cv_(func|header|type|sizeof|alignof|have_decl|member|lib|posix|working|search)_)' {} + || true # before the first
}

interpreter_settings() { # MACHINE
    mkdir "$work/$1/python"
    cd "$work/$1/python"
    answers >"$work/$1/answers"
    OPT="-DNDEBUG -fwrapv -O1" READELF=true PKG_CONFIG=false CONFIG_SITE="$work/$1/answers" \
        CPPFLAGS="-I$work/$1/deps/include" LDFLAGS="-L$work/$1/deps/lib" \
        quietly configure.log "$work/source/python3.11/configure" --config-cache --build="$(uname -m)-linux-gnu" \
        --host="$1-linux-musl" --prefix=/usr --with-build-python="$python" --disable-test-modules \
        --without-ensurepip --without-doc-strings --enable-ipv6
    cp "$here/modules.setup" Modules/Setup.local
}

interpreter() { # MACHINE: of the library what a router has room for; its byte-code is the same on all machines
    cd "$work/$1/python"
    quietly make.log make -j"$jobs" python pybuilddir.txt
    rm -rf "$out/$1.new"
    mkdir -p "$out/$1.new/usr/bin" "$out/$1.new/usr/lib"
    cp python "$out/$1.new/usr/bin/python3.11"
    cp -R "$work/source/python3.11/Lib" "$out/$1.new/usr/lib/python3.11"
    cd "$out/$1.new/usr/lib/python3.11"
    cp "$work/$1/python/$(cat "$work/$1/python/pybuilddir.txt")"/_sysconfigdata*.py .
    rm -rf test idlelib tkinter lib2to3 ensurepip turtledemo pydoc_data distutils unittest ./*/test ./*/tests
    mkdir -p site-packages lib-dynload
    "$python" -m compileall -q -j "$jobs" --invalidation-mode unchecked-hash .
}

unpack
for machine in "$@"; do
    mkdir -p "$work/$machine/deps/include" "$work/$machine/deps/lib"
    compiler "$machine"
    (tls "$machine") & # mostly make, the others mostly configure: together they keep two processors busy
    crypto=$!
    (libraries "$machine")
    (interpreter_settings "$machine")
    wait "$crypto"
    (interpreter "$machine")
done
# Only now do they exist: who finds the folder finds it whole.
for machine in "$@"; do
    rm -rf "${out:?}/$machine"
    mv "$out/$machine.new" "$out/$machine"
done
rm -rf "$work"
