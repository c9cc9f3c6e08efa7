"""The documentation is run: docstring examples, and the Python blocks of the Markdown pages."""

from __future__ import annotations

import doctest
import importlib
import inspect
import linecache
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tinygrad_nn
from tinygrad_nn._core.op import REGISTRY

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
MODULES = sorted(m.name for m in pkgutil.walk_packages(tinygrad_nn.__path__, "tinygrad_nn."))


@pytest.fixture(autouse=True)
def keep_registry():
    """An example may register ops; they go when it ends, with their methods."""
    before, attributes = dict(REGISTRY), set(vars(tinygrad_nn.Tensor))
    yield
    REGISTRY.clear()
    REGISTRY.update(before)
    for name in set(vars(tinygrad_nn.Tensor)) - attributes:
        delattr(tinygrad_nn.Tensor, name)


def _examples(module: ModuleType) -> list[doctest.DocTest]:
    """The examples of a module. `doctest` itself does not look into the functions that `@op` makes."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = finder.find(module, globs={})
    for name, value in vars(module).items():
        if inspect.isfunction(value) and hasattr(value, "op") and value.__module__ == module.__name__:
            parser = doctest.DocTestParser()
            found.append(parser.get_doctest(value.__doc__ or "", {}, f"{module.__name__}.{name}", module.__file__, 0))
    return list({test.name: test for test in found if test.examples}.values())


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in _examples(module):
        test.globs = dict(vars(module)) if name.startswith("tinygrad_nn._core") else {}
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_run(page: str) -> None:
    text = (ROOT / page).read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    module = ModuleType("page")  # a module of its own, so that an op knows where it is from
    module.__file__ = page
    sys.modules["page"] = module
    try:
        for number, block in enumerate(blocks):
            name = f"<{page}, block {number}>"  # no path: who looks up a source must not read the page at these lines
            linecache.cache[name] = len(block), None, block.splitlines(keepends=True), name
            exec(compile(block, name, "exec"), module.__dict__)
        for name, test in list(vars(module).items()):  # tests on the page hold, too
            if name.startswith("test_"):
                test(*[tinygrad_nn] * len(inspect.signature(test).parameters))
    finally:
        del sys.modules["page"]


def test_links_of_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text()):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}, which is not there"


def test_public_functions_have_docstrings() -> None:
    missing = [
        f"{space.__name__}.{name}"
        for space in (tinygrad_nn, tinygrad_nn.nn, tinygrad_nn.nn.functional, tinygrad_nn.optim, tinygrad_nn.autograd,
                      tinygrad_nn.utils.data, tinygrad_nn.testing, tinygrad_nn.training, tinygrad_nn.metrics,
                      tinygrad_nn.plots, tinygrad_nn.debug, tinygrad_nn.profiler)
        for name in space.__all__
        if callable(getattr(space, name)) and not (getattr(space, name).__doc__ or "").strip()
    ]  # fmt: skip
    assert not missing, f"no docstring: {missing}"


def test_public_names_are_there() -> None:
    for name in tinygrad_nn.__all__:
        assert hasattr(tinygrad_nn, name)
    assert len(set(tinygrad_nn.__all__)) == len(tinygrad_nn.__all__)


def test_methods_stand_in_the_stub() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import make_stubs
    finally:
        sys.path.pop(0)
    assert make_stubs.TARGET.read_text() == make_stubs.stub_text(), "run: python tools/make_stubs.py"
