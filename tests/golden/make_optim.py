"""Make optim.json: what PyTorch's optimizers and schedules give, to which the tests hold this package.

    python tests/golden/make_optim.py        (needs PyTorch)

The programs are in `optim_programs`, which run on either package.
"""

import json
import pathlib

import torch
from optim_programs import GOLDEN_STEPS, MOMENTS, OPTIONS, SCHEDULES, advance, numbers, some, trained, two_groups

HERE = pathlib.Path(__file__).parent


def main() -> None:
    """Run every program on PyTorch and write down what came out."""
    torch.set_num_threads(1)
    optimizers = {
        name: [numbers(trained(torch, name, options, "float64", GOLDEN_STEPS)[0]) for options in some(name)]
        for name in OPTIONS
    }
    schedules = {}
    for name, make in SCHEDULES.items():
        optimizer = two_groups(torch)
        found = advance(make(torch.optim.lr_scheduler, optimizer), optimizer, range(200))
        schedules[name] = [found[moment] for moment in MOMENTS]
    golden = {"torch": torch.__version__, "optimizers": optimizers, "schedules": schedules}
    (HERE / "optim.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
