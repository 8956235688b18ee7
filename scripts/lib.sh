# Shared by the scripts in this folder; sourced, not run.
# shellcheck shell=bash

set -euo pipefail

# The tests' Python leaves nothing among the sources.
export PYTHONDONTWRITEBYTECODE=1

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${QUIETUS_BUILD:-$top/build}
# shellcheck disable=SC2034  # used by the scripts that source this file
out=${QUIETUS_OUT:-$top/out}

say() { printf '%s\n' "$*" >&2; }
die() {
    say "${0##*/}: $*"
    exit 1
}

# Root runs a user's clone too: git alone would refuse it, and certificates would not name the commit.
git_here() { git -c safe.directory="$top" -C "$top" "$@"; }

# What decides the initramfs's and the agent's bytes besides the sources: the commit's own time.
source_epoch() {
    git_here log -1 --format=%ct 2>/dev/null || echo 0
}

source_commit() {
    local commit
    commit=$(git_here rev-parse --short=12 HEAD 2>/dev/null) || { echo unknown; return; }
    git_here diff --quiet HEAD -- 2>/dev/null || commit+=-modified
    echo "$commit"
}
