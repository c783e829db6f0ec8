//===- ONNX.td - umbrella of the onnx dialect -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ONNX_TD
#define ONNX_TD

include "dialects/ONNX/ONNXGraphOps.td"
include "dialects/ONNX/ONNXNodeOps.td"

#endif // ONNX_TD
