"""Weights from the web, by a former name.

Source: https://docs.pytorch.org/docs/stable/model_zoo.html
"""

from ..hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
