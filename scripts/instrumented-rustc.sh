#!/usr/bin/env bash
# What `make fuzz` gives cargo as RUSTC_WORKSPACE_WRAPPER: the workspace's own crates are compiled with what libFuzzer reads
# its way from, and what they depend on is the build that the tests have already.
# The flags are those of cargo-fuzz that the fuzzer is guided by most.
set -euo pipefail
rustc=$1
shift
for argument in "$@"; do
    # Nothing that runs in the compiler, or before there is a program, can be instrumented.
    case "$argument" in proc-macro | build_script_build | --print=* | -) exec "$rustc" "$@" ;; esac
done
exec "$rustc" "$@" --cfg fuzzing -C passes=sancov-module -C codegen-units=16 \
    -C llvm-args=-sanitizer-coverage-level=4 \
    -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
    -C llvm-args=-sanitizer-coverage-pc-table \
    -C llvm-args=-sanitizer-coverage-trace-compares
