#!/usr/bin/env python3
"""A program that must not compile, and what the user reads then.

    must-fail.py COMPILER SOURCE INCLUDE...     exit 1 unless the errors say what the first line says
"""
import subprocess
import sys

compiler, source, *includes = sys.argv[1:]
with open(source) as file:
    says = file.readline().removeprefix("// says: ").strip()
command = [compiler, "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only",
           "-fdiagnostics-color=never", *("-I" + i for i in includes), source]
result = subprocess.run(command, capture_output=True, text=True)
if result.returncode == 0:
    sys.exit(f"{source} compiles")
if says not in result.stderr:
    sys.exit(f"{source}: no '{says}' in\n{result.stderr}")
