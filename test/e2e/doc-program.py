#!/usr/bin/env python3
"""The cpp blocks of a page as one program, which prints its text blocks.

    doc-program.py PAGE.md            writes the program to stdout
    doc-program.py PAGE.md OUTPUT     compares the program's output
"""
import pathlib
import re
import sys


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.M | re.S)


page = pathlib.Path(sys.argv[1]).read_text()
if len(sys.argv) == 2:
    print("#include <mg/mg.h>\n#include <iostream>\nint main() {")
    print("\n".join(blocks(page, "cpp")))
    print("}")
else:
    want = "".join(blocks(page, "text"))
    got = pathlib.Path(sys.argv[2]).read_text()
    if want != got:
        for line, other in zip(want.splitlines(), got.splitlines()):
            if line != other:
                sys.exit(f"the page says {line!r}, the program {other!r}")
        sys.exit(f"the page says\n{want}the program\n{got}")
