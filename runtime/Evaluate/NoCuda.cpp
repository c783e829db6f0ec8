//===- NoCuda.cpp - a build without CUDA kernels ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/CudaKernels.h"

const xlstm::evaluate::CudaKernels *xlstm::evaluate::cudaKernels() { return nullptr; }
