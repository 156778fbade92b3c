#!/usr/bin/env bash
# Runs the tests of every project, or of those whose name contains $1, and closes with one line that adds them all up.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pattern=${1:-}
# With job control, what runs in the background keeps Ctrl-C's default: the launcher's tests send it.
set -m
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
trap 'for group in ${test:-} ${beside:-}; do kill -- -$group 2>/dev/null; done; exit 130' INT TERM
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# What the tests use and the machine may lack. Without it they skip by name.
has() { command -v "$1" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null; }
install() {
  has "$1" && return
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || { echo "  $2 is not installed: tests that need it are skipped."; return; }
  echo "  installing $2…"
  { [ -n "${updated:-}" ] || apt-get update -qq; } >/dev/null 2>&1
  updated=1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$2" >/dev/null 2>&1 || echo "  $2 cannot be installed here: tests that need it are skipped."
}
echo "Preparing"
install redis-cli redis-tools
install node nodejs
install npm npm
# The tests make a server of their own: Debian's, which would start with the machine, is not made.
has initdb || [ "$(id -u)" != 0 ] || [ -e /etc/postgresql-common/createcluster.conf ] ||
  { mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf; }
install initdb postgresql

started=$SECONDS
echo "Building"
if ! dotnet build -c Release "$root/TokMesh.sln" >"$results/build.log" 2>&1; then
  grep -E 'error|warn' "$results/build.log" | sort -u | head -50
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi

# Runs the tests of one project, or those of it that a filter lets through, prints how they went, and leaves the numbers for the sum.
run() {
  local name=$1 begun=$SECONDS code p f s log filter=()
  case ${2:-} in
    beside) filter=(--filter "row=beside") ;;
    rest) filter=(--filter "row!=beside") ;;
  esac
  # What servers of a few seconds call 30 times is compiled again at once otherwise, which costs more than it gives.
  [ -z "${2:-}" ] || export DOTNET_TC_CallCountThreshold=C8
  local label=$name${2:+ ($2)}
  log="$results/$name${2:+.$2}"
  dotnet test "$root/tests/$name" -c Release --no-build "${filter[@]}" --logger "console;verbosity=normal" >"$log.log" 2>&1 &
  test=$!
  while kill -0 $test 2>/dev/null; do
    sleep 1
    if [ $(((SECONDS - begun) % 60)) = 59 ]; then echo "  $label: still at it after $((SECONDS - begun)) s"; fi
  done
  wait $test
  code=$?
  p=$(grep -cE '^\s+Passed ' "$log.log")
  f=$(grep -cE '^\s+Failed ' "$log.log")
  s=$(grep -cE '^\s+Skipped ' "$log.log")
  {
    # A run that broke off counts as a failure even if no test said so.
    if [ $code != 0 ] && [ "$f" = 0 ]; then f=1; tail -n 20 "$log.log"; fi
    printf '  %-34s %5d passed %4d failed %4d skipped  %4d s\n' "$label" "$p" "$f" "$s" $((SECONDS - begun))
    [ "$f" = 0 ] || grep -A25 -E '^\s+Failed ' "$log.log" | head -150
    # The runner says the name, and on the next line why.
    [ "$s" = 0 ] || awk '/ \[SKIP\]$/ { sub(/^\[xUnit[^]]*\] */, ""); sub(/ \[SKIP\]$/, ""); name = $0; getline; sub(/^\[xUnit[^]]*\] */, ""); print "    skipped: " name " (" $0 ")" }' "$log.log"
  } >"$log.said"
  # In one piece: another project may be at it at the same time.
  cat "$log.said"
  echo "$p $f $s" >"$log.sum"
}

# Two at a time: those that wait most of their time go beside those that compute, and what starts processes comes last in either row, cut in two.
waiting=() others=() processes=()
for project in "$root"/tests/*/; do
  name=$(basename "$project")
  [[ $name == *"$pattern"* ]] || continue
  grep -q Microsoft.NET.Test.Sdk "$project$name.csproj" 2>/dev/null || continue
  case $name in
    *.EndToEnd) processes+=("$name") ;;
    *.Orleans.Tests | *.Redis.Tests) waiting+=("$name") ;;
    *) others+=("$name") ;;
  esac
done
(
  for name in "${waiting[@]}"; do run "$name"; done
  for name in "${processes[@]}"; do run "$name" beside; done
) &
beside=$!
for name in "${others[@]}"; do run "$name"; done
for name in "${processes[@]}"; do run "$name" rest; done
wait $beside
beside=

passed=0 failed=0 skipped=0
for name in "${waiting[@]}" "${others[@]}" "${processes[@]/%/.beside}" "${processes[@]/%/.rest}"; do
  # One that left no numbers did not come to its end.
  read -r p f s <"$results/$name.sum" || { p=0 f=1 s=0; }
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "in $((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
