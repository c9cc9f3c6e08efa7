"""Containers. What is done to them otherwise is in `tests/module_programs.py`."""

from __future__ import annotations

from .table import layer, normal, refused

layer("nn.Sequential()", normal(2, 3))
layer("nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2, bias=False))", normal(5, 3))
layer("nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.Tanh()), nn.Identity(), nn.Linear(4, 2))[:2]", normal(5, 3))
layer("nn.Sequential(nn.Linear(3, 4), nn.ReLU()) + nn.Sequential(nn.Linear(4, 3))", normal(5, 3))
layer("nn.Sequential(nn.Linear(3, 3), nn.Tanh()) * 3", normal(5, 3))
layer("nn.Sequential(nn.Linear(3, 3)).append(nn.Tanh()).insert(0, nn.Dropout(0.2)).extend([nn.GELU()])", normal(5, 3))
layer("nn.Sequential(nn.Unflatten(1, (2, 3)), nn.Flatten(), nn.Linear(6, 2))", normal(4, 6))
layer("nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])[1]", normal(5, 3))
layer("nn.ModuleDict({'a': nn.Linear(2, 3), 'b': nn.Linear(3, 4)})['a']", normal(5, 2))
layer("nn.DataParallel(nn.Linear(3, 2))", normal(4, 3))

refused("nn.Sequential(nn.Linear(3, 4), nn.Linear(3, 4))", normal(5, 3))
refused("nn.Sequential(3)")
refused("nn.Sequential([nn.ReLU()])")
refused("nn.ModuleList(3)")
refused("nn.ModuleList([3])")
refused("nn.ModuleDict({'a': 3})")
refused("nn.ModuleDict([('a',)])")
refused("nn.ModuleDict({'a.b': nn.ReLU()})")
refused("nn.ModuleList([nn.ReLU()])", normal(2))
refused("nn.ModuleDict({'a': nn.ReLU()})", normal(2))
refused("nn.ParameterList([1, 2])", normal(2))
refused("nn.Sequential(nn.ReLU(), nn.ReLU())", normal(2), normal(2))
