"""windows.py TEXT LINES LENGTH: the windows (hexadecimal) are the beginning of the text in order, none longer than
LENGTH, none ends inside a character: of several code points, too, as far as Python's own tables know them."""

import sys
import unicodedata

text = open(sys.argv[1], "rb").read()
windows = [bytes.fromhex(line) for line in open(sys.argv[2])]
whole = b"".join(windows)
assert windows and text.startswith(whole), "the windows are not the text"
assert len(whole) >= 0.89 * len(text), "windows are missing"
joiner = "\u200d"
for window in windows:
    assert 0 < len(window) <= int(sys.argv[3]), f"a window of {len(window)} bytes"
    decoded = window.decode("utf-8")
    assert not unicodedata.combining(decoded[0]), f"{decoded!r} begins inside a character"
    assert joiner not in (decoded[0], decoded[-1]), f"{decoded!r} cuts joined characters"
assert any(len(w) < int(sys.argv[3]) for w in windows), "no character was at an edge: the test shows nothing"
