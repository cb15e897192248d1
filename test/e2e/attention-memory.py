"""attention-memory.py FOLDER NAME..: the peak in NAME_LENGTH.txt, which `mgc inspect` wrote, is less than all scores of 4 heads. That of
attention itself is the scores of at most 16 tiles of 32 queries, 1 % more for results and operands of a tile; of a NAME that ends with
_backward, six blocks of 128 queries."""

import re
import sys

UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}


def peak(path):
    with open(path, encoding="utf-8") as file:
        number, unit = re.search(r"memory +peak ([\d.]+) (\w+)", file.read()).groups()
    return float(number) * UNITS[unit]


folder, *names = sys.argv[1:]
for name in names:
    length = int(re.search(r"\d+", name).group())
    found, scores = peak(f"{folder}/{name}.txt"), 4 * length
    print(f"{name}: {found / 1e6:.2f} MB")
    backward = name.endswith("_backward")
    if found > min(4 * 6 * 128 if backward else 1.1 * 16 * 32, 4 * length) * scores:
        sys.exit(1)
