"""What is shown and what is seen, in a form in which they can be compared.

What is another one in each run has a word instead: ids, numbers, times, sizes. All other
words have to be the same.
"""

import re

RULES = (
    (r"\blink [0-9a-f]{8}\b", "link HASH"),
    (r"\b\d+\.\d+\.\d+\+[0-9a-f]{8}", "VERSION"),
    (r"\x1b\[[\d;?]*\w", ""),
    (r".*[│┤└┌].*|^ *\d\d:\d\d( +\d\d:\d\d)+ *$", "PLOT"),
    (r"\b[a-z2-7]{52}\b", "ID"),
    (r"\b[a-z2-7]{8}\b", "ID"),
    (r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b", "ADDRESS"),
    (r"(?:ADDRESS, )+ADDRESS", "ADDRESS"),
    (r"/dev/pts/\d+", "PORT"),
    (r"~?/[\w./-]*(?=/(?:othermesh|settings\.toml|store\.db))", "~"),
    (r"\d\d\d\d-\d\d-\d\d", "DAY"),
    (r"\d\d:\d\d:\d\d", "TIME"),
    (r"\b[\d.,]+ (?:B|KiB|MiB|GiB)", "SIZE"),
    (r"-?\b\d+ (?:d|h|min|s|ms)\b(?: \d+ (?:h|min|s)\b)*|\bnow\b", "AGE"),
    (r"\b(?:last address|by hand|DNS-SD query|DNS-SD|CoAP group|told by peers|asked us)", "HOW"),
    (r"(?:HOW, )+HOW", "HOW"),
    (r"-?\b\d+(?:,\d{3})*(?:\.\d+)?", "N"),
    (r"(?:\b[\w-]+ up to N(?:, )?)+", "FEEDS"),
    (r"\s+", " "),
    (r"heard; (?:peers \w+: ADDRESS|nobody .*)", "heard; WHO"),
    (r"SIZE (?:SIZE|-) NN N", "SIZES"),  # of a day nothing is known yet
    (r"^clock .*", "clock"),
    (r"^follows (?:[\w-]+(?:, )?)+;", "follows PEERS;"),
)


def shape(line):
    """A line without what is another one in each run."""
    for pattern, word in RULES:
        line = re.sub(pattern, word, line)
    return line.strip()


def lost(shown, seen):
    """The lines of `shown` that were not seen, whole or as a part of a longer line."""
    there = [shape(line) for line in seen.splitlines()]
    wanted = [line for line in shown if line.strip() and line.strip() != "..."]
    return [line for line in wanted if not any(shape(line) in one for one in there)]
