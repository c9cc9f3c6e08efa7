"""Programs about derivatives, written for PyTorch: they run on any module that is called `torch`.

`documented` has the examples of PyTorch's own pages; `models` small networks. What they give with PyTorch is stored in
tests/golden/derivatives.json.
"""
