"""The engine: data types, grad modes, graph, ops, backward. It knows no particular op."""
