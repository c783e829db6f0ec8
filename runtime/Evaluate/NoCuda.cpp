//===- NoCuda.cpp - a build without CUDA kernels ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/HybridKernels.h"
#include "runtime/Evaluate/LossKernels.h"
#include "runtime/Evaluate/TrainKernels.h"
#include "xlstm/Runtime/Evaluate/DeviceGraph.h"

const xlstm::evaluate::HybridKernels *xlstm::evaluate::cudaHybridKernels() { return nullptr; }
const xlstm::evaluate::LossKernels *xlstm::evaluate::cudaLossKernels() { return nullptr; }
const xlstm::evaluate::TrainKernels *xlstm::evaluate::cudaTrainKernels() { return nullptr; }

std::unique_ptr<xlstm::DeviceGraph> xlstm::DeviceGraph::record(c10::Device, const std::function<void()> &) {
  return nullptr;
}
bool xlstm::DeviceGraph::isRecording() { return false; }
