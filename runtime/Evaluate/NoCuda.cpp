//===- NoCuda.cpp - a build without CUDA kernels ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/HybridKernels.h"

const xlstm::evaluate::HybridKernels *xlstm::evaluate::cudaHybridKernels() { return nullptr; }
