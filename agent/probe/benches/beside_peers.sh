#!/usr/bin/env bash
# CPU time per HTTP probe on a new connection: ours, the bare kernel cost as wrk pays it, and blackbox_exporter's, against
# one nginx on loopback, in the same run, several rounds interleaved. Prints one line a round and the medians with ratios.
#
#   agent/probe/benches/beside_peers.sh [ROUNDS] [PROBES] [AT_ONCE]
#
# The server's own CPU time is not counted. Needs nginx, wrk and prometheus-blackbox-exporter.
# Budget: ours <= 1.5 x wrk; blackbox_exporter >= 8 x ours.
set -euo pipefail
cd "$(dirname "$0")/../../.."
export PATH="$PATH:/usr/sbin:/sbin"
rounds=${1:-5} probes=${2:-40000} at_once=${3:-8}
for program in nginx wrk prometheus-blackbox-exporter; do
  command -v "$program" >/dev/null || { echo "beside_peers.sh: needs $program" >&2; exit 2; }
done
cargo build --release --quiet --locked -p quorate-agent-probe --example http_cost
ours=target/release/examples/http_cost

work=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

# A port nobody listens on, from below the range connections leave from.
free_port() {
  local port
  for port in $(shuf -i 20000-29999 -n 50); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
  return 1
}
wait_for_port() {
  for _ in $(seq 1 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 0.02
  done
  echo "beside_peers.sh: nothing listens on port $1" >&2
  return 1
}

web=$(free_port)
cat >"$work/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 2048; }
http {
  access_log off;
  server { listen 127.0.0.1:$web backlog=2048; location / { return 200 "ok\n"; } }
}
CONF
nginx -c "$work/nginx.conf" -p "$work" & pids+=($!)
wait_for_port "$web"
url="http://127.0.0.1:$web/"

blackbox=$(free_port)
cat >"$work/blackbox.yml" <<CONF
modules:
  web: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
CONF
prometheus-blackbox-exporter --config.file="$work/blackbox.yml" --web.listen-address="127.0.0.1:$blackbox" \
  --log.level=error >"$work/blackbox.log" 2>&1 & blackbox_pid=$!; pids+=("$blackbox_pid")
wait_for_port "$blackbox"

# Nanoseconds of CPU, user and system, of all threads of a process.
cpu_ns() { awk '{sum += $1} END {printf "%.0f\n", sum}' /proc/"$1"/task/*/schedstat; }
requests_of() { awk '$2 == "requests" {print $1}' "$1"; }

measure_wrk() {
  local seconds
  seconds=$({ TIMEFORMAT='%U %S'; time wrk -t1 -c"$at_once" -d3s -H 'Connection: close' "$url" >"$work/wrk.out"; } 2>&1 |
    awk '{print $1 + $2}')
  awk -v s="$seconds" -v n="$(requests_of "$work/wrk.out")" 'BEGIN {printf "%.2f\n", s * 1e6 / n}'
}
measure_blackbox() {
  local before after
  before=$(cpu_ns "$blackbox_pid")
  wrk -t1 -c"$at_once" -d4s "http://127.0.0.1:$blackbox/probe?module=web&target=$url" >"$work/wrk.out"
  after=$(cpu_ns "$blackbox_pid")
  awk -v c="$((after - before))" -v n="$(requests_of "$work/wrk.out")" 'BEGIN {printf "%.2f\n", c / 1000 / n}'
}
measure_ours() {
  local line
  line=$("$ours" "$url" "$probes" "$at_once" "$1")
  case "$line" in *wrong=0*) ;; *) echo "beside_peers.sh: $line" >&2; return 1 ;; esac
  sed 's/.*cpu_us_per_probe=//' <<<"$line"
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

curl -sf "http://127.0.0.1:$blackbox/probe?module=web&target=$url" | grep -q '^probe_success 1' ||
  { echo "beside_peers.sh: blackbox_exporter does not reach nginx" >&2; exit 1; }
"$ours" "$url" 5000 "$at_once" >/dev/null # warm up

echo "CPU us per probe, $at_once at once, $(nproc) cores"
printf '%6s %10s %10s %12s %10s\n' round wrk ours ours-2-thr blackbox
for round in $(seq 1 "$rounds"); do
  w=$(measure_wrk) o=$(measure_ours 1) m=$(measure_ours 2) b=$(measure_blackbox)
  echo "$w" >>"$work/w"; echo "$o" >>"$work/o"; echo "$m" >>"$work/m"; echo "$b" >>"$work/b"
  printf '%6s %10s %10s %12s %10s\n' "$round" "$w" "$o" "$m" "$b"
done
awk -v w="$(median <"$work/w")" -v o="$(median <"$work/o")" -v m="$(median <"$work/m")" -v b="$(median <"$work/b")" 'BEGIN {
  printf "%6s %10s %10s %12s %10s\n", "median", w, o, m, b
  printf "ours / wrk = %.2f (two threads %.2f); blackbox / ours = %.1f (two threads %.1f)\n", o / w, m / w, b / o, b / m
}'
