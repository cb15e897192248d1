"""attention-memory.py FOLDER NAME..: the peaks of NAME_1024.txt, NAME_2048.txt and NAME_4096.txt, which `mgc inspect` wrote, are at
most six blocks of 128 queries' scores, of 4 heads, and less than all scores."""

import re
import sys

UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}


def peak(path):
    with open(path, encoding="utf-8") as file:
        number, unit = re.search(r"memory +peak ([\d.]+) (\w+)", file.read()).groups()
    return float(number) * UNITS[unit]


folder, *names = sys.argv[1:]
for name in names:
    for length in (1024, 2048, 4096):
        found, row = peak(f"{folder}/{name}_{length}.txt"), 4 * 4 * length
        print(f"{name} {length}: {found / 1e6:.2f} MB")
        if found > min(6 * 128, length) * row:
            sys.exit(1)
