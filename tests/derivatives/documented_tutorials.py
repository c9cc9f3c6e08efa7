"""PyTorch's tutorials on `torch.func`: neural tangent kernels, Jacobians and Hessians.

Source: https://docs.pytorch.org/tutorials/intermediate/neural_tangent_kernels.html, jacobians_hessians.html
"""

from __future__ import annotations

from typing import Any

from .documented import example


@example
def neural_tangent_kernels(torch: Any) -> Any:
    vmap, vjp, jvp, jacrev = torch.func.vmap, torch.func.vjp, torch.func.jvp, torch.func.jacrev
    net = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    parameters = {name: value.detach() for name, value in net.named_parameters()}
    x1, x2 = torch.randn(5, 6), torch.randn(4, 6)

    def of_one(parameters: Any, x: Any) -> Any:
        return torch.func.functional_call(net, parameters, (x.unsqueeze(0),)).squeeze(0)

    def by_contraction(equation: str) -> Any:
        first = vmap(jacrev(of_one), (None, 0))(parameters, x1)
        second = vmap(jacrev(of_one), (None, 0))(parameters, x2)
        pairs = zip(first.values(), second.values(), strict=True)
        return torch.stack([torch.einsum(equation, a.flatten(2), b.flatten(2)) for a, b in pairs]).sum(0)

    def by_products(compute: str) -> Any:
        def kernel(a: Any, b: Any) -> Any:
            output, pull = vjp(lambda p: of_one(p, a), parameters)

            def column(vector: Any) -> Any:
                return jvp(lambda p: of_one(p, b), (parameters,), pull(vector))[1]

            basis = torch.eye(output.numel(), dtype=output.dtype).view(output.numel(), -1)
            return vmap(column)(basis)

        result = vmap(vmap(kernel, (None, 0)), (0, None))(x1, x2)
        return result if compute == "full" else torch.einsum(f"NMKK->NM{compute}", result)

    return (
        [by_contraction(equation) for equation in ("Naf,Mbf->NMab", "Naf,Maf->NM", "Naf,Maf->NMa")],
        [by_products(compute) for compute in ("full", "", "K")],
    )


@example
def jacobians_and_hessians_of_a_prediction(torch: Any) -> Any:
    func = torch.func

    def predict(weight: Any, bias: Any, x: Any) -> Any:
        return torch.nn.functional.linear(x, weight, bias).tanh()

    weight, bias, x, many = torch.randn(6, 6), torch.randn(6), torch.randn(6), torch.randn(4, 6)
    directions = torch.eye(6)
    _, pull = func.vjp(lambda x: predict(weight, bias, x), x)
    _, product = func.jvp(func.grad(lambda x: predict(weight, bias, x).sum()), (x,), (x.cos(),))
    return [
        func.vmap(pull)(directions), func.jacrev(predict, argnums=2)(weight, bias, x),
        func.jacfwd(predict, argnums=2)(weight, bias, x), func.jacrev(predict, argnums=0)(weight, bias, x),
        func.hessian(predict, argnums=2)(weight, bias, x),
        func.jacfwd(func.jacfwd(predict, argnums=2), argnums=2)(weight, bias, x),
        func.jacrev(func.jacrev(predict, argnums=2), argnums=2)(weight, bias, x),
        func.vmap(func.jacrev(predict, argnums=2), in_dims=(None, None, 0))(weight, bias, many),
        func.vmap(func.hessian(predict, argnums=2), in_dims=(None, None, 0))(weight, bias, many), product,
    ]  # fmt: skip
