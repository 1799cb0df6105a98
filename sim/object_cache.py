# SPDX-License-Identifier: BSD-2-Clause
"""Run by make in front of the C++ compiler: keeps the compiled files of Verilator's runtime, the same for every design.

``python object_cache.py CACHE_FOLDER g++ ... -c -o OUT SOURCE``. A command for another source is passed on unchanged.
Only the standard library, no package of ours: it starts once for each compiled file.
"""

import hashlib
import os
import shutil
import subprocess
import sys


def main(cache, command):
    """Runs ``command``, or puts an earlier result in its place; returns the exit code."""
    runtime = os.path.join(os.environ["VERILATOR_ROOT"], "include") + os.sep
    source = command[-1] if os.path.realpath(command[-1]).startswith(os.path.realpath(runtime)) else None
    if source is None or "-o" not in command or not source.endswith(".cpp"):
        return subprocess.call(command)
    position = command.index("-o") + 1
    output = command[position]
    key = hashlib.sha256()
    compiler = subprocess.run([command[0], "--version"], capture_output=True, check=True).stdout
    stamp = os.stat(os.path.join(os.environ["VERILATOR_ROOT"], "bin", "verilator_bin"))
    for part in (*command[:position], *command[position + 1:], repr((stamp.st_size, stamp.st_mtime_ns))):
        key.update(part.encode() + b"\0")
    key.update(compiler)
    with open(source, "rb") as file:
        key.update(file.read())
    kept = os.path.join(cache, key.hexdigest() + ".o")
    if os.path.exists(kept):
        shutil.copyfile(kept, output)
        return 0
    code = subprocess.call(command)
    if code == 0:
        os.makedirs(cache, exist_ok=True)
        aside = f"{kept}.{os.getpid()}"
        shutil.copyfile(output, aside)
        os.replace(aside, kept)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
