#!/bin/sh
# Compiles into a directory of its own, tests, and leaves nothing behind.
set -eu
cd "$(dirname "$0")"
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
javac --release 11 -encoding UTF-8 -d "$classes" QLink.java ClientTest.java
java -cp "$classes" ClientTest
