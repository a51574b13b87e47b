#!/bin/sh
# With the .NET 8 SDK where it is here, else with Mono, compiled into a directory of its own.
set -eu
cd "$(dirname "$0")"
if dotnet --list-sdks 2>/dev/null | grep -q '^8\.'; then exec dotnet run; fi
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
mcs -langversion:7 -r:System.Net.Http.dll -out:"$built/test.exe" QLink.cs ClientTest.cs
mono "$built/test.exe"
