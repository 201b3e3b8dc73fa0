"""Looking inside a trained net: what each layer makes of one image.

A declared net is taken through its blocks step by step, so that every value before and after activation and
pooling is known; its outputs are those of the net's own forward pass. Of an own net only the outputs of its
modules can be known, not how they are computed.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from paribus.data.dataset import as_float
from paribus.errors import UsageError
from paribus.nets.build import ConvBlock, ConvNet
from paribus.nets.shapes import LayerTable
from paribus.standing.looks import BlockLook, Convolution, Maps, NetLook, Normalization

MOST_LAYERS = 8
"""Layers of an own net that are shown."""


def look(
    net: nn.Module,
    pixels: npt.NDArray[np.uint8],
    *,
    variant: str,
    seed: int,
    table: LayerTable | None = None,
) -> NetLook:
    """What a net makes of one image, layer by layer.

    Args:
        net: In evaluation mode; not changed.
        pixels: The image in the form of the dataset's, ``(C, H, W)`` uint8.
        variant: The net's variant.
        seed: The net's seed.
        table: Its layers; left out for an own net.

    Returns:
        The net's values, float32.

    Raises:
        UsageError: If the pixels are no single image, or the net is in training mode.
    """
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise UsageError(
            "this is no single image",
            expected="uint8 of shape (C, H, W)",
            found=f"{pixels.dtype} of shape {pixels.shape}",
        )
    if net.training:
        raise UsageError("the net is in training mode", expected="net.eval()", found="net.train()")
    image = torch.from_numpy(as_float(pixels)[np.newaxis])
    with torch.inference_mode():
        if not isinstance(net, ConvNet):
            layers, logits = _watched(net, image)
            return NetLook(variant, seed, None, (), layers, logits)
        blocks = []
        maps = image
        for number, block in enumerate(net.blocks, start=1):
            assert isinstance(block, ConvBlock)
            looked, maps = _block(block, number, maps)
            blocks.append(looked)
        return NetLook(variant, seed, table, tuple(blocks), {}, _vector(net(image)))


def _block(block: ConvBlock, number: int, source: Tensor) -> tuple[BlockLook, Tensor]:
    """One block step by step, and its own output."""
    spec = block.block
    spatial = functional.pad(source, block.uneven) if block.uneven else source
    depthwise = None
    if block.conv_depth is not None:
        between = block.conv_depth(spatial)
        depthwise = _convolution(f"conv{number}_depth", block.conv_depth, source, between, spec.padding)
        maps = block.conv(between)
        convolution = _convolution(f"conv{number}", block.conv, between, maps, (0, 0))
    else:
        maps = block.conv(spatial)
        convolution = _convolution(f"conv{number}", block.conv, source, maps, spec.padding)
    normalization = None
    if block.bn is not None:
        maps = block.bn(maps)
        normalization = _normalization(block.bn, maps)
    shortcut, added = None, None
    if spec.residual:
        added = source
        if block.skip is not None:
            added = block.skip(source)
            shortcut = _convolution(f"skip{number}", block.skip, source, added, (0, 0))
        maps = maps + added
    output = block(source)
    looked = BlockLook(
        number=number,
        block=spec,
        depthwise=depthwise,
        convolution=convolution,
        normalization=normalization,
        shortcut=shortcut,
        added=None if added is None else _maps(added),
        before=_maps(maps),
        after=_maps(block.activation(maps)),
        output=_maps(output),
    )
    return looked, output


def _convolution(
    layer: str, conv: nn.Conv2d, source: Tensor, output: Tensor, padding: tuple[int, int]
) -> Convolution:
    return Convolution(
        layer=layer,
        source=_maps(source),
        weight=_array(conv.weight),
        bias=None if conv.bias is None else _array(conv.bias),
        stride=int(conv.stride[0]),
        padding=padding,
        output=_maps(output),
    )


def _normalization(bn: nn.BatchNorm2d, output: Tensor) -> Normalization:
    mean, variance = bn.running_mean, bn.running_var
    assert mean is not None, "batch normalization keeps statistics"
    assert variance is not None, "batch normalization keeps statistics"
    return Normalization(
        mean=_array(mean),
        variance=_array(variance),
        weight=_array(bn.weight),
        bias=_array(bn.bias),
        eps=bn.eps,
        output=_maps(output),
    )


def _watched(net: nn.Module, image: Tensor) -> tuple[Mapping[str, Maps], npt.NDArray[np.float32]]:
    """Feature maps that the modules of an own net give, and its logits."""
    found: dict[str, Maps] = {}

    def note(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _given: object, output: object) -> None:
            if isinstance(output, Tensor) and output.dim() == 4 and len(output) == 1:
                found[name] = _maps(output)

        return hook

    modules = dict(net.named_children())
    leaves = {name: module for name, module in net.named_modules() if name and not any(module.children())}
    watched = modules if len(modules) > 2 else leaves
    handles = [module.register_forward_hook(note(name)) for name, module in watched.items()]
    try:
        logits = _vector(net(image))
    finally:
        for handle in handles:
            handle.remove()
    return _thinned(found), logits


def _thinned(layers: Mapping[str, Maps]) -> dict[str, Maps]:
    """At most so many layers, the first and the last among them."""
    names = list(layers)
    if len(names) > MOST_LAYERS:
        places = np.linspace(0, len(names) - 1, MOST_LAYERS).round().astype(int)
        names = [names[place] for place in places]
    return {name: layers[name] for name in names}


def _maps(values: Tensor) -> Maps:
    """The maps of the one image as an array of their own."""
    return _array(values[0])


def _vector(logits: Tensor) -> npt.NDArray[np.float32]:
    return _array(logits.reshape(-1))


def _array(values: Tensor) -> npt.NDArray[np.float32]:
    copied: npt.NDArray[np.float32] = np.array(values.detach().float().numpy(), dtype=np.float32, order="C")
    return copied
