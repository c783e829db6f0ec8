//===- Types.h - the types in which a run holds and computes --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every value is held in the type that the IR shows for it. An op gets its operands widened to float32, and each of its
// results is rounded once. No op function chooses a type: Frame's take() and set() ask here.

#ifndef XLSTM_RUNTIME_EVALUATE_TYPES_H
#define XLSTM_RUNTIME_EVALUATE_TYPES_H

#include "xlstm/Support/DType.h"

#include "mlir/IR/Operation.h"

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace xlstm::evaluate {

/// The element type of safetensors; throws Error for a type that has none.
DType toDType(mlir::Type type);

/// The type of a float that the IR shows as `shown`, in a run with EvalOptions::type `run`.
at::ScalarType heldAs(DType shown, at::ScalarType run);

/// The same for a value; none for a weight that stays as the caller holds it. Training holds weights in float32
/// whatever their storage type: only where an op's activations are narrower than float32 its weights are rounded to
/// what `lm.param` shows.
std::optional<at::ScalarType> heldAs(mlir::Value value, at::ScalarType run);

/// The type in which an op gets its operands: float32, or float64 where its activations are. On CUDA operands of one
/// narrow type stay narrow where ATen's kernels sum in float32 and round once: products, attention, sums of two.
at::ScalarType computedAs(mlir::Operation &op, at::ScalarType run, c10::Device device);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_TYPES_H
