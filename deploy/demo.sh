#!/usr/bin/env bash
# Builds Quorate and runs its demonstration on this machine: a collector and five agents in five regions, real processes
# with mutual TLS on loopback, and faults that you cause. Nothing is left behind but the build.
#
#   deploy/demo.sh                    the live view: cut a region, stop the target, kill the collector
#   deploy/demo.sh --story            unattended, about 100 seconds: each fault, and whether the collector said the truth
#   deploy/demo.sh --story --output json
#   deploy/demo.sh --no-install ...   installs nothing; says what is missing
#
# Every other argument goes to `quorate demo`; see `quorate demo --help`. Exit code: that of `quorate demo`; 2 if
# something is missing.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
wanted=1.95

fail() { echo "deploy/demo.sh: $*" >&2; exit 2; }

install=yes
arguments=()
for argument in "$@"; do
  case "$argument" in
    --no-install) install=no ;;
    *) arguments+=("$argument") ;;
  esac
done

[ "$(uname -s)" = Linux ] || fail "this is $(uname -s); the demonstration needs Linux, where all of 127.0.0.0/8 is this machine"

# The C compiler is for SQLite, zstd and the cryptography, which are built in.
if ! command -v cc >/dev/null; then
  if [ "$install" = yes ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing build-essential" >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends build-essential >&2
  else
    fail "a C compiler is missing; install it with: sudo apt-get install build-essential"
  fi
fi

# rustup puts cargo here, which a shell opened before does not know.
[ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ] && PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
rust="install Rust $wanted or later with:
  sudo apt-get install curl ca-certificates
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
(the cargo that Debian packages is too old)"
command -v cargo >/dev/null || fail "cargo is missing; $rust"
version="$(rustc --version | cut -d' ' -f2)"
oldest="$(printf '%s\n%s\n' "$wanted" "$version" | sort -V | head -n1)"
[ "$oldest" = "$wanted" ] || fail "rustc is $version; $rust"

echo "building (the first time takes some minutes)" >&2
cargo build --manifest-path "$root/Cargo.toml" --release --locked --quiet \
  -p quorate-collector -p quorate-agent -p quorate-collector-cli

# Without a terminal there is nobody to press keys.
if [ ! -t 1 ] && [ "${#arguments[@]}" -eq 0 ]; then
  arguments=(--story)
fi
exec "${CARGO_TARGET_DIR:-$root/target}/release/quorate" demo "${arguments[@]}"
