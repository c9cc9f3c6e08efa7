"""What nodes are called: PyTorch's names, for the expressions of a table, and what PyTorch itself calls them."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.graph import Node

# The name, and expressions whose last node has it.
TABLE = r"""
AddBackward0: x+y | x+1 | 1+x | s+1 | x.add(y,alpha=2) | x.add(1).add_(1)
SubBackward0: x-y | F.tanhshrink(x) | x.sub(y) | x.mul(1).sub_(1) | T.subtract(x,y)
RsubBackward1: 1-x
MulBackward0: x*y | 2*x | 1/x | T.outer(v,v) | z*z | s*x | x*s | x.mul(2) | x.mul(1).mul_(y)
DivBackward0: x/y | F.softsign(x) | F.normalize(x) | x.div(2) | x.mul(1).div_(2) | x.nanmean() | T.true_divide(x,y)
RemainderBackward0: x%2 | x.remainder(2)
PowBackward0: x**2 | x**0.5 | x.square() | x.pow(3) | T.float_power(x,2) | T.square(x)
PowBackward1: x**y | x.pow(y)
PowBackward2: 2**x | T.pow(2,x)
SqrtBackward0: x.sqrt() | x.sum().sqrt()
NegBackward0: -x | T.neg(x)
AbsBackward0: abs(x) | z.abs()
ExpBackward0: x.exp() | x.mul(1).exp_()
Exp2Backward0: x.exp2()
LogBackward0: x.log()
Log2Backward0: x.log2()
Log10Backward0: x.log10()
Log1PBackward0: x.log1p()
Expm1Backward0: x.expm1()
SinBackward0: x.sin()
CosBackward0: x.cos()
TanBackward0: x.tan()
AsinBackward0: x.asin()
AcosBackward0: x.acos()
AtanBackward0: x.atan()
SinhBackward0: x.sinh()
CoshBackward0: x.cosh()
TanhBackward0: x.tanh() | T.nn.Sequential(T.nn.Linear(4,3),T.nn.Tanh())(x)
AsinhBackward0: x.asinh()
AcoshBackward0: (x+1).acosh()
AtanhBackward0: x.atanh()
Atan2Backward0: T.atan2(x,y)
SigmoidBackward0: x.sigmoid()
ReluBackward0: x.relu() | F.relu(x) | x.mul(1).relu_() | T.nn.ReLU()(x)
HardtanhBackward0: F.relu6(x) | F.hardtanh(x)
GeluBackward0: F.gelu(x)
SiluBackward0: F.silu(x)
EluBackward0: F.elu(x) | F.selu(x)
CeluBackward0: F.celu(x)
LeakyReluBackward0: F.leaky_relu(x)
SoftplusBackward0: F.softplus(x)
HardsigmoidBackward0: F.hardsigmoid(x)
HardswishBackward0: F.hardswish(x)
HardshrinkBackward0: F.hardshrink(x)
SoftshrinkBackward0: F.softshrink(x)
MishBackward0: F.mish(x)
LogSigmoidBackward0: F.logsigmoid(x)
ThresholdBackward0: F.threshold(x,0.1,20)
PreluKernelBackward0: F.prelu(x,v[:1])
GluBackward0: F.glu(x)
SoftmaxBackward0: F.softmax(x,1) | x.softmax(-1) | F.softmin(x,1) | T.nn.Softmax(1)(x)
SoftmaxBackward0: T.nn.functional.softmax(x,dim=0)
LogSoftmaxBackward0: F.log_softmax(x,1)
SumBackward0: x.sum()
SumBackward1: x.sum(0) | x.sum((0,1)) | F.cosine_similarity(x,y)
MeanBackward0: x.mean() | F.l1_loss(x,y) | F.kl_div(x,y) | ((x-y)**2).mean()
MeanBackward1: x.mean(1) | x.mean(0,keepdim=True)
ProdBackward0: x.prod()
ProdBackward1: x.prod(1)
MaxBackward1: x.max()
MinBackward1: x.min()
MaxBackward0: x.max(1) | x.max(1).values
MinBackward0: x.min(0)
AmaxBackward0: x.amax() | x.amax(1)
AminBackward0: x.amin(0)
StdBackward0: x.std() | x.std(1)
VarBackward0: x.var() | x.var(0)
VarMeanBackward0: T.var_mean(x)
StdMeanBackward0: T.std_mean(x)
LinalgVectorNormBackward0: x.norm() | x.norm(dim=1) | x.norm(p=1) | x.norm(p=3,dim=0)
LogsumexpBackward0: x.logsumexp(1)
CumsumBackward0: x.cumsum(0)
CumprodBackward0: x.cumprod(0)
CummaxBackward0: x.cummax(0)
MedianBackward0: x.median()
MedianBackward1: x.median(1)
SortBackward0: x.sort() | x.sort(1)
TopkBackward0: x.topk(2)
KthvalueBackward0: x.kthvalue(1)
ModeBackward0: x.mode()
MmBackward0: x@x.t() | T.mm(x,w.t()) | T.matmul(x,w.t()) | F.linear(x,w)
MvBackward0: x@v.new_ones(4) | T.mv(x,w[0])
DotBackward0: v@v | T.dot(v,v)
SqueezeBackward4: v@x
UnsafeViewBackward0: b3@w.t() | b3@b3.transpose(1,2) | b3@v.new_ones(4) | F.linear(b3,w)
BmmBackward0: T.bmm(b3,b3.transpose(1,2))
AddmmBackward0: T.addmm(bias,x,w.t()) | F.linear(x,w,bias) | T.nn.Linear(4,2)(x)
BaddbmmBackward0: T.baddbmm(b3[:,:,:3],b3,b3.transpose(1,2))
AddmvBackward0: T.addmv(v,x,w[0])
AddbmmBackward0: T.addbmm(sq,b3,b3.transpose(1,2))
ViewBackward0: F.linear(b3,w,bias) | F.linear(v.new_ones(4),w,bias) | x.view(12) | x.view(-1) | x.reshape(12)
ViewBackward0: x.flatten() | b3.flatten(1) | x.ravel() | x.unflatten(1,(2,2)) | x.view_as(y) | T.nn.Flatten()(b3)
TBackward0: x.t()
PermuteBackward0: x.T | b3.permute(2,0,1) | b3.movedim(0,1)
TransposeBackward0: x.mT | b3.mT | x.transpose(0,1)
SqueezeBackward0: x.squeeze() | T.cov(x)
SqueezeBackward1: x[None].squeeze(0) | x.squeeze(0)
UnsqueezeBackward0: x.unsqueeze(0) | x[None] | x[1:,None]
ExpandBackward0: x.expand(2,3,4) | v.expand_as(sq) | x.broadcast_to(2,3,4) | T.meshgrid(v,v,indexing='ij')
ExpandBackward0: x.expand(3,4)
RepeatBackward0: x.repeat(2,1) | x.tile(2)
CatBackward0: T.cat([x,y]) | T.hstack([x,y]) | T.vstack([x,y]) | T.vstack([v,v])
CatBackward0: T.nn.utils.parameters_to_vector([x,y])
StackBackward0: T.stack([x,y]) | T.cartesian_prod(v,v)
SplitBackward0: x.split(2) | x.chunk(2,1)
UnbindBackward0: x.unbind(0)
SliceBackward0: T.tensor_split(x,2) | x[0:2] | x[:,1:3] | x[:] | x.narrow(0,0,2)
SelectBackward0: x[0] | x[0,1] | x[:,1] | x[...,0] | x[0][1] | v[0] | x.select(0,1) | z.real
IndexBackward0: x[i] | x[:,i] | x[mask] | x[[0,1]] | x[i,i]
AliasBackward0: x[...]
IndexSelectBackward0: x.index_select(0,i)
GatherBackward0: x.gather(1,tgt[:,None]) | x.take_along_dim(tgt[:,None],1)
MaskedSelectBackward0: x.masked_select(mask)
MaskedFillBackward0: x.masked_fill(mask,0.)
ScatterBackward1: x.scatter(1,tgt[:,None],1.)
ScatterBackward0: x.scatter(1,tgt[:,None],y)
ScatterAddBackward0: x.scatter_add(1,tgt[:,None],y)
TakeBackward0: T.take(x,i)
WhereBackward0: T.where(mask,x,y) | T.where(mask,x,0.)
ClampBackward1: x.clamp(0,1) | x.clamp(min=0) | x.mul(1).clamp_(0,1) | T.corrcoef(x) | T.clip(x,0,1)
ClampBackward0: x.clamp(x,y)
ClampMinBackward0: x.clamp_min(0)
ClampMaxBackward0: x.clamp_max(1)
MaximumBackward0: T.maximum(x,y)
MinimumBackward0: T.minimum(x,y)
FmaxBackward0: T.fmax(x,y)
CloneBackward0: x.clone() | x.t().contiguous()
ToCopyBackward0: x.double() | x.to(T.float64)
FloorBackward0: x.floor()
CeilBackward0: x.ceil()
RoundBackward0: x.round()
RoundBackward1: x.round(decimals=1)
TruncBackward0: x.trunc()
FracBackward0: x.frac()
SignBackward0: x.sign()
ReciprocalBackward0: x.reciprocal()
RsqrtBackward0: x.rsqrt()
ErfBackward0: x.erf()
ErfinvBackward0: x.erfinv()
LerpBackward0: x.lerp(y,0.5)
LerpBackward1: x.lerp(y,y)
AddcmulBackward0: T.addcmul(x,x,y)
AddcdivBackward0: T.addcdiv(x,x,y)
HypotBackward0: T.hypot(x,y)
FmodBackward0: x.fmod(2)
FmodBackward1: T.fmod(x,y)
RemainderBackward1: T.remainder(x,y)
LogaddexpBackward0: T.logaddexp(x,y)
XlogyBackward0: T.xlogy(x,y)
XlogyBackward2: x.xlogy(2)
NanToNumBackward0: x.nan_to_num()
FlipBackward0: x.flip(0) | T.vander(v)
RollBackward0: x.roll(1)
TrilBackward0: x.tril()
TriuBackward0: x.triu()
TraceBackward0: sq.trace()
DiagonalBackward0: sq.diagonal()
DiagonalBackward0_copy: sq.diag()
DiagEmbedBackward0: v.diag() | T.diag_embed(v)
LinalgCrossBackward0: T.cross(b3.new_ones(2,3),b3[:,:,0],dim=1)
CdistBackward0: T.cdist(x,w)
DistBackward0: T.dist(x,y)
MseLossBackward0: F.mse_loss(x,y) | T.nn.MSELoss()(x,y)
SmoothL1LossBackward0: F.smooth_l1_loss(x,y)
HuberLossBackward0: F.huber_loss(x,y)
NllLossBackward0: F.cross_entropy(x,tgt) | F.cross_entropy(x,tgt,reduction='none') | F.nll_loss(x,tgt)
NllLossBackward0: F.nll_loss(x,tgt,reduction='sum') | T.nn.CrossEntropyLoss()(x,tgt)
BinaryCrossEntropyBackward0: F.binary_cross_entropy(x,y.detach())
BinaryCrossEntropyWithLogitsBackward0: F.binary_cross_entropy_with_logits(x,y.detach())
BinaryCrossEntropyWithLogitsBackward0: T.nn.BCEWithLogitsLoss()(x,y.detach())
ConjBackward0: z.conj() | z.H
AngleBackward0: z.angle()
ViewAsRealBackward0: T.view_as_real(z)
PolarBackward0: T.polar(x,y)
DivBackward2: x.div(y,rounding_mode='floor')
UnfoldBackward0: x.unfold(0,2,1)
AsStridedBackward0: x.as_strided((2,2),(1,1))
LogcumsumexpBackward0: x.logcumsumexp(0)
LogitBackward0: x.logit(eps=0.01)
DigammaBackward0: x.digamma()
LgammaBackward0: x.lgamma()
SincBackward0: T.sinc(x)
CopysignBackward0: x.copysign(y)
MaskedFillBackward1: x.masked_fill(mask,s)
IndexAddBackward0: x.index_add(0,i,y[:2])
IndexCopyBackward0: x.index_copy(0,i,y[:2])
IndexFillBackward0: x.index_fill(0,i,1.)
IndexPutBackward0: x.index_put((i,),y[:2])
FillBackward2: x.mul(1).fill_(2)
torch::autograd::CopyBackwards: x.mul(1).copy_(y)
EmbeddingBackward0: T.nn.Embedding(3,4)(i)
MaskedScatterBackward0: x.masked_scatter(mask,y)
NansumBackward0: x.nansum()
AminmaxBackward0: x.aminmax()
AddrBackward0: x.addr(v,y[0])
RenormBackward0: T.renorm(x,2,0,1.)
Deg2RadBackward0: T.deg2rad(x)
Rad2DegBackward0: T.rad2deg(x)
LdexpBackward0: T.ldexp(x,y)
Logaddexp2Backward0: T.logaddexp2(x,y)
ErfcBackward0: T.erfc(x)
"""

EXPRESSIONS = [
    (text.strip(), line.partition(": ")[0])
    for line in TABLE.strip().splitlines()
    for text in line.partition(": ")[2].split(" | ")
]


def names(package: Any) -> dict[str, Any]:
    """What the expressions are about, in either package."""
    package.manual_seed(0)

    def leaf(*shape: int) -> Any:
        return package.rand(*shape).requires_grad_()

    found = {
        "T": package, "F": package.nn.functional, "v": package.tensor([1.0, 2.0, 3.0], requires_grad=True),
        "x": leaf(3, 4), "y": leaf(3, 4), "w": leaf(5, 4), "b3": leaf(2, 3, 4), "sq": leaf(3, 3), "bias": leaf(5),
        "s": package.tensor(2.0, requires_grad=True), "i": package.tensor([0, 2]), "tgt": package.tensor([0, 1, 2]),
        "mask": package.tensor([[True, False, True, True]] * 3),
    }  # fmt: skip
    return found | {"z": package.complex(found["x"], found["y"])}


def last_node(package: Any, text: str) -> tuple[Any, Any]:
    """The value of an expression, and its node."""
    value = eval(text, names(package))
    value = value[0] if isinstance(value, tuple | list) else value
    return value, value.grad_fn


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("text", "name"), EXPRESSIONS)
def test_name(text: str, name: str) -> None:
    value, node = last_node(tg, text)
    short = name.rpartition("::")[2]
    assert (node.name(), type(node).__name__) == (name, short)
    assert repr(node).startswith(f"<{short} object at 0x")
    assert repr(value).endswith(f"grad_fn=<{short}>)")
    assert isinstance(node, Node)
    assert value.grad_fn is node


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("text", "name"), EXPRESSIONS)
def test_name_in_pytorch(text: str, name: str) -> None:
    torch = pytest.importorskip("torch")
    assert last_node(torch, text)[1].name() == name


def test_leaves_and_constants() -> None:
    x = tg.ones(2, requires_grad=True)
    (leaf, number), constant = (x * 2).grad_fn.next_functions
    assert (leaf.name(), type(leaf).__name__, number, constant) == (
        "torch::autograd::AccumulateGrad", "AccumulateGrad", 0, (None, 0),
    )  # fmt: skip
    assert [type(node).__name__ for node, _ in (x.exp() + x.sin()).grad_fn.next_functions] == [
        "ExpBackward0", "SinBackward0",
    ]  # fmt: skip


def test_names_outlive_what_was_saved() -> None:
    x = tg.ones(2, 2, requires_grad=True)
    loss = (x @ x).mean()
    product = loss.grad_fn.next_functions[0][0]
    loss.backward()
    assert (product.name(), loss.grad_fn.name()) == ("MmBackward0", "MeanBackward0")


def test_writes_in_place() -> None:
    y = tg.ones(3, requires_grad=True) * 1
    y[0] = 2.0
    assert y.grad_fn.name() == "torch::autograd::CopySlices"
    assert repr(y).endswith("grad_fn=<CopySlices>)")


def test_own_functions() -> None:
    class Twice(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            return gradient * 2

    y = Twice.apply(tg.ones(2, requires_grad=True))
    assert y.grad_fn.name() == type(y.grad_fn).__name__ == "TwiceBackward"
    assert repr(y) == "tensor([2., 2.], grad_fn=<TwiceBackward>)"
