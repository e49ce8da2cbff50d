"""Prefetch instructions: hints to the processor that do not affect results."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_READ, _KEEP, _DATA = 0, 3, 1


@intrinsic
def prefetch_row(_context, array, row):
    """Prefetch the first cache line of a row of a two-dimensional array."""

    def generate(context, builder, signature, arguments):
        of_type = signature.args[0]
        rows = context.make_array(of_type)(context, builder, arguments[0])
        first = context.get_constant(types.intp, 0)
        pointer = cgutils.get_item_pointer(context, builder, of_type, rows, [arguments[1], first], wraparound=False)
        byte, word = ir.PointerType(ir.IntType(8)), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        hint = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(hint, [builder.bitcast(pointer, byte), *(word(number) for number in (_READ, _KEEP, _DATA))])
        return context.get_dummy_value()

    return types.void(array, row), generate
