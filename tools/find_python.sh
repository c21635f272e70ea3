#!/bin/sh
# Prints a Python that the course runs on: $1 if given, else .venv's own or the first suitable one that is found.
# Refuses in one line.
suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; }

asked=${1:-python3}
[ -n "$1" ] || set -- .venv/bin/python .venv/Scripts/python.exe python3 python3.12 python3.13 python3.11 python
for python in "$@"; do
    if suits "$python"; then
        echo "$python"
        exit 0
    fi
done
found=$("$asked" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || found="not a Python that runs"
echo "The course needs Python 3.11, 3.12 or 3.13; $asked is $found." \
    "Install one of them and name it: make PYTHON=/path/to/python3.12" >&2
exit 1
