"""Fuzz a reader, guided by coverage.

    python -m pip install atheris
    python tests/fuzz/run.py safetensors                # 10,000 files
    python tests/fuzz/run.py pt_pickle --runs 1000000
    python tests/fuzz/run.py all

An input that crashes, takes longer than ten seconds, or asks for more memory than is allowed is written to
``tests/fuzz/found``; when the fault is corrected it goes to ``tests/fuzz/corpus/TARGET``, which the test suite reads.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent.parent)]
ALLOWED = 256 << 20  # bytes of address space beyond what is in use at the start, for files of at most 64 KiB
LONGEST = 1 << 16


def fuzz(name: str, runs: int, seed: int) -> None:
    """Fuzz in this process, which ends with it."""
    import atheris

    import tinygrad_nn.nn
    import tinygrad_nn.utils.data  # noqa: F401 - whose branches would count otherwise

    with atheris.instrument_imports(include=["tinygrad_nn.serialization", "tinygrad_nn.safetensors",
                                             "tinygrad_nn.datasets"]):  # fmt: skip
        import targets

    target = targets.TARGETS[name]
    for data in target.seeds():  # what is imported when it is first needed is there
        targets.run(target, data)
    targets.watch()
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ALLOWED, used + ALLOWED))
    found = FOLDER / "found"
    found.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(target.seeds()):
            Path(folder, f"seed{number}").write_bytes(data)
        kept = FOLDER / "corpus" / name
        options = [f"-runs={runs}", f"-seed={seed}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=0",
                   f"-artifact_prefix={found}/{name}-", "-print_final_stats=1", "-verbosity=0"]  # fmt: skip


        if name in targets.WORDS:
            words = Path(folder).with_suffix(".dict")
            quoted = (word.encode().hex(" ").replace(" ", "\\x") for word in targets.WORDS[name])
            words.write_text("\n".join(f'"\\x{word}"' for word in quoted))
            options.append(f"-dict={words}")

        def once(data: bytes) -> None:
            targets.run(target, data)

        atheris.Setup([sys.argv[0], *options, folder, *([str(kept)] if kept.exists() else [])], once)
        atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", help="a name in targets.py, or all")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.target != "all":
        fuzz(arguments.target, arguments.runs, arguments.seed)
        return
    import targets

    failed = []
    for name in targets.TARGETS:
        command = [sys.executable, __file__, name, f"--runs={arguments.runs}", f"--seed={arguments.seed}"]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
        lines = done.stderr.splitlines()
        count = next((line.split()[-1] for line in lines if "number_of_executed_units" in line), "?")
        print(f"{name:15} {count:>8} files: {'FAILED' if done.returncode else 'nothing found'}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout, "\n".join(lines[-20:]))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
