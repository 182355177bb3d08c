"""Provide vectors of float lanes in numba functions: arithmetic on 8, 16 or 32 numbers at a time.

numba's automatic vectoriser unrolls short rows and then scatters them one by one, and does not
vectorise a count with a maximum and a minimum; with explicit lanes (LLVM vectors, on any processor)
the renderer and the neighbour search are three times faster. Inside an ``njit`` function lanes and
numbers can be mixed in ``+ - *``; the functions below provide the other operations.
"""
# ruff: noqa: ANN001, ANN201, ANN202, ANN401 (numba and LLVM objects have no useful types)

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

_FAST = ("fast",)
_INT = ir.IntType(32)
_FLOATS = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}


class Lanes(types.Type):
    """Type of a vector of ``width`` numbers of type ``number``."""

    def __init__(self, number: types.Float, width: int) -> None:
        self.number = number
        self.width = width
        self.llvm = ir.VectorType(_FLOATS[number], width)
        super().__init__(name=f"Lanes({number}, {width})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    """Lanes live in vector registers."""

    def __init__(self, dmm: Any, fe_type: Lanes) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)


def _shuffle(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, lanes: list[int]) -> ir.Value:
    """Pick lanes from the concatenation of ``a`` and ``b``."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_INT, len(lanes)), lanes))


def _spread(builder: ir.IRBuilder, value: ir.Value, lanes: Lanes) -> ir.Value:
    """Copy one number into all lanes."""
    empty = ir.Constant(lanes.llvm, ir.Undefined)
    first = builder.insert_element(empty, value, _INT(0))
    return _shuffle(builder, first, empty, [0] * lanes.width)


def _place(context: Any, builder: ir.IRBuilder, signature: Any, values: list) -> ir.Value:
    """Point to the lanes that start at ``array[index]``, the first two arguments."""
    array = context.make_array(signature.args[0])(context, builder, values[0])
    return builder.bitcast(
        builder.gep(array.data, [values[1]]), signature.args[2].llvm.as_pointer()
    )


def _of_lanes(emit: Callable) -> Callable:
    """Make the code of an operation of two lanes, or of lanes and a number."""

    def generate(context, builder, signature, values):
        lanes = signature.return_type
        operands = [
            value if isinstance(kind, Lanes) else _spread(builder, value, lanes)
            for kind, value in zip(signature.args, values, strict=True)
        ]
        return emit(builder, *operands)

    return generate


def _binary(emit: Callable) -> Callable:
    """Make a function of two lanes, or of lanes and a number."""

    @intrinsic
    def operation(typing, a, b):
        lanes = a if isinstance(a, Lanes) else b
        kinds = [kind if isinstance(kind, Lanes) else lanes.number for kind in (a, b)]
        return lanes(*kinds), _of_lanes(emit)

    return operation


larger = _binary(lambda b, p, q: b.select(b.fcmp_ordered(">", p, q, flags=_FAST), p, q))
smaller = _binary(lambda b, p, q: b.select(b.fcmp_ordered("<", p, q, flags=_FAST), p, q))


def _operator(symbol: Callable, emit: Callable) -> None:
    """Let ``+``, ``-`` or ``*`` take lanes; an overload would be compiled for each use."""

    @type_callable(symbol)
    def type_operator(context):
        def typer(a, b):
            lanes = next((kind for kind in (a, b) if isinstance(kind, Lanes)), None)
            if lanes is None:
                return None
            return lanes(*(kind if isinstance(kind, Lanes) else lanes.number for kind in (a, b)))

        return typer

    for kinds in ((Lanes, Lanes), (Lanes, types.Float), (types.Float, Lanes)):
        lower_builtin(symbol, *kinds)(_of_lanes(emit))


_operator(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=_FAST))
_operator(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=_FAST))
_operator(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=_FAST))
_operator(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))


def _function(name: str) -> Callable:
    """Make a function of each lane."""

    @intrinsic
    def function(typing, lanes):
        def generate(context, builder, signature, values):
            kind = ir.FunctionType(lanes.llvm, [lanes.llvm])
            full = f"llvm.{name}.v{lanes.width}f{lanes.number.bitwidth}"
            return builder.call(cgutils.get_or_insert_function(builder.module, kind, full), values)

        return lanes(lanes), generate

    return function


floor, ceil, root = (_function(name) for name in ("floor", "ceil", "sqrt"))


@type_callable(len)
def _type_length(context):
    """Let ``len`` count the lanes."""
    return lambda lanes: types.intp if isinstance(lanes, Lanes) else None


@lower_builtin(len, Lanes)
def _length(context, builder, signature, values):
    return context.get_constant(types.intp, signature.args[0].width)


@intrinsic(prefer_literal=True)
def ramp(typing, width):
    """Return float32 lanes 0, 1, 2, ... ``width`` - 1; ``width`` is a literal."""
    lanes = Lanes(types.float32, width.literal_value)

    def generate(context, builder, signature, values):
        return ir.Constant(lanes.llvm, [float(lane) for lane in range(lanes.width)])

    return lanes(types.literal(width.literal_value)), generate


@intrinsic(prefer_literal=True)
def repeated(typing, value, width):
    """Return one float in ``width`` lanes; ``width`` is a literal."""
    number = value if value in _FLOATS else types.float64
    lanes = Lanes(number, width.literal_value)

    def generate(context, builder, signature, values):
        return _spread(builder, values[0], lanes)

    return lanes(number, types.literal(width.literal_value)), generate


