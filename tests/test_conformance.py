"""What programs write is in step with the package, and the tensor API is as complete as claimed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def tool(name: str) -> Any:
    """A program of the tools folder, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


conformance = tool("conformance")


@pytest.fixture(scope="module")
def found() -> dict[str, list[Any]]:
    return conformance.table()


def test_the_page_is_in_step(found: dict[str, list[Any]]) -> None:
    assert conformance.PAGE.read_text() == conformance.render(found), "run python tools/conformance.py"


def test_every_used_name_of_the_tensor_api_is_there(found: dict[str, list[Any]]) -> None:
    rows = [row for part in conformance.TENSOR_API for row in found[part]]
    used = [row for row in rows if row.repositories >= 3]
    assert len(used) > 200
    without = [row for row in used if row.repositories >= 5 and row.status not in ("done", "refused", "left out")]
    assert without == []
    done = sum(row.status in ("done", "refused") for row in used)
    assert done >= 0.9 * len(used)


def test_no_name_of_the_tensor_api_is_missing_without_a_reason(found: dict[str, list[Any]]) -> None:
    missing = [row.name for part in conformance.TENSOR_API for row in found[part] if row.status == "missing"]
    assert missing == []


def test_every_reason_is_still_needed(found: dict[str, list[Any]]) -> None:
    """A name that has been done since must not stand among those that are left out."""
    groups = conformance.read("left_out.json")
    names = {row.name for part in conformance.PARTS for row in found[part] if row.status in ("left out", "refused")}
    for group in groups:
        if group["status"] == "not counted":
            continue
        assert any(conformance.reason_for(name, [group])[0] for name in names), group["reason"]


def test_most_of_what_is_done_is_compared_with_pytorch(found: dict[str, list[Any]]) -> None:
    for part in ("torch", "torch.linalg", "torch.fft", "torch.special"):
        done = [row for row in found[part] if row.status == "done"]
        compared = sum(row.compared for row in done)
        assert compared >= 0.6 * len(done), f"{part}: {compared} of {len(done)}"


def test_the_names_are_those_of_the_pytorch_that_is_here() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch.signal.windows")
    stored = json.loads((conformance.DATA / "names.json").read_text())
    assert {part: conformance.names_of(torch, part) for part in conformance.PARTS} == stored


@pytest.mark.parametrize("program", ["make_exports.py", "make_import_paths.py", "numpy_table.py"])
def test_what_a_program_writes_is_in_step(program: str) -> None:
    run = subprocess.run([sys.executable, ROOT / "tools" / program, "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
