#!/usr/bin/env bash
# Installs what the tests need and runs all of them: formatting, lints, unit, property, integration and peer tests.
#
#   tests/run.sh            what continuous integration runs
#   tests/run.sh --long     more seeds and cases, longer runs
#   tests/run.sh --no-install   never installs; a missing peer fails the tests that need it
#
# Everything runs on loopback and in network namespaces of its own. Exit code 0: every test passed, none was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

install=yes
for argument in "$@"; do
  case "$argument" in
    --long) export QUORATE_LONG=1 PROPTEST_CASES="${PROPTEST_CASES:-10000}" ;;
    --no-install) install=no ;;
    *) echo "tests/run.sh: unknown argument $argument; allowed are --long and --no-install" >&2; exit 2 ;;
  esac
done

# Program, and the Debian package that brings it.
peers=(
  cc:build-essential git:git ip:iproute2 nft:nftables openssl:openssl jq:jq tmux:tmux wrk:wrk
  nginx:nginx-light prometheus:prometheus promtool:prometheus
  prometheus-blackbox-exporter:prometheus-blackbox-exporter systemd-analyze:systemd sysctl:procps
  chromium:chromium pdftotext:poppler-utils
)

missing=()
for entry in "${peers[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
done
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$install" = yes ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "tests/run.sh: missing ${missing[*]}; install them with: apt-get install ${missing[*]}" >&2
    exit 2
  fi
fi
export PATH="$PATH:/usr/sbin:/sbin"
if ! command -v cargo >/dev/null; then
  echo "tests/run.sh: cargo is missing; Quorate needs Rust 1.95 or later, see https://rustup.rs" >&2
  exit 2
fi
if ! cargo nextest --version >/dev/null 2>&1; then
  cargo install --locked cargo-nextest
fi

# A skipped test is a failed one here.
export QUORATE_TEST_REQUIRE="${QUORATE_TEST_REQUIRE-all}"

step() { echo "== $*"; "$@"; }
# What other platforms would need is fetched too, so that the licences of all of it can be read.
[ "$install" = no ] || step cargo fetch --locked --quiet
step cargo fmt --all -- --check
step cargo clippy --workspace --all-targets --locked -- -D warnings
step cargo build --workspace --bins --locked
step cargo nextest run --workspace --locked