@intrinsic
def load(typing, array, index, like):
    """Return as many numbers as ``like`` has lanes, from the flat ``array`` at ``index``."""

    def generate(context, builder, signature, values):
        place = _place(context, builder, signature, values)
        return builder.load(place, align=like.number.bitwidth // 8)

    return like(array, types.intp, like), generate


@intrinsic
def store(typing, array, index, lanes):
    """Write lanes into the flat ``array`` at ``index``."""

    def generate(context, builder, signature, values):
        place = _place(context, builder, signature, values)
        builder.store(values[2], place, align=lanes.number.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def moved(typing, lanes, first):
    """Move every lane of each eight one up, with the lane of ``first`` in the lowest."""

    def generate(context, builder, signature, values):
        order = [lane - 1 if lane % 8 else lanes.width + lane for lane in range(lanes.width)]
        return _shuffle(builder, *values, order)

    return lanes(lanes, lanes), generate


@intrinsic
def joined(typing, a, b):
    """Return lanes of ``a`` followed by those of ``b``."""

    def generate(context, builder, signature, values):
        return _shuffle(builder, *values, list(range(2 * a.width)))

    return Lanes(a.number, 2 * a.width)(a, a), generate


@intrinsic
def folded(typing, lanes):
    """Add the second half of the lanes to the first; half as many."""
    half = Lanes(lanes.number, lanes.width // 2)

    def generate(context, builder, signature, values):
        order = list(range(lanes.width))
        low = _shuffle(builder, values[0], values[0], order[: half.width])
        high = _shuffle(builder, values[0], values[0], order[half.width :])
        return builder.fadd(low, high, flags=_FAST)

    return half(lanes), generate


@intrinsic
def doubled(typing, lanes):
    """Return the first eight of sixteen lanes twice."""

    def generate(context, builder, signature, values):
        return _shuffle(builder, values[0], values[0], 2 * list(range(8)))

    return lanes(lanes), generate


@intrinsic(prefer_literal=True)
def in_eights(typing, lanes, lane):
    """Return a lane of sixteen eight times, and the next one eight times; it is a literal."""

    def generate(context, builder, signature, values):
        first = lane.literal_value
        return _shuffle(builder, values[0], values[0], 8 * [first] + 8 * [first + 1])

    return lanes(lanes, types.literal(lane.literal_value)), generate


@intrinsic
def interleaved(typing, a, b):
    """Return lanes of ``a`` and ``b`` in turn, twice as many."""

    def generate(context, builder, signature, values):
        order = [lane for i in range(a.width) for lane in (i, a.width + i)]
        return _shuffle(builder, *values, order)

    return Lanes(a.number, 2 * a.width)(a, a), generate


@intrinsic
def kept(typing, lanes, key, limit, other):
    """Return lanes whose ``key`` is at most ``limit``; the number ``other`` elsewhere."""

    def generate(context, builder, signature, values):
        values = [*values]
        for place in (2, 3):
            if not isinstance(signature.args[place], Lanes):
                values[place] = _spread(builder, values[place], lanes)
        inside = builder.fcmp_ordered("<=", values[1], values[2], flags=_FAST)
        return builder.select(inside, values[0], values[3])

    kinds = [kind if isinstance(kind, Lanes) else lanes.number for kind in (limit, other)]
    return lanes(lanes, lanes, *kinds), generate


@intrinsic
def within(typing, lanes, limit):
    """Count the lanes that are at most the number ``limit``."""

    def generate(context, builder, signature, values):
        return builder.ctpop(_marks(builder, *values, lanes))

    return types.int64(lanes, lanes.number), generate


@intrinsic
def marks(typing, lanes, limit):
    """Return one bit for each lane, the first lane's lowest: 1 if at most the number ``limit``."""

    def generate(context, builder, signature, values):
        return _marks(builder, *values, lanes)

    return types.int64(lanes, lanes.number), generate


def _marks(builder: ir.IRBuilder, value: ir.Value, limit: ir.Value, lanes: Lanes) -> ir.Value:
    """Compare lanes with a number; one bit for each in an integer."""
    inside = builder.fcmp_ordered("<=", value, _spread(builder, limit, lanes), flags=_FAST)
    return builder.zext(builder.bitcast(inside, ir.IntType(lanes.width)), ir.IntType(64))


def _reduction(name: str, start: tuple[float, ...]) -> Callable:
    """Make a reduction of all lanes to one number."""

    @intrinsic
    def reduce(typing, lanes):
        number = lanes.llvm.element

        def generate(context, builder, signature, values):
            arguments = [*map(number, start), values[0]]
            kind = ir.FunctionType(number, [value.type for value in arguments])
            suffix = f"v{lanes.width}f{lanes.number.bitwidth}"
            function = f"llvm.vector.reduce.{name}.{suffix}"
            function = cgutils.get_or_insert_function(builder.module, kind, function)
            return builder.call(function, arguments, fastmath=_FAST)

        return lanes.number(lanes), generate

    return reduce


total = _reduction("fadd", (0.0,))
largest = _reduction("fmax", ())
smallest = _reduction("fmin", ())
