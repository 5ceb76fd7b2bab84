#!/bin/sh
# bits.sh: builds bits.c with every compiler and level at hand, and fails unless all print the same.
#
#   bits.sh <source folder> <include folder> <work folder>
set -eu
source=$1 include=$2 work=$3
mkdir -p "$work"
reference=
builds=0

# Runs one build: a compiler and its options.
check() {
    name=$(echo "$*" | tr -c 'A-Za-z0-9\n' '_')
    "$@" -std=c17 -Wall -Wextra -Wpedantic -ffp-contract=off -I"$include" "$source/bits.c" \
        -lm -o "$work/$name"
    "$work/$name" > "$work/$name.txt"
    builds=$((builds + 1))
    echo "built and ran: $*"
    if [ -z "$reference" ]; then
        reference=$work/$name.txt
    elif ! diff "$reference" "$work/$name.txt"; then
        echo "$* differs from $reference"
        exit 1
    fi
}

vector="-fno-math-errno -fno-trapping-math"
for compiler in gcc clang; do
    command -v $compiler > /dev/null || continue
    check $compiler -O0
    check $compiler -O2
    check $compiler -O3 $vector
    case $(uname -m) in
    x86_64)
        grep -q -w avx2 /proc/cpuinfo && check $compiler -O3 $vector -march=x86-64-v3
        check $compiler -O3 $vector -march=native
        ;;
    *)
        check $compiler -O3 $vector -mcpu=native
        ;;
    esac
done

if [ $builds -lt 3 ]; then
    echo "only $builds builds: no compiler to compare"
    exit 1
fi
echo "$builds builds agree"
