"""pytest plugin of tinygrad_nn: a seed for every test, no changed state left behind, and PyTorch beside it.

pytest loads it wherever tinygrad_nn is installed, so it stands beside the package and imports nothing of it, and does
nothing that was not asked for in pytest's settings:

    [tool.pytest.ini_options]
    tinygrad_nn_seed = 0
    tinygrad_nn_leaks = "error"

* With ``tinygrad_nn_seed``, the generator is seeded before each test, so a test that fails in a long run fails alone
  too. ``@pytest.mark.seed(3)`` seeds one test, whatever the settings.
* With ``tinygrad_nn_leaks``, a test that leaves the grad mode, the default dtype, print options, anomaly detection or
  the like changed fails (``error``) or warns (``warn``), and the state is restored for the others.
  ``@pytest.mark.leaks`` permits it for one test.
* A test that takes the fixture ``torch`` gets tinygrad_nn, and with ``pytest --torch`` runs a second time with PyTorch
  itself: what it expects is then known to be PyTorch's behaviour.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Generator
from typing import Any

import pytest

_PACKAGE = "tinygrad_nn"
_before = pytest.StashKey[Any]()
_changed = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the settings."""
    parser.getgroup(_PACKAGE).addoption(
        "--torch", action="store_true", help="run tests that take the fixture 'torch' with PyTorch as well"
    )
    parser.addini("tinygrad_nn_seed", "the seed before each test, or none", default="none")
    parser.addini("tinygrad_nn_leaks", "what to do about changed global state: error, warn or ignore", default="ignore")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    config.addinivalue_line("markers", "seed(number): seed tinygrad_nn's generator with this number before the test")
    config.addinivalue_line("markers", "leaks: this test may leave global state of tinygrad_nn changed")


def _isolation() -> Any:
    """The module that knows the state; None while nobody has imported the package."""
    return importlib.import_module(f"{_PACKAGE}.testing.isolation") if _PACKAGE in sys.modules else None


# --- seed and leaks ----------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Seed, before any fixture of the test draws numbers."""
    mark = item.get_closest_marker("seed")
    number = mark.args[0] if mark is not None else item.config.getini("tinygrad_nn_seed")
    isolation = None if str(number).lower() == "none" else _isolation()
    if isolation is not None:
        isolation.seed(int(number))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note whether the test itself has changed the state."""
    isolation = None if item.config.getini("tinygrad_nn_leaks") == "ignore" else _isolation()
    if isolation is None:
        return (yield)
    before = item.stash[_before] = isolation.snapshot()
    try:
        return (yield)
    finally:
        item.stash[_changed] = bool(isolation.changes(before))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail, if what the test has changed is still so after its fixtures have cleaned up."""
    result = yield
    before = item.stash.get(_before, None)
    wanted = item.config.getini("tinygrad_nn_leaks")
    if before is None or not item.stash.get(_changed, False) or item.get_closest_marker("leaks") is not None:
        return result
    isolation = _isolation()
    changed = isolation.changes(before)
    isolation.restore(before)
    if changed:
        text = f"{item.nodeid} leaves global state of tinygrad_nn changed:\n{isolation.describe(changed)}"
        if wanted == "warn":
            warnings.warn(text, stacklevel=1)
        else:
            pytest.fail(f"{text}\nUndo it in the test (with, try ... finally), or mark it @pytest.mark.leaks.", False)
    return result


# --- beside PyTorch ----------------------------------------------------------------------------------------------


@pytest.fixture
def torch(request: pytest.FixtureRequest) -> Any:
    """tinygrad_nn; with ``--torch``, in a second run of the test, PyTorch."""
    name = getattr(request, "param", _PACKAGE)
    return importlib.import_module(name) if name == _PACKAGE else pytest.importorskip(name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests that take the fixture with both packages, if that is asked for."""
    if "torch" not in metafunc.fixturenames or not metafunc.config.getoption("--torch"):
        return
    definitions = getattr(metafunc, "_arg2fixturedefs", {}).get("torch", ())
    if definitions and definitions[-1].func.__module__ == __name__:  # not a fixture of the same name
        metafunc.parametrize("torch", [_PACKAGE, "torch"], indirect=True)
