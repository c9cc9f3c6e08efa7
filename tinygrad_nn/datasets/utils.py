"""The functions by which torchvision's datasets are fetched and checked, under its names.

Source: https://github.com/pytorch/vision/blob/main/torchvision/datasets/utils.py
"""

from __future__ import annotations

import os

from .archives import download_and_extract_archive, extract_archive
from .download import calculate_md5, check_integrity, download_url, fetch

__all__ = [
    "calculate_md5", "check_integrity", "check_md5", "download_and_extract_archive", "download_url", "extract_archive",
    "fetch",
]  # fmt: skip


def check_md5(fpath: str | os.PathLike[str], md5: str) -> bool:
    """Whether a file has this checksum."""
    return calculate_md5(fpath) == md5
